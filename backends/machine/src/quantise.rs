//! What a back end offers before it can map networks: its integers.

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::Graph;

/// An integer network with the loss that its quantisation brought.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisedGraph {
    /// The integer graph.
    pub graph: Graph,
    /// Warnings, one per layer that lost something.
    pub warnings: Vec<Diagnostic>,
    /// One line per layer for the log, in graph order.
    pub notes: Vec<String>,
}

/// What folding does with average pooling before a network becomes integers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Averages {
    /// The divisor moves into the weights behind, or the pool becomes a convolution.
    #[default]
    Folded,
    /// They stay: the back end has its own rule for them.
    Kept,
}

/// A chip's integers.
pub trait Quantise {
    /// The form in which the back end takes average pooling.
    fn averages(&self) -> Averages {
        Averages::default()
    }

    /// A verified real graph in the chip's integers; an integer graph is checked and kept.
    ///
    /// # Errors
    /// Every layer without an integer form.
    fn quantise(&self, graph: &Graph) -> Result<QuantisedGraph, Vec<Diagnostic>>;
}
