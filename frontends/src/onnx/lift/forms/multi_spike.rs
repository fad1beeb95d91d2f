//! Several spikes in a step: sinabs' `MultiSpike` (its default) and `MaxSpike`.
//!
//! `s = (u > 0) · trunc(u / threshold)`, at most `max`; `v' = u - s · threshold`; then
//! `v' = max(v', v_min)`.

use super::super::algebra::{Algebra, Atom, AtomId, Coef, Poly};
use super::Found;
use super::cell;
use super::drive::Drive;
use snnc_ir::neuron::{Compare, Emission, Model, Reset, Spiking, Timing};

pub(super) fn find(algebra: &Algebra<'_, '_>, node: usize) -> Option<Found> {
    let out = algebra.poly(node)?;
    let (count, of, max) = counted(algebra, out)?;
    cell::states(algebra, &of).into_iter().find_map(|(v, state)| {
        let (next, v_min) = cell::unclamped(algebra, algebra.poly(state)?)?;
        let (_, change) = next.by(count);
        let (before, reset) = match change.as_constant().filter(|c| !c.is_zero()) {
            Some(amount) => (next.minus(&out.scaled(&amount)?)?, Some(amount.map(|a| -a))),
            None => (next.clone(), None),
        };
        // How often the threshold fits into the membrane.
        let threshold = before.linear(v)?.zip(of.linear(v)?, |m, c| m / c)?;
        let rest = cell::constant(&of.scaled(&threshold)?.minus(&before)?, &before)?;
        let subtracts = reset.as_ref().is_none_or(|r| r.is_close(&threshold));
        if !threshold.all(|t| t > 0.0) || !rest.all(|r| r.abs() < 1e-9) || !subtracts || before.has(count) {
            return None;
        }
        let drive = Drive::read(algebra, &before, v, state)?;
        let mut neuron = Spiking::new(cell::param(algebra, node, &threshold)?, None);
        drive.fill(algebra, node, &mut neuron)?;
        let param = |c: &Coef| cell::param(algebra, node, c);
        neuron.compare = Compare::GreaterOrEqual;
        neuron.reset = if reset.is_some() { Reset::Subtract(Timing::Same) } else { Reset::None };
        neuron.emission = Emission::Count {
            max: match &max {
                Some(max) => Some(param(max)?),
                None => None,
            },
        };
        neuron.v_min = match &v_min {
            Some(v_min) => Some(param(v_min)?),
            None => None,
        };
        Some(Found {
            form: "",
            through: None,
            model: Model::Spiking(neuron),
            input: drive.input,
            states: drive.states,
        })
    })
}

/// The count that a value is, what it counts, and its greatest value: `min(c, n)` is `c - max(0, c - n)`.
fn counted(algebra: &Algebra<'_, '_>, out: &Poly) -> Option<(AtomId, Poly, Option<Coef>)> {
    let plain = |atom: AtomId| match algebra.atom(atom) {
        Atom::Counted(of) => Some((atom, of.clone())),
        _ => None,
    };
    let (atom, of) = out.atoms().into_iter().find_map(plain)?;
    if out.linear(atom)?.uniform() != Some(1.0) {
        return None;
    }
    if out.terms.len() == 1 {
        return Some((atom, of, None));
    }
    let (above, factor) = out.minus(&Poly::atom(atom))?.single()?;
    let Atom::Rectified(over) = algebra.atom(above) else { return None };
    let max = Poly::atom(atom).minus(over)?.as_constant()?;
    (factor.uniform() == Some(-1.0)).then_some((atom, of, Some(max)))
}
