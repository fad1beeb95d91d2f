//! `Transpose` of a constant.

use crate::onnx::call::Call;
use crate::onnx::dims;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::Value;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let name = call.required(0)?;
    let perm = call.attributes.ints("perm")?;
    let order = |rank: usize| match perm {
        None => Ok((0..rank).rev().collect::<Vec<_>>()),
        Some(perm) => perm.iter().map(|p| dims::axis(*p, rank)).collect(),
    };
    if im.is_constant(name) {
        let constant = im.constant(name)?;
        let perm = order(constant.dims.len())?;
        return im.fold(call, constant.transposed(&perm)?);
    }
    match im.get(name) {
        Some(Value::Layer(layer)) if order(layer.dims.len())?.is_sorted() => {
            let layer = layer.clone();
            im.alias(call, layer);
            Ok(())
        }
        _ => Err(call.unsupported()),
    }
}
