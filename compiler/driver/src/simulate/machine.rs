//! What runs a network step by step.

use snnc_ir::graph::NodeId;
use snnc_ir::sim::{Counts, SimError, Simulator, Values};

/// Something that runs a network step by step: the interpreter, or a mapped network core by core.
///
/// Nodes are those of the graph whose samples are run.
pub trait Machine: Send + Sized {
    /// Another machine of the same network in its initial state, for another thread.
    #[must_use]
    fn fork(&self) -> Self;

    /// Back to the initial state.
    fn reset(&mut self);

    /// Calculates one step from the values of the inputs.
    ///
    /// # Errors
    /// When the inputs do not fit the network.
    fn step(&mut self, inputs: &[Values]) -> Result<(), SimError>;

    /// What a node gave out in the last step.
    fn value(&self, id: NodeId) -> Values;

    /// What a node did in the last step.
    fn counts(&self, id: NodeId) -> Counts;
}

impl Machine for Simulator<'_> {
    fn fork(&self) -> Self {
        Self::fork(self)
    }

    fn reset(&mut self) {
        Self::reset(self);
    }

    fn step(&mut self, inputs: &[Values]) -> Result<(), SimError> {
        Self::step(self, inputs)
    }

    fn value(&self, id: NodeId) -> Values {
        Self::value(self, id)
    }

    fn counts(&self, id: NodeId) -> Counts {
        Self::counts(self, id)
    }
}
