//! `ConvInteger` of an integer network, without zero points.

use super::{conv, matmul_integer};
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    matmul_integer::check(im, call)?;
    conv::convolution(im, call, None, DataType::Int32)
}
