//! `DequantizeLinear`: of a constant, integers with their scale; after QuantizeLinear, a quantised
//! activation.

use crate::onnx::call::Call;
use crate::onnx::constant::{Constant, Data, Quant};
use crate::onnx::dims;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::{Refusal, refuse_with};
use crate::onnx::value::{Quantised, Value};
use snnc_ir::diag::Code;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::weights::Scale;
use snnc_ir::neuron::{Activation, Model, Neuron, Spec};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    plain(call)?;
    let x = call.required(0)?;
    let scale = im.constant(call.required(1)?)?;
    if scale.ty != DataType::Float {
        return Err(call.form(format!("a scale of type {}", scale.ty.as_str_name())));
    }
    let scale = scale.reals()?;
    let zero = match call.input(2) {
        Some(name) => im.constant(name)?.integers()?,
        None => Vec::new(),
    };
    if im.is_constant(x) {
        let constant = im.constant(x)?;
        let axis = dims::axis(call.attributes.int("axis", 1)?, constant.dims.len().max(1)).unwrap_or(0);
        let folded = folded(call, &constant, scale, &zero, axis)?;
        return im.fold(call, folded);
    }
    call.attributes.ignore("axis");
    match im.get(x).cloned() {
        Some(Value::Quantised(quantised)) => activation(im, call, quantised, &scale, &zero),
        _ => Err(refuse_with(
            Code::UnsupportedAttribute,
            format!("DequantizeLinear of '{x}', which no QuantizeLinear gives"),
            "quantise in the QDQ format (QuantFormat.QDQ in ONNX Runtime)",
        )),
    }
}

/// Refuses what both quantisers do not have here.
pub(super) fn plain(call: &Call<'_>) -> Result<(), Refusal> {
    if call.attributes.int("block_size", 0)? != 0 {
        return Err(call.form("quantisation in blocks is not supported"));
    }
    for (name, allowed) in [("precision", [0, 1]), ("output_dtype", [0, 1])] {
        if call.node.op_type == "DequantizeLinear" && !allowed.contains(&call.attributes.int(name, 0)?) {
            return Err(call.form(format!("{name} other than FLOAT is not supported")));
        }
    }
    call.attributes.ignore("precision");
    Ok(())
}

/// Integers with the zero point taken off, and their scale.
fn folded(
    call: &Call<'_>,
    constant: &Constant,
    scale: Vec<f32>,
    zero: &[i64],
    axis: usize,
) -> Result<Constant, Refusal> {
    let inner = dims::product(constant.dims.get(axis + 1..).unwrap_or_default()).max(1);
    let outer = constant.dims.get(axis).copied().unwrap_or(1).max(1);
    let channels = |n: usize| n == 1 || n == outer;
    if !channels(scale.len()) || !(zero.is_empty() || channels(zero.len())) {
        return Err(call.shape("its scale is neither one nor one per channel"));
    }
    let shift = |(k, v): (usize, &i64)| {
        let at = if zero.len() == 1 { 0 } else { k / inner % outer };
        v.saturating_sub(zero.get(at).copied().unwrap_or(0))
    };
    let values: Vec<i64> = constant.integers()?.iter().enumerate().map(shift).collect();
    let data = Data::pack(&values).unwrap_or(Data::I64(values.into()));
    let scale = match scale[..] {
        [one] => Scale::PerTensor(one),
        _ => Scale::PerChannel(scale),
    };
    let quant = Some(Quant { scale, axis });
    Ok(Constant { dims: constant.dims.clone(), ty: DataType::Float, data, quant })
}

fn activation<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    quantised: Quantised,
    scale: &[f32],
    zero: &[i64],
) -> Result<(), Refusal> {
    let scale = Constant::single(scale, "the scale of an activation")?;
    let zero = if zero.is_empty() { 0 } else { Constant::single(zero, "the zero point of an activation")? };
    if scale != quantised.scale || zero != i64::from(quantised.zero_point) {
        return Err(call.form("its scale and zero point are not those of the QuantizeLinear before it"));
    }
    let model = Model::Activation(Activation {
        scale,
        zero_point: quantised.zero_point,
        lo: quantised.lo,
        hi: quantised.hi,
        relu: quantised.relu,
    });
    let neuron = Op::Neuron(Box::new(Neuron::Real(Spec { model, start: 0 })));
    let source = quantised.source;
    let layer = im.emit(call, neuron, &[&source], Features::Same, DataType::Float)?;
    if let Some(node) = im.graph.nodes.get_mut(layer.node.index()) {
        node.origin.splice(0..0, quantised.origin);
    }
    Ok(())
}
