//! The interpreter: the oracle of every pass.
//!
//! [`Simulator`] evaluates a verified graph step by step, in node order. Real graphs are calculated in
//! `f32`, each operation rounded once, in the order of `docs/ai.snnc.md`; integer graphs exactly.
//! There are two executions. [`Execution::Dense`] ([`plain`]) is written to be read: every tap of every output is
//! gathered, every neuron is one call. [`Execution::EventDriven`] ([`event`]) is written to be fast. Both add up
//! the same terms in the same order, so their results are identical, bit for bit. A zero that is given to the
//! network or that neurons give out is a positive one.

mod arith;
mod event;
mod plain;
mod simd;
mod simulator;
mod taps;

pub use simulator::{Counts, Execution, SimError, Simulator};
pub use taps::{Tap, fan_out, taps};

/// The elements of one value in one step, in C, H, W order.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Of a real graph.
    Real(Vec<f32>),
    /// Of an integer graph.
    Integer(Vec<i32>),
}

impl Values {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Real(v) => v.len(),
            Self::Integer(v) => v.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of elements that are not zero: the events of the step.
    pub fn events(&self) -> u64 {
        match self {
            Self::Real(v) => v.iter().filter(|v| **v != 0.0).count() as u64,
            Self::Integer(v) => v.iter().filter(|v| **v != 0).count() as u64,
        }
    }

    /// The elements as `f64`, exactly.
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Self::Real(v) => v.iter().map(|v| f64::from(*v)).collect(),
            Self::Integer(v) => v.iter().map(|v| f64::from(*v)).collect(),
        }
    }
}
