//! `MatMul` by a constant matrix: a linear layer without bias; an `Add` after it becomes the bias.

use crate::onnx::call::Call;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;
use crate::onnx::weights;
use snnc_ir::graph::op::{Linear, Op};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let ty = im.layer(call.required(0)?)?.ty;
    product(im, call, ty)
}

/// A product with a constant matrix that gives out values of a type.
pub(super) fn product<'m>(im: &mut Importer<'m>, call: &Call<'m>, ty: DataType) -> Result<(), Refusal> {
    let x = im.layer(call.required(0)?)?;
    let [_] = x.features() else {
        let message = format!("it multiplies the last axis of features of shape {:?} only", x.features());
        return Err(call.form(message));
    };
    let (weights, outputs, inputs) = weights::matrix(im, call, call.required(1)?, false, 1.0)?;
    let op = Op::Linear(Linear { weights, outputs, inputs, bias: None });
    im.emit(call, op, &[&x], Features::Flat, ty)?;
    Ok(())
}
