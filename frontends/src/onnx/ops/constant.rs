//! `Constant`.

use crate::onnx::call::Call;
use crate::onnx::constant::{Constant, Data};
use crate::onnx::importer::Importer;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let attributes = &call.attributes;
    let plain = |dims: Vec<usize>, ty, data| Constant { dims, ty, data, quant: None };
    let constant = if let Some(tensor) = attributes.tensor("value")? {
        im.decode(tensor)?
    } else if attributes.has("value_float") {
        plain(vec![], DataType::Float, Data::F32([attributes.float("value_float", 0.0)?].into()))
    } else if attributes.has("value_int") {
        plain(vec![], DataType::Int64, Data::I64([attributes.int("value_int", 0)?].into()))
    } else if let Some(values) = attributes.floats("value_floats")? {
        plain(vec![values.len()], DataType::Float, Data::F32(values.into()))
    } else if let Some(values) = attributes.ints("value_ints")? {
        plain(vec![values.len()], DataType::Int64, Data::I64(values.into()))
    } else {
        return Err(call.form("only tensors, numbers and lists of numbers are supported"));
    };
    im.fold(call, constant)
}
