//! `MatMul` by a constant matrix: a linear layer without bias; an `Add` after it becomes the bias.

use crate::onnx::call::Call;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;
use crate::onnx::weights;
use snnc_ir::graph::op::{Linear, Op};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let (a, b) = (call.required(0)?, call.required(1)?);
    if im.is_constant(a) && !im.is_constant(b) {
        return matrix_first(im, call, a, b);
    }
    let ty = im.layer(a)?.ty;
    product(im, call, ty)
}

/// A matrix times a vector.
fn matrix_first<'m>(im: &mut Importer<'m>, call: &Call<'m>, w: &'m str, x: &'m str) -> Result<(), Refusal> {
    let x = im.layer(x)?;
    if x.dims.len() != 1 {
        let message =
            format!("a constant matrix is multiplied by a layer of shape {:?}, not by a vector", x.dims);
        return Err(call.form(message));
    }
    let (weights, outputs, inputs) = weights::matrix(im, call, w, true, 1.0)?;
    let op = Op::Linear(Linear { weights, outputs, inputs, bias: None });
    im.emit(call, op, &[&x], Features::Flat, x.ty)?;
    Ok(())
}

/// A product with a constant matrix that gives out values of a type.
pub(super) fn product<'m>(im: &mut Importer<'m>, call: &Call<'m>, ty: DataType) -> Result<(), Refusal> {
    let mut x = im.layer(call.required(0)?)?;
    // A step that was cut out of a sequence keeps an axis of one step in front of its features.
    if let Some((_, outer)) = x.features().split_last()
        && outer.iter().all(|d| *d == 1)
    {
        x.lead += outer.len();
    }
    let [_] = x.features() else {
        let message = format!("it multiplies the last axis of features of shape {:?} only", x.features());
        return Err(call.form(message));
    };
    let (weights, outputs, inputs) = weights::matrix(im, call, call.required(1)?, false, 1.0)?;
    let op = Op::Linear(Linear { weights, outputs, inputs, bias: None });
    im.emit(call, op, &[&x], Features::Flat, ty)?;
    Ok(())
}
