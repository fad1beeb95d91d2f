//! Refusals: collected while nodes are read, grouped and counted at the end.

use snnc_ir::diag::{Code, Diagnostic, Diagnostics, Location};
use std::collections::BTreeMap;

/// Why a node is refused; where it stands is added by the importer.
pub(crate) type Refusal = Box<Diagnostic>;

/// A refusal with a code and a sentence.
pub(crate) fn refuse(code: Code, message: impl Into<String>) -> Refusal {
    Box::new(Diagnostic::new(code, message))
}

/// A refusal that says what to change.
pub(crate) fn refuse_with(code: Code, message: impl Into<String>, remedy: impl Into<String>) -> Refusal {
    Box::new(Diagnostic::new(code, message).remedy(remedy))
}

/// Names listed in a group of refusals.
const NAMED: usize = 3;

/// All refusals of one import.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    /// Those of one node each, with the node's place.
    found: Vec<(Diagnostic, Location)>,
    /// Those of the model as a whole.
    whole: Diagnostics,
}

impl Refusals {
    /// A node is refused.
    pub(crate) fn node(&mut self, refusal: Refusal, at: Location) {
        self.found.push((*refusal, at));
    }

    /// The model is refused.
    pub(crate) fn model(&mut self, refusal: Refusal) {
        self.whole.push(*refusal);
    }

    /// Whether nothing was refused.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were found so far.
    pub(crate) fn len(&self) -> usize {
        self.found.len() + self.whole.len()
    }

    /// The diagnostics: the model's first, then one for each distinct refusal in the order of its first
    /// node, with the number of nodes and the first names.
    pub(crate) fn into_diagnostics(self) -> Diagnostics {
        let mut groups: Vec<(Diagnostic, Vec<Location>)> = Vec::new();
        let mut index: BTreeMap<(Code, String), usize> = BTreeMap::new();
        for (diagnostic, at) in self.found {
            let key = (diagnostic.code, diagnostic.message.clone());
            let position = *index.entry(key).or_insert(groups.len());
            match groups.get_mut(position) {
                Some((_, places)) => places.push(at),
                None => groups.push((diagnostic, vec![at])),
            }
        }
        let mut out = self.whole;
        out.extend(groups.into_iter().map(|(diagnostic, places)| grouped(diagnostic, places)));
        for diagnostic in &mut out {
            if diagnostic.remedy.is_none() {
                diagnostic.remedy = remedy(diagnostic.code).map(str::to_owned);
            }
        }
        out
    }
}

/// What helps against any refusal with that code, where it did not say something better.
fn remedy(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::BadGraph => "onnx.checker.check_model(model) says more; export the model again",
        Code::BadShape => {
            "onnx.shape_inference.infer_shapes(model, strict_mode=True) names the shapes; export with batch size 1 and \
             fixed shapes"
        }
        Code::ExternalData => "keep the files of external data in the folder of the model",
        Code::StateNotPaired => {
            "pair each state input with its output in the metadata `snnc.states` (docs/ai.snnc.md)"
        }
        Code::UnsupportedAttribute => {
            "export the layer in a form that is read: `snnc explain E0102` has them"
        }
        Code::UnsupportedType => {
            "store activations and biases as float32, weights as float32 or integers of up to 8 bits"
        }
        Code::UnsupportedOperator => "`snnc ops` lists what is supported",
        _ => return None,
    })
}

fn grouped(mut diagnostic: Diagnostic, places: Vec<Location>) -> Diagnostic {
    let count = places.len();
    if count > 1 {
        let names: Vec<&str> = places.iter().take(NAMED).map(|p| p.node.as_str()).collect();
        let more = if count > NAMED { ", ..." } else { "" };
        diagnostic.message = format!("{} ({count} nodes: {}{more})", diagnostic.message, names.join(", "));
    }
    diagnostic.at = places.into_iter().next();
    diagnostic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_refusals_are_counted() {
        let mut all = Refusals::default();
        for name in ["a", "b", "c", "d"] {
            all.node(refuse(Code::UnsupportedOperator, "no Relu"), Location::node(name));
        }
        all.node(refuse(Code::BadShape, "bad"), Location::node("e"));
        all.model(refuse(Code::NoSpikingNeuron, "none"));
        let texts: Vec<String> = all.into_diagnostics().iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            ["E0203: none", "E0101: no Relu (4 nodes: a, b, c, ...) (node 'a')", "E0104: bad (node 'e')"]
        );
    }
}
