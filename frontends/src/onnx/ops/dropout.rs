//! `Dropout`, which does nothing in inference.

use super::identity;
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    if let Some(training) = call.input(2)
        && im.constant(training)?.integers()?.iter().any(|v| *v != 0)
    {
        return Err(call.form("training_mode is set: export after model.eval()"));
    }
    for name in ["ratio", "seed", "is_test"] {
        call.attributes.ignore(name);
    }
    identity::import(im, call)
}
