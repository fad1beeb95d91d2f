//! A delta encoder: gives out changes of its input that pass a threshold.
//!
//! `d = x - ref; s = d where |d| >= threshold, else 0; ref' = ref + s`.

use super::super::algebra::{Algebra, Atom, AtomId, Coef, Poly};
use super::cell;
use super::{Found, Slot};
use snnc_ir::neuron::{Compare, Delta, Model};

pub(super) fn find(algebra: &Algebra<'_, '_>, node: usize) -> Option<Found> {
    let change = Change::read(algebra, node)?;
    // The change of an activation is a sigma-delta unit.
    if change.value.atoms().iter().any(|a| matches!(algebra.atom(*a), Atom::Rectified(_)))
        || cell::states(algebra, &change.value).iter().any(|(a, n)| cell::keeps_itself(algebra, *a, *n))
    {
        return None;
    }
    let threshold = cell::param(algebra, node, &change.threshold)?;
    let model = Model::Delta(Delta { threshold, compare: change.compare, unit: None });
    Some(Found {
        form: "",
        through: None,
        model,
        input: change.value,
        states: vec![(change.reference, Slot::Reference)],
    })
}

/// A change that passes a threshold, against a reference that follows it.
pub(super) struct Change {
    pub compare: Compare,
    pub threshold: Coef,
    /// What is compared with the reference.
    pub value: Poly,
    /// The node of the reference.
    pub reference: usize,
}

impl Change {
    pub(super) fn read(algebra: &Algebra<'_, '_>, node: usize) -> Option<Self> {
        let out = algebra.poly(node)?;
        let passes = |atom: &AtomId| match algebra.atom(*atom) {
            Atom::Above { strict, of } => Some((*atom, *strict, of.clone())),
            _ => None,
        };
        let (gate, strict, of) = out.atoms().iter().find_map(passes)?;
        let (without, difference) = out.by(gate);
        if !without.terms.is_empty() {
            return None;
        }
        // The gate is `k (|d| - threshold)`.
        let offset = of.offset();
        let (magnitude, k) = of.minus(&Poly::constant(offset.clone()))?.single()?;
        let Atom::Magnitude(inner) = algebra.atom(magnitude) else { return None };
        if !k.all(|v| v > 0.0)
            || !(inner.is_close(&difference) || inner.scaled(&Coef::scalar(-1.0))?.is_close(&difference))
        {
            return None;
        }
        let threshold = offset.zip(&k, |o, k| -o / k)?;
        let (reference, value) =
            cell::states(algebra, &difference).into_iter().find_map(|(atom, state)| {
                let follows = algebra.poly(state)?.minus(&Poly::atom(atom))?.is_close(out);
                let value = difference.plus(&Poly::atom(atom))?;
                (follows && !value.has(atom)).then_some((state, value))
            })?;
        let compare = if strict { Compare::Greater } else { Compare::GreaterOrEqual };
        Some(Self { compare, threshold, value, reference })
    }
}
