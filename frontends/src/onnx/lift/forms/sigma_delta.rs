//! A sigma-delta unit: sums up what comes in, gives out changes of its activation.
//!
//! `sigma' = sigma + x; a = relu(sigma' + bias); d = a - ref; s = d where |d| >= threshold, else 0;
//! ref' = ref + s`.

use super::super::algebra::{Algebra, Atom, Poly};
use super::cell;
use super::delta::Change;
use super::{Found, Slot};
use snnc_ir::neuron::{Model, Rectifier, SigmaDelta};

pub(super) fn find(algebra: &Algebra<'_, '_>, node: usize) -> Option<Found> {
    let change = Change::read(algebra, node)?;
    let (sum, activation) = match change.value.single() {
        Some((atom, factor)) if factor.uniform() == Some(1.0) => match algebra.atom(atom) {
            Atom::Rectified(of) => (of.clone(), Rectifier::Relu),
            _ => (change.value.clone(), Rectifier::Identity),
        },
        _ => (change.value.clone(), Rectifier::Identity),
    };
    cell::states(algebra, &sum).into_iter().find_map(|(atom, state)| {
        let sigma = algebra.poly(state)?;
        let bias = cell::constant(&sum.minus(sigma)?, &sum)?;
        let input = sigma.minus(&Poly::atom(atom))?;
        if input.has(atom) {
            return None;
        }
        let model = Model::SigmaDelta(SigmaDelta {
            activation,
            threshold: cell::param(algebra, node, &change.threshold)?,
            compare: change.compare,
            bias: match bias.is_zero() {
                true => None,
                false => Some(cell::param(algebra, node, &bias)?),
            },
            unit: None,
        });
        let states = vec![(state, Slot::Membrane), (change.reference, Slot::Reference)];
        Some(Found { form: "", through: None, model, input, states })
    })
}
