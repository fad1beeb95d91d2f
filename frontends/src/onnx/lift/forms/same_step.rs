//! A reset in the step of the spike: SpikingJelly's `IF`, `LIF` and `PLIF`, sinabs' single spikes, Norse's
//! cells; and no reset at all.
//!
//! `u = leak(v) + input; s = H(u - threshold); v' = u - s · threshold`, or `v' = (1 - s) u + s · v_reset`,
//! or `v' = u`; then `v' = max(v', v_min)`.

use super::super::algebra::{Algebra, AtomId, Coef, Poly};
use super::cell::{self, Spike};
use super::drive::Drive;
use super::{Found, Slot};
use snnc_ir::neuron::{Model, Reset, Spiking, Timing};

pub(super) fn find(algebra: &Algebra<'_, '_>, node: usize) -> Option<Found> {
    let spike = cell::spike(algebra, node)?;
    cell::states(algebra, &spike.condition)
        .into_iter()
        .find_map(|(v, state)| membrane(algebra, node, &spike, v, state))
}

fn membrane(algebra: &Algebra<'_, '_>, node: usize, spike: &Spike, v: AtomId, state: usize) -> Option<Found> {
    let (next, v_min) = cell::unclamped(algebra, algebra.poly(state)?)?;
    let (before, change) = next.by(spike.atom);
    let (before, levels) = cell::levels(algebra, &before);
    let threshold = cell::threshold(&spike.condition, &before, v)?;
    if spike.levels != levels {
        return None;
    }
    // A spike that takes off something else than the threshold: the same neuron with a shifted membrane.
    let shift = match change.as_constant().filter(|c| !c.is_zero()) {
        Some(amount) => amount.zip(&threshold, |a, t| -a - t)?,
        None => Coef::scalar(0.0),
    };
    let shift = if shift.is_close(&Coef::scalar(0.0)) { Coef::scalar(0.0) } else { shift };
    let shifted = |c: &Coef| c.zip(&shift, |c, s| c + s);
    let reset = reset(algebra, node, &before, &change, &shifted(&threshold)?)?;
    // Its own spike of the step before resets it, or goes through a connection.
    let earlier = algebra.home(spike.atom).and_then(|h| algebra.lagged(h));
    if earlier.is_some_and(|e| before.has(e)) {
        return None;
    }
    let drive = Drive::read(algebra, &before, v, state)?;
    let mut out = Spiking::new(cell::param(algebra, node, &shifted(&threshold)?)?, None);
    drive.fill(algebra, node, &mut out)?;
    if !shift.is_zero() {
        // States that the file holds would have to be shifted too.
        if !algebra.graph.pairs.is_empty() || out.levels.is_some() {
            return None;
        }
        out.initial = Some(cell::param(algebra, node, &shift)?);
        if out.decay.is_some() {
            let rest = drive.leak()?.1.unwrap_or_else(|| Coef::scalar(0.0));
            out.rest = Some(cell::param(algebra, node, &shifted(&rest)?)?);
        }
    }
    out.compare = spike.compare;
    out.emission = spike.emission.clone();
    out.reset = reset;
    out.levels = levels;
    out.v_min = match v_min {
        Some(v_min) => Some(cell::param(algebra, node, &shifted(&v_min)?)?),
        None => None,
    };
    let states: Vec<(usize, Slot)> = drive.states.clone();
    Some(Found { form: "", through: None, model: Model::Spiking(out), input: drive.input, states })
}

/// What a spike does, from the factor of the spike in the next membrane.
pub(super) fn reset(
    algebra: &Algebra<'_, '_>,
    node: usize,
    before: &Poly,
    change: &Poly,
    threshold: &Coef,
) -> Option<Reset<f32>> {
    if change.terms.is_empty() {
        return Some(Reset::None);
    }
    if let Some(amount) = change.as_constant() {
        return amount.map(|v| -v).is_close(threshold).then_some(Reset::Subtract(Timing::Same));
    }
    let value = cell::constant(&before.plus(change)?, before)?;
    match value.uniform() {
        Some(zero) if zero.abs() < 1e-9 => Some(Reset::Zero(Timing::Same)),
        _ => Some(Reset::Value(Timing::Same, cell::param(algebra, node, &value)?)),
    }
}
