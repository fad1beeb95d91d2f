//! What a network is run on.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::Graph;
use snnc_ir::sim::{SimError, Values};

use crate::sample::Samples;

/// Samples for a network in any of its forms: real, in integers, retimed.
pub trait Stimulus {
    /// Number of samples.
    fn samples(&self) -> usize;

    /// Steps per sample.
    fn steps(&self) -> usize;

    /// The values of every input of `graph`, in its order, for one step of one sample; zeros beyond the
    /// last step.
    fn step(&self, graph: &Graph, sample: usize, step: usize) -> Vec<Values>;

    /// The class of every sample, where it is known.
    fn labels(&self) -> Option<&[i64]> {
        None
    }
}

impl Stimulus for Samples {
    fn samples(&self) -> usize {
        self.count
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn step(&self, graph: &Graph, sample: usize, step: usize) -> Vec<Values> {
        Self::step(self, graph, sample, step)
    }

    fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }
}

/// Samples that do not fit a network.
pub(crate) fn misfit(error: SimError) -> Diagnostic {
    Diagnostic::new(Code::BadSample, error.to_string())
}
