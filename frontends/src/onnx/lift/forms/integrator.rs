//! A leaky integrator without spikes: sinabs' `ExpLeak`, Norse's `LI`, a readout membrane.
//!
//! `v' = leak(v) + input`, and `v'` is what the next layer reads. A synaptic current in front of it (Norse's
//! `LI`) is an integrator too.

use super::super::algebra::{Algebra, Coef, Poly};
use super::cell;
use super::drive::Drive;
use super::{Found, Slot};
use snnc_ir::neuron::{Integrator, Model};

pub(super) fn find(algebra: &Algebra<'_, '_>, node: usize) -> Option<Found> {
    let out = algebra.poly(node)?;
    let v = algebra.lagged(node)?;
    if !cell::keeps_itself(algebra, v, node) {
        return None;
    }
    let drive = Drive::read(algebra, out, v, node)?;
    let (through, gain) = match drive.current() {
        None => (None, drive.gain().cloned()),
        Some(current) => {
            let (rest, _) = out.by(v);
            let rest = rest.minus(&Poly::constant(rest.offset()))?;
            (Some(current), Some(algebra.poly(current)?.ratio(&rest)?))
        }
    };
    let (decay, rest) = drive.leak()?;
    let param = |coef: &Coef| cell::param(algebra, node, coef);
    let model = Model::Integrator(Integrator {
        decay: match decay.uniform() {
            Some(1.0) => None,
            _ => Some(param(decay)?),
        },
        gain: match &gain {
            Some(gain) => Some(param(gain)?),
            None => None,
        },
        rest: match &rest {
            Some(rest) => Some(param(rest)?),
            None => None,
        },
        initial: None,
    });
    Some(Found { form: "", through, model, input: drive.input, states: vec![(node, Slot::Membrane)] })
}
