//! `Neg` of a layer.

use super::sub;
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let name = call.required(0)?;
    if im.is_constant(name) {
        return Err(call.unsupported());
    }
    sub::negated(im, call, name)?;
    Ok(())
}
