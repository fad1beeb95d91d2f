//! A leaky integrator without spikes: sinabs' `ExpLeak`, Norse's `LI`, a readout membrane.
//!
//! `v' = leak(v) + input`, and `v'` is what the next layer reads.

use super::super::algebra::{Algebra, Coef};
use super::Found;
use super::cell;
use super::drive::Drive;
use snnc_ir::neuron::{Integrator, Model};

pub(super) fn find(algebra: &Algebra<'_, '_>, node: usize) -> Option<Found> {
    let out = algebra.poly(node)?;
    let v = algebra.lagged(node)?;
    if !cell::keeps_itself(algebra, v, node) {
        return None;
    }
    let drive = Drive::read(algebra, out, v, node)?;
    let (decay, gain, rest) = drive.plain()?;
    let param = |coef: &Coef| cell::param(algebra, node, coef);
    let model = Model::Integrator(Integrator {
        decay: match decay.uniform() {
            Some(1.0) => None,
            _ => Some(param(decay)?),
        },
        gain: match gain {
            Some(gain) => Some(param(gain)?),
            None => None,
        },
        rest: match &rest {
            Some(rest) => Some(param(rest)?),
            None => None,
        },
        initial: None,
    });
    Some(Found { form: "", model, input: drive.input, states: drive.states })
}
