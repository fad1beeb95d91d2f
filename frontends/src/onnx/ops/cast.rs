//! `Cast` of a constant, or of whole numbers that stay what they are.

use super::{activation, whole};
use crate::onnx::call::Call;
use crate::onnx::constant::{Constant, Data, Quant};
use crate::onnx::importer::Importer;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;
use crate::onnx::tensor;
use crate::onnx::value::Value;
use snnc_ir::graph::Number;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::weights::Scale;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let code = call.attributes.int("to", 0)?;
    let to = tensor::data_type(i32::try_from(code).unwrap_or(-1))?;
    // Only for float 8.
    call.attributes.ignore("saturate");
    call.attributes.ignore("round_mode");
    let name = call.required(0)?;
    if im.is_constant(name) {
        let constant = im.constant(name)?;
        if to == DataType::Float
            && constant.quant.is_none()
            && matches!(constant.data, Data::I8(_) | Data::I32(_))
        {
            // Still integers: weights keep their width.
            let quant = Some(Quant { scale: Scale::PerTensor(1.0), axis: 0 });
            return im.fold(call, Constant { ty: to, quant, ..constant });
        }
        return match folded(&constant, to) {
            Some(data) => im.fold(call, Constant { data, ty: to, quant: None, dims: constant.dims }),
            None => Err(call.form(format!(
                "a constant of type {} is not cast to {}",
                constant.ty.as_str_name(),
                to.as_str_name()
            ))),
        };
    }
    if let (Some(Value::Quantised(quantised)), DataType::Float) = (im.get(name).cloned(), to) {
        activation::levels(im, call, name, quantised)?;
        return Ok(());
    }
    let mut layer = im.layer(name)?;
    let whole = is_integer(layer.ty)
        || layer.ty == DataType::Bool
        || im.graph.number == Number::Integer
        || (matches!(to, DataType::Int32 | DataType::Int64) && whole::is_whole(&im.graph, layer.node));
    let widens = match to {
        DataType::Float => whole || layer.ty == DataType::Float,
        DataType::Int32 | DataType::Int64 => whole,
        // Spikes are 0 or 1.
        DataType::Int8 | DataType::Uint8 if im.graph.number == Number::Integer => {
            im.graph.nodes.get(layer.node.index()).is_some_and(|n| matches!(n.op, Op::Neuron(_)))
        }
        _ => to == layer.ty,
    };
    if !widens {
        return Err(call.unsupported());
    }
    layer.ty = to;
    im.alias(call, layer);
    Ok(())
}

fn is_integer(ty: DataType) -> bool {
    matches!(
        ty,
        DataType::Int8
            | DataType::Uint8
            | DataType::Int16
            | DataType::Uint16
            | DataType::Int32
            | DataType::Int64
    )
}

/// The elements as another type, when every one of them has a place in it.
fn folded(constant: &Constant, to: DataType) -> Option<Data> {
    if to == constant.ty {
        return Some(constant.data.clone()).filter(|_| constant.quant.is_none());
    }
    let real = matches!(constant.data, Data::F32(_)) || constant.quant.is_some();
    match to {
        DataType::Float if real => Some(match &constant.data {
            Data::F32(values) => Data::F32(values.clone()),
            _ => Data::F32(constant.reals().ok()?.into()),
        }),
        DataType::Float => Some(Data::F32(constant.integers().ok()?.iter().map(|v| *v as f32).collect())),
        _ if is_integer(to) && real => {
            let values = constant.reals().ok()?;
            let in_range = values.iter().all(|v| v.abs() < 9e15);
            let whole: Vec<i64> = values.iter().map(|v| v.trunc() as i64).collect();
            in_range.then(|| narrow(&whole, to))?
        }
        _ if is_integer(to) => narrow(&constant.integers().ok()?, to),
        _ => None,
    }
}

fn narrow(values: &[i64], to: DataType) -> Option<Data> {
    let (lo, hi) = match to {
        DataType::Int8 => (-128, 127),
        DataType::Uint8 => (0, 255),
        DataType::Int16 => (-32768, 32767),
        DataType::Uint16 => (0, 65535),
        DataType::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => return Some(Data::I64(values.into())),
    };
    if values.iter().all(|v| (lo..=hi).contains(v)) { Data::pack(values) } else { None }
}
