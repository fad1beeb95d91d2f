//! `Abs`, only where it is multiplied by the sign again (`LPPool` as exporters write it).

use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::{Part, Value};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let layer = im.layer(call.required(0)?)?;
    im.define(call.output(0), Value::Part(layer, Part::Magnitude, vec![call.name.clone()]));
    Ok(())
}
