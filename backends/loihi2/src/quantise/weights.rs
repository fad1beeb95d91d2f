//! Weights and biases as integers of a scale.

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::weights::{Scale, Storage, Weights};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::text::print_node;

use super::unit::Unit;

/// Least and greatest integer weight: 8 bits, the widest that a synapse stores.
const RANGE: (i32, i32) = (-128, 127);

/// The weights with what an event of each input stands for, as real values.
///
/// `unit` has a value per channel of the input of a convolution, or per input of a linear layer.
pub(super) fn effective(op: &Op, weights: &Weights, unit: &Unit) -> Weights {
    let mut out = weights.clone();
    match unit {
        Unit::Same(1.0) => {}
        Unit::Same(u) if weights.is_integer() => {
            let times = |s: f32| (f64::from(s) * u) as f32;
            out.scale = Some(match &weights.scale {
                None => Scale::PerTensor(times(1.0)),
                Some(Scale::PerTensor(s)) => Scale::PerTensor(times(*s)),
                Some(Scale::PerChannel(s)) => Scale::PerChannel(s.iter().map(|s| times(*s)).collect()),
            });
        }
        _ => {
            let [outs, per_group, kh, kw] = weights.shape;
            let groups = if let Op::Conv2d(conv) = op { conv.groups } else { 1 };
            let value = |k: usize| {
                let (o, input) = (k / weights.row().max(1), k / (kh * kw) % per_group);
                let channel = o / (outs / groups).max(1) * per_group + input;
                let u = match unit {
                    Unit::Same(u) => *u,
                    Unit::Each(all) => all[channel],
                };
                (f64::from(weights.real(k)) * u) as f32
            };
            out.storage = Storage::F32((0..weights.len()).map(value).collect());
            out.scale = None;
        }
    }
    out
}

/// The scale for connections that share one: the file's own where all weights are integers of one scale
/// within range, a power of two of which all are multiples within range, else the one that makes the
/// largest weight 127. 1 without weights.
pub(super) fn common_scale<'w>(handles: impl Iterator<Item = &'w Weights> + Clone) -> f32 {
    if let Some(scale) = scale_of_file(handles.clone()).or_else(|| power_of_two(handles.clone())) {
        return scale;
    }
    let largest = handles.clone().map(largest).fold(0f32, f32::max);
    if handles.count() == 0 || largest == 0.0 || !largest.is_finite() {
        1.0
    } else {
        largest / RANGE.1 as f32
    }
}

/// The least scale in use, if every weight is an integer within range in its units.
fn scale_of_file<'w>(handles: impl Iterator<Item = &'w Weights> + Clone) -> Option<f32> {
    let mut least: Option<f32> = None;
    for handle in handles.clone() {
        if !handle.is_integer() {
            return None;
        }
        let scales: &[f32] = match &handle.scale {
            None => &[1.0],
            Some(Scale::PerTensor(s)) => std::slice::from_ref(s),
            Some(Scale::PerChannel(s)) => s,
        };
        for s in scales {
            if !(s.is_finite() && *s > 0.0) {
                return None;
            }
            least = Some(least.map_or(*s, |l| l.min(*s)));
        }
    }
    let least = least?;
    let exact = handles.into_iter().all(|w| integers(w, least).1 == 0.0);
    exact.then_some(least)
}

/// 1, or else the greatest power of two, of which every weight is a multiple within range.
fn power_of_two<'w>(handles: impl Iterator<Item = &'w Weights> + Clone) -> Option<f32> {
    let reals = || handles.clone().flat_map(|w| (0..w.len()).map(|k| w.real(k))).filter(|v| *v != 0.0);
    // The exponent of the lowest bit that is set.
    let lowest = |v: f32| {
        let bits = v.to_bits();
        let (exponent, fraction) = (bits >> 23 & 0xff, bits & 0x7f_ffff);
        let whole = if exponent == 0 { fraction } else { fraction | 0x80_0000 };
        exponent.max(1) as i32 - 150 + whole.trailing_zeros() as i32
    };
    let exponent = reals().map(lowest).min()?;
    let fits = |scale: f32| {
        let in_range = |v: f32| (f64::from(v) / f64::from(scale)) as i64;
        reals().all(|v| v.is_finite() && (i64::from(RANGE.0)..=i64::from(RANGE.1)).contains(&in_range(v)))
    };
    if exponent >= 0 && fits(1.0) {
        return Some(1.0);
    }
    // A normal number, so that the quotients are exact.
    let scale = (-126..=127).contains(&exponent).then(|| f32::from_bits(((exponent + 127) as u32) << 23))?;
    fits(scale).then_some(scale)
}

fn largest(weights: &Weights) -> f32 {
    (0..weights.len()).map(|k| weights.real(k).abs()).fold(0f32, f32::max)
}

/// The weights as integers of `scale`, and the greatest difference in units of `scale`.
pub(super) fn integers(weights: &Weights, scale: f32) -> (Weights, f64) {
    // Seeded and sparse weights of the right scale stay what they are.
    let kept = matches!(&weights.scale, Some(Scale::PerTensor(s)) if *s == scale)
        || (weights.scale.is_none() && scale == 1.0);
    if kept && weights.is_integer() && in_range(weights) {
        return (Weights { scale: None, ..weights.clone() }, 0.0);
    }
    let mut worst = 0f64;
    let values: Vec<i8> = (0..weights.len())
        .map(|k| {
            let exact = f64::from(weights.real(k)) / f64::from(scale);
            let rounded = exact.round_ties_even().clamp(f64::from(RANGE.0), f64::from(RANGE.1));
            worst = worst.max((exact - rounded).abs());
            rounded as i8
        })
        .collect();
    (Weights { shape: weights.shape, storage: Storage::I8(values.into()), scale: None }, worst)
}

fn in_range(weights: &Weights) -> bool {
    let statistics = weights.statistics();
    statistics.min.unwrap_or(0) >= RANGE.0 && statistics.max.unwrap_or(0) <= RANGE.1
}

/// A bias in units of `scale`, and the greatest difference in those units.
pub(super) fn bias(bias: &Param<f32>, scale: f32) -> (Param<i32>, f64) {
    let mut worst = 0f64;
    let integer = bias.map(|b| {
        let exact = f64::from(*b) / f64::from(scale);
        let rounded = exact.round_ties_even();
        worst = worst.max((exact - rounded).abs());
        rounded as i32
    });
    (integer, worst)
}

/// An integer connection whose weights a synapse cannot store.
pub(super) fn outside_range(graph: &Graph, id: NodeId) -> Option<Diagnostic> {
    let node = graph.node(id);
    let weights = graph.weights(node.op.weights()?);
    let statistics = weights.statistics();
    let (min, max) = (statistics.min?, statistics.max?);
    (min < RANGE.0 || max > RANGE.1).then(|| {
        Diagnostic::new(Code::NotQuantisable, format!("weights of '{}' do not fit a synapse", node.name))
            .at(Location::node(&node.name).with_line(print_node(graph, id)))
            .label("an integer network is kept bit for bit")
            .rule("integer weight", format!("{}..{}", RANGE.0, RANGE.1), format!("{min}..{max}"))
            .remedy("quantise the weights to 8 bits before export")
    })
}
