//! Two real networks that give the same but for rounding.
//!
//! Folding multiplies factors in another order, so a membrane may differ in its last bits. Layer by layer
//! and step by step:
//!
//! - spikes and counts are equal, except of a neuron whose membrane lies within [`TOLERANCE`] of the
//!   threshold that decides, relative to the greater of both;
//! - levels of quantised activations are equal, except where the input lies as near to the middle between
//!   two levels;
//! - other values are equal within [`TOLERANCE`] of the greatest of their layer, except that a change as
//!   near to its threshold may be held back.
//!
//! After such an exception the networks may go different ways: the rest of the sample is left out, and how
//! far the samples were followed is told.

use std::collections::BTreeMap;

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Emission, Model, Neuron, Reset, Spec, Spiking, Timing};
use snnc_ir::sim::{Execution, Simulator, Values};

use super::stimulus::{Stimulus, misfit};
use super::{Place, differs, outputs_kept};
use crate::phase::Phase;

/// How near to its threshold a membrane may be when rounding decides.
pub const TOLERANCE: f32 = 1e-4;

/// What came of a comparison without a difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Rounded {
    /// Populations and outputs that were compared.
    pub layers: usize,
    /// Steps of all samples that were followed, and how many there are.
    pub steps: [usize; 2],
    /// The farthest from its threshold that a neuron was for which rounding decided; none when all spikes
    /// were equal.
    pub nearest: Option<Near>,
}

/// A neuron for which rounding decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Near {
    /// Name of its layer.
    pub layer: String,
    /// Distance of its membrane from the threshold, relative to the greater of both.
    pub distance: f32,
}

/// A node before the phase with the one of that name afterwards.
struct Pair<'g> {
    before: NodeId,
    after: NodeId,
    model: Option<[&'g Model<f32>; 2]>,
}

/// How two values of a neuron stand to each other.
enum Verdict {
    Same,
    /// Rounding decided, at that distance.
    Near(f32),
    Differs,
}

/// Runs the real networks before and after a phase on every sample.
///
/// # Errors
/// [`Code::PhaseDiffers`](snnc_ir::diag::Code::PhaseDiffers) with the first value that rounding does not
/// explain, [`Code::BadSample`](snnc_ir::diag::Code::BadSample) when samples do not fit.
pub fn rounded(
    phase: Phase,
    before: &Graph,
    after: &Graph,
    stimulus: &dyn Stimulus,
) -> Result<Rounded, Diagnostic> {
    let pairs = pairs(before, after);
    outputs_kept(phase, before, |id| pairs.iter().any(|p| p.before == id))?;
    let (mut old, mut new) =
        (Simulator::new(before, Execution::EventDriven), Simulator::new(after, Execution::EventDriven));
    let all = stimulus.samples() * stimulus.steps();
    let mut out = Rounded { layers: pairs.len(), steps: [0, all], nearest: None };
    for sample in 0..stimulus.samples() {
        old.reset();
        new.reset();
        'steps: for step in 0..stimulus.steps() {
            old.step(&stimulus.step(before, sample, step)).map_err(misfit)?;
            new.step(&stimulus.step(after, sample, step)).map_err(misfit)?;
            for pair in &pairs {
                let near = match compare(before, &old, &new, pair) {
                    Ok(near) => near,
                    Err((at, was, is)) => {
                        let place = Place { graph: after, node: pair.after, at, sample, step, lag: 0 };
                        return Err(differs(phase, &place, was, is));
                    }
                };
                if let Some(distance) = near {
                    if out.nearest.as_ref().is_none_or(|n| n.distance < distance) {
                        let layer = before.node(pair.before).name.clone();
                        out.nearest = Some(Near { layer, distance });
                    }
                    break 'steps;
                }
            }
            out.steps[0] += 1;
        }
    }
    Ok(out)
}

fn pairs<'g>(before: &'g Graph, after: &'g Graph) -> Vec<Pair<'g>> {
    let names: BTreeMap<&str, NodeId> = after.ids().map(|id| (after.node(id).name.as_str(), id)).collect();
    let pair = |id: NodeId| {
        let node = before.node(id);
        let other = *names.get(node.name.as_str())?;
        let model = match (&node.op, &after.node(other).op) {
            (Op::Neuron(a), Op::Neuron(b)) => Some([model(a)?, model(b)?]),
            (Op::Input(_), Op::Input(_)) | (Op::Output, Op::Output) => None,
            _ => return None,
        };
        let fits = node.shape == after.node(other).shape;
        fits.then_some(Pair { before: id, after: other, model })
    };
    before.ids().filter_map(pair).collect()
}

fn model(neuron: &Neuron) -> Option<&Model<f32>> {
    match neuron {
        Neuron::Real(Spec { model, .. }) => Some(model),
        Neuron::Integer(..) => None,
    }
}

/// The greatest distance at which rounding decided in this layer and step, or the first value that it does
/// not explain.
fn compare(
    graph: &Graph,
    old: &Simulator<'_>,
    new: &Simulator<'_>,
    pair: &Pair<'_>,
) -> Result<Option<f32>, (usize, f32, f32)> {
    let (Values::Real(was), Values::Real(is)) = (old.value(pair.before), new.value(pair.after)) else {
        return Ok(None);
    };
    let greatest = was.iter().chain(&is).fold(0.0f32, |m, v| m.max(v.abs()));
    let close = |a: f32, b: f32| a == b || (a - b).abs() <= TOLERANCE * greatest;
    let plane = graph.node(pair.before).shape.plane();
    let mut membranes = None;
    let mut farthest: Option<f32> = None;
    for (at, (a, b)) in was.iter().copied().zip(is.iter().copied()).enumerate() {
        let verdict = match pair.model {
            Some([Model::Spiking(m), Model::Spiking(n)]) => {
                let [a, b] = [count(m, a), count(n, b)];
                if a == b {
                    Verdict::Same
                } else {
                    let [u, v] = membranes.get_or_insert_with(|| {
                        [reals(old.membrane(pair.before)), reals(new.membrane(pair.after))]
                    });
                    // The one that spiked less still has its membrane.
                    let (model, membrane) = if a < b { (m, &*u) } else { (n, &*v) };
                    let less = a.min(b);
                    membrane.get(at).map_or(Verdict::Differs, |u| {
                        if a.max(b) - less > 1.0 {
                            Verdict::Differs
                        } else {
                            spike(model, *u, less, at, plane)
                        }
                    })
                }
            }
            Some([Model::Activation(m), Model::Activation(n)]) => {
                let [p, q] = [a / m.scale, b / n.scale];
                if (p - q).abs() < 0.5 {
                    Verdict::Same
                } else {
                    let source = graph.node(pair.before).inputs[0];
                    level(&reals(old.value(source)), at, m.scale, p - q)
                }
            }
            Some([Model::SigmaDelta(m), _]) => {
                change(close(a, b), [a, b], &m.threshold, m.unit, at, plane, greatest)
            }
            Some([Model::Delta(m), _]) => {
                change(close(a, b), [a, b], &m.threshold, m.unit, at, plane, greatest)
            }
            _ => {
                if close(a, b) {
                    Verdict::Same
                } else {
                    Verdict::Differs
                }
            }
        };
        match verdict {
            Verdict::Same => {}
            Verdict::Near(distance) if distance <= TOLERANCE => {
                farthest = Some(farthest.map_or(distance, |f| f.max(distance)));
            }
            Verdict::Near(_) | Verdict::Differs => return Err((at, a, b)),
        }
    }
    Ok(farthest)
}

fn reals(values: impl Into<Option<Values>>) -> Vec<f32> {
    match values.into() {
        Some(Values::Real(v)) => v,
        _ => Vec::new(),
    }
}

/// How often a neuron spiked, whatever value it gives out.
fn count(model: &Spiking<f32>, value: f32) -> f32 {
    match model.emission {
        Emission::Count { .. } => value,
        Emission::Binary | Emission::Scaled(_) => f32::from(u8::from(value != 0.0)),
    }
}

/// A neuron that stored membrane `u` after `spikes` spikes, where one more was due.
fn spike(m: &Spiking<f32>, u: f32, spikes: f32, at: usize, plane: usize) -> Verdict {
    let threshold = m.threshold.at(at, plane);
    let before_reset = match m.reset {
        Reset::Subtract(Timing::Same) => u + spikes * threshold,
        // The membrane of a neuron that spiked is lost: that it spiked once more or less is all there is.
        Reset::Zero(Timing::Same) | Reset::Value(Timing::Same, _) if spikes > 0.0 => {
            return Verdict::Near(0.0);
        }
        _ => u,
    };
    let due = match m.emission {
        Emission::Count { .. } => (spikes + 1.0) * threshold,
        Emission::Binary | Emission::Scaled(_) => threshold,
    };
    let gap = m.levels.as_ref().map_or(0.0, |levels| coarsest(levels));
    let distance = ((before_reset - due).abs() - gap).max(0.0);
    let scale = due.abs().max(before_reset.abs());
    Verdict::Near(if scale > 0.0 { distance / scale } else { 0.0 })
}

/// The greatest distance between levels that follow each other: rounding may decide for either.
fn coarsest(levels: &[f32]) -> f32 {
    let mut sorted = levels.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.windows(2).map(|p| p[1] - p[0]).fold(0.0, f32::max)
}

/// An activation whose levels differ by `by`.
fn level(inputs: &[f32], at: usize, scale: f32, by: f32) -> Verdict {
    let Some(level) = inputs.get(at).map(|x| x / scale) else { return Verdict::Differs };
    if by.abs() > 1.5 {
        return Verdict::Differs;
    }
    let middle = (level - level.floor() - 0.5).abs();
    Verdict::Near(middle / level.abs().max(1.0))
}

/// A unit that gives out changes, one of which was held back.
fn change(
    close: bool,
    [a, b]: [f32; 2],
    threshold: &Param<f32>,
    unit: Option<u32>,
    at: usize,
    plane: usize,
    greatest: f32,
) -> Verdict {
    if close {
        return Verdict::Same;
    }
    // In whole units a change may be cut to the unit before.
    if unit.is_some() && (a - b).abs() <= 1.0 {
        return Verdict::Near(0.0);
    }
    if a != 0.0 && b != 0.0 {
        return Verdict::Differs;
    }
    let threshold = threshold.at(at, plane);
    let scale = greatest.max(threshold.abs());
    Verdict::Near(if scale > 0.0 { ((a + b).abs() - threshold).abs() / scale } else { 0.0 })
}
