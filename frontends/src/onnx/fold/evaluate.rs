//! Constant evaluation for those outside, on tensors as files have them.

use super::encode::encode;
use super::{fold, is_folded};
use crate::onnx::constant::Constant;
use crate::onnx::file::ExternalData;
use crate::onnx::proto::{NodeProto, TensorProto};
use crate::onnx::refusal::Refusal;
use crate::onnx::tensor;
use snnc_ir::diag::Diagnostics;

/// Evaluates one node on tensors, as the front end does where all inputs of a node are constants.
///
/// `version` is the opset version of the node's domain; an input that is left out is `None`. Gives one
/// tensor for each output of the node, and `None` when the operator is not one that is folded. Elements
/// of DOUBLE are held as `f32`.
///
/// # Errors
/// When a tensor cannot be read, the node is malformed or of a form that is not folded, or the result
/// is too large (`E0006`).
pub fn evaluate(
    node: &NodeProto,
    version: i64,
    inputs: &[Option<TensorProto>],
) -> Option<Result<Vec<TensorProto>, Diagnostics>> {
    is_folded(&node.domain, &node.op_type).then(|| run(node, version, inputs).map_err(|r| vec![*r]))
}

fn run(node: &NodeProto, version: i64, inputs: &[Option<TensorProto>]) -> Result<Vec<TensorProto>, Refusal> {
    let decode = |t: &TensorProto| tensor::decode(t, &ExternalData::default());
    let inputs = inputs.iter().map(|t| t.as_ref().map(decode).transpose());
    let inputs = inputs.collect::<Result<Vec<Option<Constant>>, Refusal>>()?;
    let inputs: Vec<Option<&Constant>> = inputs.iter().map(Option::as_ref).collect();
    let results = fold(node, version, &inputs).unwrap_or_else(|| Ok(Vec::new()))?;
    results.iter().map(encode).collect()
}
