//! `Div` of a layer by a constant per channel.

use super::affine::{self, Affine};
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let (x, divisor) = (call.required(0)?, call.required(1)?);
    if im.is_constant(x) || !im.is_constant(divisor) {
        return Err(call.unsupported());
    }
    let layer = im.layer(x)?;
    let factor: Vec<f64> = affine::per_channel(im, call, divisor, &layer)?.iter().map(|d| 1.0 / d).collect();
    if !factor.iter().all(|f| f.is_finite()) {
        return Err(call.form("a divisor is zero"));
    }
    let alone = im.read_once(x);
    affine::apply(im, call, &layer, alone, &Affine::scale(factor))?;
    Ok(())
}
