//! `MatMulInteger` of an integer network, without zero points.

use super::matmul;
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;
use snnc_ir::graph::Number;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    check(im, call)?;
    matmul::product(im, call, DataType::Int32)
}

/// An integer network, and zero points that are zero.
pub(super) fn check<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    if im.graph.number != Number::Integer {
        return Err(call.unsupported());
    }
    for zero in [2, 3].into_iter().filter_map(|k| call.input(k)) {
        if im.constant(zero)?.integers()?.iter().any(|v| *v != 0) {
            return Err(call.form("a zero point other than 0 is not supported"));
        }
    }
    Ok(())
}
