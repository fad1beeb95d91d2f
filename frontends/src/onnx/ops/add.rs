//! `Add`: of two layers, or of a constant as the bias of the layer before.

use super::affine::{self, Affine};
use crate::onnx::call::Call;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::{Refusal, refuse};
use crate::onnx::value::{Layer, Value};
use snnc_ir::diag::Code;
use snnc_ir::graph::op::Op;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let (a, b) = (call.required(0)?, call.required(1)?);
    match (im.is_constant(a), im.is_constant(b)) {
        (true, true) => Err(refuse(Code::UnsupportedAttribute, "Add: two constants are not folded")),
        (true, false) => constant(im, call, b, a, 1.0),
        (false, true) => constant(im, call, a, b, 1.0),
        (false, false) => {
            let (x, y) = (im.layer(a)?, im.layer(b)?);
            layers(im, call, &[&x, &y])
        }
    }
}

/// The sum of layers.
pub(super) fn layers<'m>(im: &mut Importer<'m>, call: &Call<'m>, layers: &[&Layer]) -> Result<(), Refusal> {
    let Some((x, rest)) = layers.split_first() else { return Err(call.form("it has no input")) };
    if let Some(y) = rest.iter().find(|y| x.features() != y.features() || x.ty != y.ty) {
        let message = format!("{:?} and {:?}: layers of one shape can be added", x.dims, y.dims);
        return Err(call.shape(message));
    }
    im.emit(call, Op::Add, layers, Features::Same, x.ty)?;
    Ok(())
}

/// A constant times a sign, added to a layer.
pub(super) fn constant<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    x: &'m str,
    constant: &'m str,
    sign: f64,
) -> Result<(), Refusal> {
    if is_zero(im, constant)?
        && let Some(padded @ Value::Padded(..)) = im.get(x).cloned()
    {
        im.define(call.output(0), padded);
        return Ok(());
    }
    let layer = im.layer(x)?;
    let alone = im.read_once(x);
    let offset = affine::real_param(im, constant, &layer)?.map(|o| o * sign);
    affine::apply(im, call, &layer, alone, &Affine::shift(offset))?;
    Ok(())
}

fn is_zero<'m>(im: &mut Importer<'m>, name: &'m str) -> Result<bool, Refusal> {
    let constant = im.constant(name)?;
    Ok(constant.reals().is_ok_and(|v| v.iter().all(|v| *v == 0.0)))
}
