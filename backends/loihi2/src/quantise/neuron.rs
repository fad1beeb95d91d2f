//! Neurons in the chip's fixed point.

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{
    Compare, Current, Emission, FixedPoint, Integrator, Model, Neuron, Rescale, Reset, Spec, Spiking,
};
use snnc_ir::text::print_node;

use crate::rules::FixedForm;

use super::prepare::is_relay;
use super::unit::Spike;
use super::{INPUT_SHIFT, graded};

/// Greatest magnitude of a membrane, threshold or constant: a state of 24 bits.
pub(super) const STATE_MAX: f64 = (1i64 << 23) as f64 - 1.0;

/// Greatest differences between parameters and their integer forms.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    pub(super) threshold: f64,
    pub(super) decay: f64,
    pub(super) bias: f64,
    /// Relative error of a factor on graded values, or of the value of a spike.
    pub(super) rescale: f64,
}

/// What is known around a population.
#[derive(Debug)]
pub(super) struct Around<'r> {
    /// Real value of an integer weight of 1.
    pub(super) scale: f32,
    /// Greatest magnitude of the sums that come in, in units of `scale`.
    pub(super) most: f64,
    /// Whether what comes in are spikes of 1.
    pub(super) spikes: bool,
    /// Steps per inference.
    pub(super) steps: u32,
    /// What an event is to stand for, where that is not up to the population.
    pub(super) unit: f64,
    /// Whether what it calculates with are integers by construction; `unit` is 1 then.
    pub(super) whole: bool,
    /// Whether a connection reads it, and not only an output.
    pub(super) read: bool,
    /// How a spike of a real value is given out.
    pub(super) spike: Option<Spike>,
    /// The form of thresholds and comparisons, where the chip fixes it.
    pub(super) form: Option<&'r FixedForm>,
}

/// A population in integers.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) neuron: Neuron,
    /// What an event of 1 stands for.
    pub(super) unit: f64,
    /// Greatest magnitude of an event.
    pub(super) most: f64,
    pub(super) loss: Loss,
}

impl Made {
    pub(super) fn new(model: Model<i32>, start: u32, rescale: Option<Rescale>) -> Self {
        let fixed = FixedPoint { rescale, ..FixedPoint::LAVA };
        let neuron = Neuron::Integer(Spec { model, start }, fixed);
        Self { neuron, unit: 1.0, most: f64::INFINITY, loss: Loss::default() }
    }
}

/// Why a neuron has no integer form.
#[derive(Debug)]
pub(super) struct Problem {
    what: String,
    rule: Option<(&'static str, String, String)>,
    remedy: &'static str,
    /// Whether a coarser state would help.
    coarser: bool,
}

impl Problem {
    pub(super) fn new(what: impl Into<String>, remedy: &'static str) -> Self {
        Self { what: what.into(), rule: None, remedy, coarser: false }
    }

    pub(super) fn diagnostic(self, graph: &Graph, id: NodeId) -> Diagnostic {
        let node = graph.node(id);
        let diagnostic = Diagnostic::new(Code::NotQuantisable, format!("'{}': {}", node.name, self.what))
            .at(Location::node(&node.name).with_line(print_node(graph, id)))
            .label("no integer form on this chip")
            .remedy(self.remedy);
        match self.rule {
            Some((name, limit, found)) => diagnostic.rule(name, limit, found),
            None => diagnostic,
        }
    }
}

/// The neurons in integers: spiking neurons and integrators in units of `scale / 2^k`.
///
/// `k` is the chip's shift of synaptic input, 6, as long as what comes in are spikes. Graded events can be
/// large: then it is the greatest for which the greatest sum fits a state. In any case it is small enough for
/// every constant to fit.
pub(super) fn quantise(spec: &Spec<f32>, around: &Around<'_>) -> Result<Made, Problem> {
    match &spec.model {
        Model::Activation(a) => graded::activation(a, spec.start, around),
        Model::SigmaDelta(m) => graded::sigma_delta(m, spec.start, around),
        Model::Delta(m) => graded::delta(m, spec.start, around),
        Model::Integrator(m) if is_relay(m) => graded::relay(spec.start, around),
        Model::Integrator(m) => {
            let most = around.most * steps_held(m, around.steps);
            at_shift(around, most, |shift| graded::integrator(m, spec.start, around, most, shift))
        }
        Model::Spiking(m) => at_shift(around, around.most, |shift| {
            let mut loss = Loss::default();
            let model = Model::Spiking(spiking(m, around, shift, &mut loss)?);
            let most = match &model {
                Model::Spiking(Spiking {
                    emission: Emission::Count { max: Some(p) } | Emission::Scaled(p),
                    ..
                }) => p.values().iter().map(|v| f64::from(v.unsigned_abs())).fold(1.0, f64::max),
                _ => 1.0,
            };
            let spike = around.spike.as_ref().map_or(0.0, |s| s.error);
            loss.rescale = loss.rescale.max(spike);
            Ok(Made { unit: around.unit, most, loss, ..Made::new(model, spec.start, None) })
        }),
    }
}

/// How many steps' input a membrane holds at most.
fn steps_held(m: &Integrator<f32>, steps: u32) -> f64 {
    let decays = m.decay.as_ref().map_or(&[1.0][..], Param::values);
    let held = |d: &f32| if *d < 1.0 { 1.0 / (1.0 - f64::from(d.max(0.0))) } else { f64::INFINITY };
    decays.iter().map(held).fold(1.0, f64::max).min(f64::from(steps))
}

/// Tries shifts of the input, from the greatest that the sums allow.
fn at_shift(
    around: &Around<'_>,
    most: f64,
    make: impl Fn(u32) -> Result<Made, Problem>,
) -> Result<Made, Problem> {
    let fits = |shift: &u32| most * f64::from(1u32 << shift) <= STATE_MAX;
    let first = if around.spikes { INPUT_SHIFT } else { (0..=INPUT_SHIFT).rev().find(fits).unwrap_or(0) };
    let mut shift = first;
    loop {
        match make(shift) {
            Err(problem) if problem.coarser && shift > 0 => shift -= 1,
            result => return result,
        }
    }
}

fn spiking(
    m: &Spiking<f32>,
    around: &Around<'_>,
    shift: u32,
    loss: &mut Loss,
) -> Result<Spiking<i32>, Problem> {
    let parts = f64::from(1u32 << shift);
    let unit = f64::from(around.scale) / parts;
    let mut fine = 0f64;
    let levels = m.levels.as_deref().map(|l| state_levels(l, unit, &mut fine)).transpose()?;
    let reset = match &m.reset {
        Reset::None => Reset::None,
        Reset::Subtract(t) => Reset::Subtract(*t),
        Reset::Zero(t) => Reset::Zero(*t),
        Reset::Value(t, p) => Reset::Value(*t, state(p, unit, "reset value", &mut fine)?),
    };
    let emission = match &m.emission {
        Emission::Binary => Emission::Binary,
        Emission::Count { max } => {
            Emission::Count { max: max.as_ref().map(|p| whole(p, "greatest spike count")).transpose()? }
        }
        Emission::Scaled(p) => match &around.spike {
            Some(spike) => spike.emission.clone(),
            None => Emission::Scaled(whole(p, "spike value")?),
        },
    };
    let current = match &m.current {
        None => None,
        Some(c) => Some(Current {
            decay: decay(&c.decay, loss)?,
            order: c.order,
            gain: current_gain(c.gain)?,
            // The current counts in weight units; the gain shifts it on its way into the membrane.
            initial: c
                .initial
                .as_ref()
                .map(|p| state(p, unit * parts, "initial current", &mut fine))
                .transpose()?,
        }),
    };
    let mut threshold_error = 0f64;
    let mut threshold = state(&m.threshold, unit, "threshold", &mut threshold_error)?;
    let mut compare = m.compare;
    if let Some(form) = around.form {
        threshold = stored_threshold(&threshold, compare, form, &mut threshold_error);
        compare = Compare::Greater;
    }
    let least = m.threshold.values().iter().map(|t| f64::from(t.abs())).fold(f64::INFINITY, f64::min);
    loss.threshold = if threshold_error == 0.0 { 0.0 } else { threshold_error * unit / least.max(unit) };
    let out = Spiking {
        decay: m.decay.as_ref().map(|p| decay(p, loss)).transpose()?,
        order: m.order,
        current,
        gain: gain(m.gain.as_ref(), shift)?,
        bias: m.bias.as_ref().map(|p| state(p, unit, "bias", &mut fine)).transpose()?,
        rest: m.rest.as_ref().map(|p| state(p, unit, "resting value", &mut fine)).transpose()?,
        threshold,
        compare,
        reset,
        emission,
        v_min: m.v_min.as_ref().map(|p| lower_clamp(p, unit, &mut fine)).transpose()?,
        refractory: m.refractory,
        levels,
        initial: m.initial.as_ref().map(|p| state(p, unit, "initial membrane", &mut fine)).transpose()?,
    };
    loss.bias = loss.bias.max(fine / parts);
    Ok(out)
}

/// The nearest threshold that the chip stores, for a comparison by `>`: `v >= t` is `v > t - 1` of integers.
fn stored_threshold(exact: &Param<i32>, compare: Compare, form: &FixedForm, worst: &mut f64) -> Param<i32> {
    let step = f64::from(1u32 << form.threshold_shift);
    let before = if compare == Compare::GreaterOrEqual { 1.0 } else { 0.0 };
    exact.map(|t| {
        let wanted = f64::from(*t) - before;
        let stored = (wanted / step).round_ties_even().clamp(1.0, form.threshold_max as f64) * step;
        *worst = worst.max((stored - wanted).abs());
        stored as i32
    })
}

/// A decay factor as a numerator over 2^12.
pub(super) fn decay(param: &Param<f32>, loss: &mut Loss) -> Result<Param<i32>, Problem> {
    let one = f64::from(1u32 << FixedPoint::LAVA.shift);
    if let Some(bad) = param.values().iter().find(|v| !(0.0..=1.0).contains(*v)) {
        return Err(Problem {
            what: "a decay factor is outside 0 to 1".into(),
            rule: Some(("decay factor", "0..1".into(), bad.to_string())),
            remedy: "clamp the decay factor to 0..1 before export",
            coarser: false,
        });
    }
    Ok(param.map(|v| {
        let exact = f64::from(*v) * one;
        let rounded = exact.round_ties_even();
        loss.decay = loss.decay.max((exact - rounded).abs() / one);
        rounded as i32
    }))
}

/// A constant of the membrane in units of `unit`; the greatest rounding, in those units, goes to `worst`.
pub(super) fn state(
    param: &Param<f32>,
    unit: f64,
    name: &str,
    worst: &mut f64,
) -> Result<Param<i32>, Problem> {
    if let Some(bad) = param.values().iter().find(|v| v.is_nan() || f64::from(v.abs()) / unit > STATE_MAX) {
        return Err(Problem {
            what: format!("its {name} does not fit a state"),
            rule: Some((
                "state in units of the weight step",
                format!("{STATE_MAX}"),
                format!("{}", f64::from(*bad) / unit),
            )),
            remedy: "the weights are very small beside the threshold: scale both to a similar size",
            coarser: true,
        });
    }
    Ok(param.map(|v| {
        let exact = f64::from(*v) / unit;
        let rounded = exact.round_ties_even();
        *worst = worst.max((exact - rounded).abs());
        rounded as i32
    }))
}

/// A lower clamp; one below every state does nothing and becomes the least state.
fn lower_clamp(param: &Param<f32>, unit: f64, worst: &mut f64) -> Result<Param<i32>, Problem> {
    let held = param.map(|v| (f64::from(*v).max(-STATE_MAX * unit)) as f32);
    state(&held, unit, "lower clamp", worst)
}

/// The input gain: the shift of synaptic input. A gain of the network that is still there could not be folded.
pub(super) fn gain(param: Option<&Param<f32>>, shift: u32) -> Result<Option<Param<i32>>, Problem> {
    match param.map(|p| p.values().iter().all(|v| *v == 1.0)) {
        None | Some(true) => Ok((shift > 0).then_some(Param::Scalar(1 << shift))),
        Some(false) => Err(Problem::new(
            "an input gain that is not positive, or one per neuron of an integrator, must be part of the weights",
            "multiply the weights (and biases) in front of the neurons by the gain before export",
        )),
    }
}

/// A factor on what enters the current is the chip's shift in an integer network; a network of real numbers has
/// none.
fn current_gain(factor: Option<f32>) -> Result<Option<i32>, Problem> {
    gain(factor.map(Param::Scalar).as_ref(), 0).map(|_| None)
}

/// State levels at equal distances, which a membrane can be rounded to by calculation.
fn state_levels(levels: &[f32], unit: f64, worst: &mut f64) -> Result<Vec<i32>, Problem> {
    let (first, last) = match levels {
        [] => (0.0, 0.0),
        [first, .., last] => (f64::from(*first), f64::from(*last)),
        [one] => (f64::from(*one), f64::from(*one)),
    };
    let step = (last - first) / (levels.len().max(2) - 1) as f64;
    let even = |(k, l): (usize, &f32)| (f64::from(*l) - first - step * k as f64).abs() <= 0.01 * step.abs();
    if !levels.iter().enumerate().all(even) {
        return Err(Problem::new(
            "state levels at unequal distances have no form in the chip's fixed point",
            "train with state levels at equal distances, or without state quantisation: the chip's membrane has \
             24 bits",
        ));
    }
    let levels = Param::PerNeuron(levels.to_vec());
    Ok(state(&levels, unit, "greatest state level", worst)?.values().to_vec())
}

fn whole(param: &Param<f32>, name: &str) -> Result<Param<i32>, Problem> {
    if param.values().iter().all(|v| v.fract() == 0.0 && f64::from(v.abs()) <= STATE_MAX) {
        Ok(param.map(|v| *v as i32))
    } else {
        Err(Problem {
            what: format!("its {name} is not an integer"),
            rule: None,
            remedy: "use an integer value; a constant factor can be moved into the weights behind the neurons",
            coarser: false,
        })
    }
}
