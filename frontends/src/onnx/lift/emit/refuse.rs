//! Why a value between layers cannot be written.

use super::super::super::refusal::refuse_with;
use super::super::algebra::{Atom, Poly};
use super::super::print;
use super::{Emitter, Stuck};
use snnc_ir::diag::{Code, Location};

impl Emitter<'_, '_> {
    pub(super) fn stuck(&self, node: usize, message: String, remedy: &str) -> Stuck {
        let example = self.algebra.graph.nodes[node].example;
        let at = Location::node(self.algebra.arena.origin_of(example));
        (refuse_with(Code::UnrecognisedNeuron, message, remedy), at)
    }

    /// A node between QuantizeLinear and DequantizeLinear that a value reads.
    pub(super) fn requantised(&self, poly: &Poly) -> Option<usize> {
        poly.atoms().into_iter().find_map(|a| match self.algebra.atom(a) {
            Atom::Value(r) => {
                let node = &self.algebra.graph.nodes[r.node];
                (self.algebra.arena.operator(node.example) == "DequantizeLinear").then_some(r.node)
            }
            Atom::Above { of, .. } | Atom::Counted(of) | Atom::Magnitude(of) => self.requantised(of),
            _ => None,
        })
    }

    /// Whether a value is made with shifts of bits, as lava-dl's integer decays are.
    pub(super) fn shifts(&self, poly: &Poly) -> bool {
        poly.atoms().into_iter().any(|a| match self.algebra.atom(a) {
            Atom::Other(name, of) => name.starts_with("Bit") || of.iter().any(|p| self.shifts(p)),
            Atom::Above { of, .. } | Atom::Truncated(of) => self.shifts(of),
            _ => false,
        })
    }

    pub(super) fn unknown(&self, k: usize, poly: &Poly) -> Stuck {
        if let Some(quantised) = self.requantised(poly) {
            let message = format!(
                "the membrane of a neuron is quantised on the way through its own operators: {}",
                print::value(self.algebra, k)
            );
            let remedy = "quantise the layers only (op_types_to_quantize=['Conv', 'Gemm', 'MatMul']), or export \
                          the neurons as ai.snnc operators, which a quantiser leaves whole";
            return self.stuck(quantised, message, remedy);
        }
        let stateless = match poly.single() {
            Some((atom, _)) => match self.algebra.atom(atom) {
                Atom::Above { of, .. } => !print::reads_states(self.algebra, of),
                _ => false,
            },
            None => false,
        };
        if stateless {
            return (
                refuse_with(
                    Code::HiddenState,
                    format!(
                        "a comparison without a state that a step could hand to the next: {}",
                        print::value(self.algebra, k)
                    ),
                    "export with the state as an input and an output (init_hidden=False in snnTorch), or all \
                     steps of an inference",
                ),
                Location::node(self.algebra.arena.origin_of(self.algebra.graph.nodes[k].example)),
            );
        }
        if self.shifts(poly) {
            let message =
                format!("a neuron in integers with shifted decays: {}", print::value(self.algebra, k));
            let remedy =
                "lava-dl's CUBA is not read from its ONNX export yet; write it as CUBAInt (docs/ai.snnc.md)";
            return self.stuck(k, message, remedy);
        }
        let message = format!("this is no form of neuron that is known: {}", print::value(self.algebra, k));
        self.stuck(k, message, "`snnc explain E0207` lists the forms; an ai.snnc operator is always read")
    }
}
