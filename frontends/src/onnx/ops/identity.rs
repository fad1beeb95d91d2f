//! `Identity`.

use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::Value;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let name = call.required(0)?;
    match im.get(name).cloned() {
        Some(Value::Layer(layer)) => im.alias(call, layer),
        Some(Value::Clamped(_) | Value::Part(..)) | None => return Err(call.unsupported()),
        Some(value) => im.define(call.output(0), value),
    }
    Ok(())
}
