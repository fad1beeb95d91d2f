//! String attributes repeat what the name says; one that says otherwise is an error.

use super::name::Signature;
use crate::onnx::call::Call;
use crate::onnx::refusal::{Refusal, refuse_with};
use snnc_ir::diag::Code;

const NAMES: [&str; 6] = ["reset", "timing", "compare", "output", "activation", "options"];

/// Compares the attributes that are there with the name.
pub(super) fn check(call: &Call<'_>, signature: &Signature) -> Result<(), Refusal> {
    let fields = signature.fields();
    for name in NAMES {
        let Some(found) = call.attributes.string(name)? else { continue };
        let said = match name {
            "options" => Some(signature.options().join(",")),
            _ => fields.iter().find(|(n, _)| *n == name).map(|(_, token)| (*token).to_owned()),
        };
        let problem = match said {
            Some(said) if said == found => continue,
            Some(said) => format!("disagrees with the name, '{said}'"),
            None => "is none of this family".into(),
        };
        return Err(refuse_with(
            Code::NeuronMismatch,
            format!("the attribute {name}='{found}' of {signature} {problem}"),
            "the name decides: correct the attribute or leave it out",
        ));
    }
    Ok(())
}
