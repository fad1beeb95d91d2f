//! `Relu`, only where a quantiser follows: the pair of both is a quantised activation.

use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::Value;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let layer = im.layer(call.required(0)?)?;
    im.define(call.output(0), Value::Rectified(layer, call.name.clone()));
    Ok(())
}

/// Whether every reader is a QuantizeLinear.
pub(super) fn is_quantised(im: &Importer<'_>, call: &Call<'_>) -> bool {
    let Some(output) = call.output(0) else { return false };
    let readers = im.readers(output);
    let quantises = |k: &usize| im.source.node.get(*k).is_some_and(|n| n.op_type == "QuantizeLinear");
    !readers.is_empty() && readers.iter().all(quantises) && !im.is_result(output)
}
