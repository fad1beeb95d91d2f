//! snnTorch's `reset_delay=False`: the reset of the step before takes part in the comparison, the reset of
//! this step in what is stored.
//!
//! `r = H(v - threshold); u = leak(v) + input - r · threshold; s = H(u - threshold);
//! v' = u - (s - r) · threshold`.

use super::super::algebra::{Algebra, Atom, AtomId, Poly};
use super::super::steps::Ref;
use super::Found;
use super::cell::{self, Spike};
use super::drive::Drive;
use snnc_ir::neuron::{Compare, Model, Reset, Spiking, Timing};

pub(super) fn find(algebra: &Algebra<'_, '_>, node: usize) -> Option<Found> {
    let spike = cell::spike(algebra, node)?;
    let states = cell::states(algebra, &spike.condition);
    let resets = spike.condition.atoms();
    states.iter().find_map(|(v, state)| {
        let others = resets.iter().filter(|r| *r != v);
        others.copied().find_map(|r| membrane(algebra, node, &spike, *v, *state, r))
    })
}

fn membrane(
    algebra: &Algebra<'_, '_>,
    node: usize,
    spike: &Spike,
    v: AtomId,
    state: usize,
    r: AtomId,
) -> Option<Found> {
    let next = algebra.poly(state)?;
    let (stored, change) = next.by(spike.atom);
    let (condition, refunded) = spike.condition.by(r);
    // The comparison has the reset of the step before, the stored membrane that of this step.
    let threshold = cell::threshold(&condition, &stored, v)?;
    let k = condition.linear(v)?.zip(stored.linear(v)?, |c, m| c / m)?;
    let amount = refunded.scaled(&k.map(|k| 1.0 / k))?.as_constant()?;
    if !amount.map(|a| -a).is_close(&threshold) || !change.as_constant()?.map(|a| -a).is_close(&threshold) {
        return None;
    }
    // `r` is the comparison of the stored membrane, in the step before.
    let (strict, compared) = match algebra.atom(r) {
        Atom::Above { strict, of } => (*strict, algebra.advanced(of)?),
        Atom::Value(Ref { node: compared, lag: 1 }) => {
            let (flag, factor) = algebra.poly(*compared)?.single()?;
            match algebra.atom(flag) {
                Atom::Above { strict, of } if factor.uniform() == Some(1.0) => (*strict, of.clone()),
                _ => return None,
            }
        }
        _ => return None,
    };
    let same = strict == (spike.compare == Compare::Greater);
    if !same || !next.minus(&Poly::constant(threshold.clone()))?.is_close(&compared) {
        return None;
    }
    let drive = Drive::read(algebra, &stored, v, state)?;
    let mut out = Spiking::new(cell::param(algebra, node, &threshold)?, None);
    drive.fill(algebra, node, &mut out)?;
    out.compare = spike.compare;
    out.emission = spike.emission.clone();
    out.reset = Reset::Subtract(Timing::Refund);
    Some(Found {
        form: "",
        through: None,
        model: Model::Spiking(out),
        input: drive.input,
        states: drive.states,
    })
}
