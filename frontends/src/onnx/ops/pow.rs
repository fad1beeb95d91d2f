//! `Pow` with exponent 1, which sum pooling is exported with.

use super::identity;
use crate::onnx::call::Call;
use crate::onnx::constant::Constant;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let exponent = call.required(1)?;
    if !im.is_constant(exponent) || im.is_constant(call.required(0)?) {
        return Err(call.unsupported());
    }
    let exponent = im.constant(exponent)?;
    let value = match exponent.integers() {
        Ok(values) => Constant::single(&values, "an exponent")? as f32,
        Err(_) => Constant::single(&exponent.reals()?, "an exponent")?,
    };
    if value == 1.0 { identity::import(im, call) } else { Err(call.unsupported()) }
}
