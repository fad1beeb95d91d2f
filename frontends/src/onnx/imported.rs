//! What an import gives.

use super::lift::{Lifted, Readout};
use super::notes;
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_ir::graph::{Graph, NodeId};
use std::collections::BTreeMap;

/// A network and what is known of the file it came from.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The network; it passes the verifier.
    pub graph: Graph,
    /// Operator sets that the model imports, by domain; the default domain is `ai.onnx`.
    pub opset: BTreeMap<String, i64>,
    /// See [`fingerprint`](super::fingerprint).
    pub fingerprint: String,
    /// States that are graph inputs and outputs of the file.
    pub states: Vec<HeldState>,
    /// Neurons that were recognised in other operators, by layer, with the name of their form.
    pub neurons: Vec<(NodeId, &'static str)>,
    /// How the file reads an output over time, where that is not step by step.
    pub readouts: BTreeMap<String, Readout>,
    /// What was understood of the file beside its layers, and what was left out and why that is safe.
    pub notes: Vec<String>,
    /// Warnings.
    pub warnings: Diagnostics,
}

impl Imported {
    /// Adds what is known of a graph whose neurons were recognised.
    pub(super) fn describe(&mut self, lifted: Lifted) {
        self.notes.extend(notes::time(lifted.copies, &lifted.readouts));
        let readouts = lifted.readouts.into_iter().filter(|(_, r)| *r != Readout::Each);
        self.readouts.extend(readouts);
        for reason in lifted.left_out {
            let diagnostic = Diagnostic::new(Code::OutputLeftOut, reason);
            self.warnings.push(diagnostic.remedy("nothing to do, unless this output was meant to be read"));
        }
    }
}

/// Which part of a neuron's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatePart {
    /// The membrane, or the sum of a sigma-delta unit.
    Membrane,
    /// The synaptic current.
    Current,
    /// What a unit has given out so far.
    Reference,
}

/// A state that the file holds as a graph input and output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldState {
    /// Name of the graph input.
    pub input: String,
    /// Name of the graph output.
    pub output: String,
    /// The layer of neurons whose state it is.
    pub layer: NodeId,
    /// The part of the state.
    pub part: StatePart,
}
