//! `Sub`: of two layers, of a constant from a layer, or of a layer from a constant.

use super::add;
use super::affine::{self, Affine};
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::{Refusal, refuse};
use crate::onnx::value::Layer;
use snnc_ir::diag::Code;
use snnc_ir::graph::param::Param;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let (a, b) = (call.required(0)?, call.required(1)?);
    match (im.is_constant(a), im.is_constant(b)) {
        (true, true) => Err(refuse(Code::UnsupportedAttribute, "Sub: two constants are not folded")),
        (false, true) => add::constant(im, call, a, b, -1.0),
        (true, false) => {
            let layer = im.layer(b)?;
            let offset = affine::real_param(im, a, &layer)?;
            let alone = im.read_once(b);
            affine::apply(im, call, &layer, alone, &Affine { factor: vec![-1.0], offset })?;
            Ok(())
        }
        (false, false) => {
            let x = im.layer(a)?;
            let negative = negated(im, call, b)?;
            add::layers(im, call, &[&x, &negative])
        }
    }
}

/// A layer with its sign turned.
pub(super) fn negated<'m>(im: &mut Importer<'m>, call: &Call<'m>, name: &'m str) -> Result<Layer, Refusal> {
    let layer = im.layer(name)?;
    let alone = im.read_once(name);
    let turned = Affine { factor: vec![-1.0], offset: Param::Scalar(0.0) };
    affine::apply(im, call, &layer, alone, &turned)
}
