//! `Relu`, only where a quantiser follows: the pair of both is a quantised activation. The Relu of a
//! magnitude is that magnitude.

use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::{Part, Value};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let name = call.required(0)?;
    let value = match im.get(name).cloned() {
        Some(Value::Part(layer, Part::Magnitude, mut origin)) => {
            origin.push(call.name.clone());
            Value::Part(layer, Part::Magnitude, origin)
        }
        _ => Value::Rectified(im.layer(name)?, call.name.clone()),
    };
    im.define(call.output(0), value);
    Ok(())
}

/// Whether what comes in is a magnitude, or every reader is a QuantizeLinear.
pub(super) fn is_supported(im: &Importer<'_>, call: &Call<'_>) -> bool {
    let Some(output) = call.output(0) else { return false };
    let readers = im.readers(output);
    let all = |op: &str| readers.iter().all(|k| im.source.node.get(*k).is_some_and(|n| n.op_type == op));
    match call.input(0).and_then(|x| im.get(x)) {
        Some(Value::Part(_, Part::Magnitude, _)) => true,
        // Of what was refused before it is not known whether it is a magnitude.
        Some(Value::Refused) if !readers.is_empty() && all("Mul") => true,
        _ => !readers.is_empty() && all("QuantizeLinear") && !im.is_result(output),
    }
}
