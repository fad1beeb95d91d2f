//! A reset in the step after the spike: snnTorch's `Leaky`, `RLeaky`, `Synaptic` and `Lapicque`.
//!
//! `r = H(v - threshold); u = leak(v) + input - r · threshold; s = H(u - threshold); v' = u`, or with
//! `(1 - r) v` in the place of `v`. The `r` of a step is the `s` of the step before.

use super::super::algebra::{Algebra, AtomId, Coef, Poly};
use super::Found;
use super::cell::{self, Spike};
use super::drive::Drive;
use snnc_ir::neuron::{Model, Reset, Spiking, Timing};

pub(super) fn find(algebra: &Algebra<'_, '_>, node: usize) -> Option<Found> {
    let spike = cell::spike(algebra, node)?;
    let reset = algebra.lagged(algebra.home(spike.atom)?)?;
    cell::states(algebra, &spike.condition)
        .into_iter()
        .filter(|(atom, _)| *atom != reset)
        .find_map(|(v, state)| membrane(algebra, node, &spike, reset, v, state))
}

fn membrane(
    algebra: &Algebra<'_, '_>,
    node: usize,
    spike: &Spike,
    reset: AtomId,
    v: AtomId,
    state: usize,
) -> Option<Found> {
    let next = algebra.poly(state)?;
    let (next, levels) = cell::levels(algebra, next);
    if levels != spike.levels {
        return None;
    }
    let threshold = cell::threshold(&spike.condition, &next, v)?;
    let (before, change) = next.by(reset);
    if change.terms.is_empty() {
        return None;
    }
    let drive = Drive::read(algebra, &before, v, state)?;
    let (reset_is, recurrent) = kind(algebra, node, &before, &change, &threshold, v)?;
    let mut input = drive.input.clone();
    if let Some(weight) = recurrent {
        // What the neuron's own spike adds beside its reset is a connection to itself.
        input = input.plus(&Poly::atom(reset).scaled(&weight)?)?;
    }
    let mut out = Spiking::new(cell::param(algebra, node, &threshold)?, None);
    drive.fill(algebra, node, &mut out)?;
    if out.gain.is_some() && input != drive.input {
        return None;
    }
    out.compare = spike.compare;
    out.emission = spike.emission.clone();
    out.reset = reset_is;
    out.levels = levels;
    Some(Found { form: "", through: None, model: Model::Spiking(out), input, states: drive.states })
}

/// What the spike of the step before does; and its weight on the neuron itself, where it has one.
fn kind(
    algebra: &Algebra<'_, '_>,
    node: usize,
    before: &Poly,
    change: &Poly,
    threshold: &Coef,
    v: AtomId,
) -> Option<(Reset<f32>, Option<Coef>)> {
    let (rest, factor) = change.by(v);
    if factor.terms.is_empty() {
        let amount = change.as_constant()?;
        let weight = amount.zip(threshold, |a, t| a + t)?;
        let exact = amount.map(|a| -a).is_close(threshold);
        return Some((Reset::Subtract(Timing::Next), (!exact).then_some(weight)));
    }
    let (_, decay) = before.by(v);
    // The whole membrane is lost, with what enters in this step (snnTorch's Synaptic).
    if let Some(value) = cell::constant(&before.plus(change)?, before) {
        return (value.all(|v| v.abs() < 1e-9)).then_some((Reset::Zero(Timing::Next), None));
    }
    // The old membrane is lost.
    let kept = decay.plus(&factor)?;
    if !kept.as_constant()?.all(|k| k.abs() < 1e-6) {
        return None;
    }
    match rest.as_constant()? {
        zero if zero.is_zero() => Some((Reset::Zero(Timing::Next), None)),
        value => {
            let value = value.zip(&decay.as_constant()?, |v, d| v / d)?;
            Some((Reset::Value(Timing::Next, cell::param(algebra, node, &value)?), None))
        }
    }
}
