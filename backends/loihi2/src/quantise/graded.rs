//! Populations that give out graded events.

use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{Activation, Delta, Integrator, Model, Rescale, SigmaDelta};

use super::neuron::{Around, Loss, Made, Problem, STATE_MAX, decay, gain, state};

/// Greatest magnitude of an event of 16 bits, the width in which the chip's convolutions take them.
const EVENT_MAX: f64 = i16::MAX as f64;

/// Greatest magnitude of a membrane as an event: 12 bits leave sums of 24 bits, which may be added up over many
/// steps, room for weights of 8 bits.
const MEMBRANE_MAX: f64 = (1 << 11) as f64 - 1.0;

/// A quantised activation: sums are brought to its levels and rounded to them.
pub(super) fn activation(a: &Activation<f32>, start: u32, around: &Around<'_>) -> Result<Made, Problem> {
    let mut loss = Loss::default();
    let rescale = factor(f64::from(around.scale) / f64::from(a.scale), &mut loss)?;
    // No event is wider than a state.
    let widest = |level: i32| {
        let found = i64::from(level) - i64::from(a.zero_point);
        found.clamp(-(STATE_MAX as i64), STATE_MAX as i64) + i64::from(a.zero_point)
    };
    let clamp = |v: i64| v.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
    let (lo, hi) = (clamp(widest(a.lo)), clamp(widest(a.hi)));
    let level = |l: i32| (f64::from(l) - f64::from(a.zero_point)).abs();
    let most = level(lo).max(level(hi));
    let Activation { zero_point, relu, half_up, .. } = *a;
    let model = Model::Activation(Activation { scale: 1, zero_point, lo, hi, relu, half_up });
    Ok(Made { unit: f64::from(a.scale), most, loss, ..Made::new(model, start, rescale) })
}

/// Sums as events, exactly; where a connection reads them and they do not fit 16 bits, in a coarser unit.
pub(super) fn relay(start: u32, around: &Around<'_>) -> Result<Made, Problem> {
    let shift = if around.read && around.most.is_finite() { excess(around.most, EVENT_MAX) } else { 0 };
    let hi = STATE_MAX as i32;
    let model =
        Model::Activation(Activation { scale: 1, zero_point: 0, lo: -hi, hi, relu: false, half_up: false });
    let loss = Loss { rescale: coarse(shift, around.most), ..Loss::default() };
    let unit = f64::from(around.scale) * f64::from(1u32 << shift);
    let most = (around.most / f64::from(1u32 << shift)).min(STATE_MAX);
    Ok(Made { unit, most, loss, ..Made::new(model, start, down(shift)) })
}

/// A membrane; where a connection reads it and it does not fit 12 bits, it gives it out in a coarser unit.
pub(super) fn integrator(
    m: &Integrator<f32>,
    start: u32,
    around: &Around<'_>,
    most: f64,
    shift: u32,
) -> Result<Made, Problem> {
    let unit = f64::from(around.scale) / f64::from(1u32 << shift);
    let mut loss = Loss::default();
    let mut worst = 0f64;
    let model = Model::Integrator(Integrator {
        decay: m.decay.as_ref().map(|p| decay(p, &mut loss)).transpose()?,
        gain: gain(m.gain.as_ref(), shift)?,
        rest: m.rest.as_ref().map(|p| state(p, unit, "resting value", &mut worst)).transpose()?,
        initial: m.initial.as_ref().map(|p| state(p, unit, "initial membrane", &mut worst)).transpose()?,
    });
    loss.bias = worst / f64::from(1u32 << shift);
    // The constants may raise it; a state holds no more in any case.
    let constants = m.rest.is_some() || m.initial.is_some();
    let most = if constants { STATE_MAX } else { (most * f64::from(1u32 << shift)).min(STATE_MAX) };
    let right = if around.read { excess(most, MEMBRANE_MAX) } else { 0 };
    loss.rescale = coarse(right, most);
    let parts = f64::from(1u32 << right);
    Ok(Made { unit: unit * parts, most: most / parts, loss, ..Made::new(model, start, down(right)) })
}

/// Sum and bias count in the weight step, threshold and reference in the unit of what is given out.
pub(super) fn sigma_delta(m: &SigmaDelta<f32>, start: u32, around: &Around<'_>) -> Result<Made, Problem> {
    whole_units(m.unit, around)?;
    let mut loss = Loss::default();
    let mut worst = 0f64;
    let bias = m.bias.as_ref().map(|p| state(p, f64::from(around.scale), "bias", &mut worst)).transpose()?;
    loss.bias = worst;
    let rescale = factor(f64::from(around.scale) / around.unit, &mut loss)?;
    let threshold = threshold(&m.threshold, around.unit, &mut loss)?;
    let (activation, compare, unit) = (m.activation, m.compare, m.unit);
    let model = Model::SigmaDelta(SigmaDelta { activation, threshold, compare, bias, unit });
    Ok(Made { unit: around.unit, loss, ..Made::new(model, start, rescale) })
}

/// Threshold and reference count in the unit of what is given out.
pub(super) fn delta(m: &Delta<f32>, start: u32, around: &Around<'_>) -> Result<Made, Problem> {
    whole_units(m.unit, around)?;
    let mut loss = Loss::default();
    let rescale = factor(f64::from(around.scale) / around.unit, &mut loss)?;
    let threshold = threshold(&m.threshold, around.unit, &mut loss)?;
    let model = Model::Delta(Delta { threshold, compare: m.compare, unit: m.unit });
    Ok(Made { unit: around.unit, loss, ..Made::new(model, start, rescale) })
}

/// Changes that are given out in whole units: those of integers only, where threshold and reference count in 1.
fn whole_units(unit: Option<u32>, around: &Around<'_>) -> Result<(), Problem> {
    match unit {
        Some(unit) if !around.whole => Err(Problem::new(
            format!(
                "it gives out changes in whole units of {unit}, and its sums are no integers by construction"
            ),
            "use integer weights, biases, thresholds and inputs in front of it, or leave out the Floor behind it",
        )),
        _ => Ok(()),
    }
}

fn threshold(param: &Param<f32>, unit: f64, loss: &mut Loss) -> Result<Param<i32>, Problem> {
    let mut worst = 0f64;
    let out = state(param, unit, "threshold", &mut worst)?;
    let least = param.values().iter().map(|t| f64::from(t.abs())).fold(f64::INFINITY, f64::min);
    loss.threshold = if worst == 0.0 { 0.0 } else { worst * unit / least.max(unit) };
    Ok(out)
}

/// The factor from sums to what is given out; none when it is 1.
fn factor(ratio: f64, loss: &mut Loss) -> Result<Option<Rescale>, Problem> {
    let Some(found) = Rescale::nearest(ratio) else {
        return Err(Problem::new(
            "its step and the step of the weights in front of it are too far apart",
            "bring the weights to the size of the activation's step, for example by a batch normalisation",
        ));
    };
    // Both scales are rounded to 32-bit floats: the last bits of their ratio mean nothing.
    let error = (found.ratio() / ratio - 1.0).abs();
    loss.rescale = if error < f64::from(f32::EPSILON) / 2.0 { 0.0 } else { error };
    Ok((found.ratio() != 1.0).then_some(found))
}

/// By how many bits a magnitude exceeds the greatest of an event.
fn excess(most: f64, event: f64) -> u32 {
    (0..24).find(|shift| most / f64::from(1u32 << shift) <= event).unwrap_or(24)
}

fn down(shift: u32) -> Option<Rescale> {
    (shift > 0).then_some(Rescale { multiplier: 1, shift: shift as u8 })
}

/// Half a step of a coarser unit, relative to the greatest value.
fn coarse(shift: u32, most: f64) -> f64 {
    if shift == 0 { 0.0 } else { f64::from(1u32 << shift) / 2.0 / most }
}
