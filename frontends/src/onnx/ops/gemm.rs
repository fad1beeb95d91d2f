//! `Gemm`: a linear layer.

use crate::onnx::call::Call;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::Refusal;
use crate::onnx::weights;
use snnc_ir::graph::op::{Linear, Op};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let x = im.layer(call.required(0)?)?;
    if call.attributes.int("transA", 0)? != 0 {
        return Err(call.form("transA=1 is not supported"));
    }
    let [_] = x.features() else {
        return Err(call.shape(format!("an input of shape {:?} is no matrix", x.dims)));
    };
    let transposed = call.attributes.int("transB", 0)? != 0;
    let alpha = call.attributes.float("alpha", 1.0)?;
    let beta = call.attributes.float("beta", 1.0)?;
    let (weights, outputs, inputs) = weights::matrix(im, call, call.required(1)?, transposed, alpha)?;
    let bias = match call.input(2) {
        Some(bias) => weights::scaled(weights::bias(im, bias, &[outputs])?, beta)?,
        None => None,
    };
    im.emit(call, Op::Linear(Linear { weights, outputs, inputs, bias }), &[&x], Features::Flat, x.ty)?;
    Ok(())
}
