//! The forms of neurons. A form is one file: where it comes from, its equation, and how it is told.
//!
//! A form looks at a value that lies between layers and says which neuron model it is, what enters it and
//! which values are its states. A new library's neuron is a new file and a line in [`TABLE`].

mod cell;
mod delta;
mod drive;
mod graded_activation;

mod integrator;
mod multi_spike;
mod next_step;
mod refund;
mod same_step;
mod sigma_delta;

use super::algebra::{Algebra, Poly};
use snnc_ir::neuron::Model;

/// A state of a neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Slot {
    /// The membrane, or the sum of a sigma-delta unit.
    Membrane,
    /// The synaptic current.
    Current,
    /// What was given out so far.
    Reference,
}

/// A neuron that a form found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Name of the form.
    pub form: &'static str,
    pub model: Model<f32>,
    /// What enters.
    pub input: Poly,
    /// A node that enters instead: the current of an integrator is an integrator of its own.
    pub through: Option<usize>,
    /// Nodes that are its states.
    pub states: Vec<(usize, Slot)>,
}

type Form = fn(&Algebra<'_, '_>, usize) -> Option<Found>;

/// Every form, in the order in which they are tried.
const TABLE: &[(&str, Form)] = &[
    ("same-step reset", same_step::find),
    ("next-step reset", next_step::find),
    ("refunded reset", refund::find),
    ("multi-spike", multi_spike::find),
    ("sigma-delta", sigma_delta::find),
    ("delta", delta::find),
    ("integrator", integrator::find),
    ("graded activation", graded_activation::find),
];

/// The neuron that a value is.
pub(super) fn find(algebra: &Algebra<'_, '_>, node: usize) -> Option<Found> {
    TABLE.iter().find_map(|(name, form)| form(algebra, node).map(|f| Found { form: name, ..f }))
}
