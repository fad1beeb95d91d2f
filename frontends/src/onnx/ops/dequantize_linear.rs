//! `DequantizeLinear`: of a constant, integers with their scale; after QuantizeLinear, a quantised
//! activation.

use super::affine::{self, Affine};
use super::{activation, whole};
use crate::onnx::call::Call;
use crate::onnx::constant::{Constant, Data, Quant};
use crate::onnx::dims;
use crate::onnx::importer::Importer;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::{Refusal, refuse_with};
use crate::onnx::value::{Layer, Value};
use snnc_ir::diag::Code;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::weights::Scale;

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
    activation(im, call, x, scale, &zero)
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
    let data = match &constant.data {
        // Nothing to take off: the integers as they are, shared.
        data @ (Data::I8(_) | Data::I32(_)) if zero.iter().all(|z| *z == 0) => data.clone(),
        _ => {
            let values: Vec<i64> = constant.integers()?.iter().enumerate().map(shift).collect();
            Data::pack(&values).unwrap_or(Data::I64(values.into()))
        }
    };
    let scale = match scale[..] {
        [one] => Scale::PerTensor(one),
        _ => Scale::PerChannel(scale),
    };
    let quant = Some(Quant { scale, axis });
    Ok(Constant { dims: constant.dims.clone(), ty: DataType::Float, data, quant })
}

/// Levels of a quantised layer, or a layer of integers.
fn activation<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    name: &'m str,
    scale: Vec<f32>,
    zero: &[i64],
) -> Result<(), Refusal> {
    let zero = match zero {
        [] => 0,
        [first, rest @ ..] if rest.iter().all(|z| z == first) => *first,
        _ => return Err(call.form("the zero points of an activation differ from channel to channel")),
    };
    let (layer, own, known) = match im.get(name).cloned() {
        Some(Value::Quantised(quantised)) => {
            let own = match quantised.channels.as_slice() {
                [] => vec![quantised.scale],
                channels => channels.to_vec(),
            };
            let point = i64::from(quantised.zero_point);
            (activation::dequantise(im, call, name, quantised)?, own, point)
        }
        Some(Value::Layer(layer))
            if layer.ty != DataType::Float && whole::is_whole(&im.graph, layer.node) =>
        {
            (Layer { ty: DataType::Float, ..layer }, vec![1.0], 0)
        }
        _ => {
            return Err(refuse_with(
                Code::UnsupportedAttribute,
                format!("DequantizeLinear of '{name}', which no QuantizeLinear gives"),
                "quantise in the QDQ format (QuantFormat.QDQ in ONNX Runtime)",
            ));
        }
    };
    if scale == own && zero == known {
        im.define(call.output(0), Value::Layer(layer));
        return Ok(());
    }
    // The levels mean something else here: what they meant before, times a factor and moved.
    let channels = layer.features().first().copied().unwrap_or(1);
    let axis = dims::axis(call.attributes.int("axis", 1)?, layer.dims.len().max(1))?;
    let fits = |n: usize| n == 1 || (n == channels && axis == layer.lead);
    if !fits(scale.len()) || !fits(own.len()) {
        return Err(call.shape("its scale is neither one nor one per channel"));
    }
    let at = |v: &[f32], c: usize| f64::from(v.get(if v.len() == 1 { 0 } else { c }).copied().unwrap_or(1.0));
    let count = scale.len().max(own.len());
    let factor = (0..count).map(|c| at(&scale, c) / at(&own, c)).collect();
    let offset: Vec<f64> = (0..count).map(|c| at(&scale, c) * (known - zero) as f64).collect();
    let offset = match offset.as_slice() {
        [one] => Param::Scalar(*one),
        _ => Param::PerChannel(offset),
    };
    let alone = im.read_once(name);
    affine::apply(im, call, &layer, alone, &Affine { factor, offset })?;
    Ok(())
}
