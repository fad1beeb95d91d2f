//! The interpreter: the oracle of every pass.
//!
//! [`Simulator`] evaluates a verified graph step by step, in node order. Real graphs are calculated in
//! `f32`, each operation rounded once, in the order of `docs/ai.snnc.md`; integer graphs exactly.
//! Connections are evaluated either by gathering every tap of every output ([`Execution::Dense`]) or by
//! scattering the non-zero inputs ([`Execution::EventDriven`]); both add up the same terms in the same
//! order, so their results are identical.

mod arith;
mod connection;
mod neuron;
mod pool;
mod simulator;

pub use connection::{Tap, fan_out, taps};
pub use simulator::{Counts, Execution, SimError, Simulator};

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
