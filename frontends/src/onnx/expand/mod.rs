//! What is rewritten before the importer reads a model: calls of functions, roundings that are written out,
//! changes in whole units, and the forms of quantised operators that are not QuantizeLinear and DequantizeLinear.
//!
//! Every part works on the decoded message and says what the file says in operators of ONNX. What a part
//! cannot rewrite it leaves as it is: the importer then names it together with everything else.

mod changes;
mod functions;
mod names;
mod quantised;
mod rounding;
mod values;

use super::file::Model;
use super::proto::tensor_proto::DataType;
use super::proto::{NodeProto, TensorProto};
use super::refusal::Refusal;

/// The model with everything rewritten; `None` when there is nothing to rewrite.
///
/// # Errors
/// When functions call themselves, or expand to more than is allowed; when a Floor behind changes is no unit of them.
pub(crate) fn expand(model: &Model) -> Result<Option<Model>, Refusal> {
    let calls = functions::has_calls(model.proto());
    let changes = changes::is_needed(model)?;
    let rounds = model.graph().is_some_and(|g| rounding::is_needed(&g.node));
    if !calls && !changes && !rounds && !quantised::is_needed(model) {
        return Ok(None);
    }
    let mut expanded = model.clone();
    if calls {
        functions::inline(&mut expanded.proto)?;
    }
    // A function may hold a neuron with what is behind it.
    let changes = changes::rewrite(&mut expanded)?;
    let rounds = rounding::rewrite(&mut expanded);
    let quantised = quantised::rewrite(&mut expanded);
    Ok((calls || changes || rounds || quantised).then_some(expanded))
}

/// Whether an operator is a quantiser of QONNX, which is read by its name.
fn is_quantiser(node: &NodeProto) -> bool {
    ["qonnx.custom_op.general", "onnx.brevitas"].contains(&node.domain.as_str())
        && ["Quant", "BipolarQuant", "FloatQuant", "Trunc"].contains(&node.op_type.as_str())
}

/// Adds an initialiser; gives its name.
fn stored(made: &mut Vec<TensorProto>, name: String, ty: DataType, dims: &[i64], raw: Vec<u8>) -> String {
    made.push(TensorProto {
        name: name.clone(),
        data_type: ty as i32,
        dims: dims.to_vec(),
        raw_data: raw.into(),
        ..TensorProto::default()
    });
    name
}
