//! Neurons in the chip's fixed point.

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{
    Activation, Compare, Current, Emission, FixedPoint, Integrator, Model, Reset, Spec, Spiking,
};
use snnc_ir::text::print_node;

use super::INPUT_SHIFT;
use crate::rules::FixedForm;

/// Greatest magnitude of a membrane, threshold or constant: a state of 24 bits.
const STATE_MAX: f64 = (1i64 << 23) as f64 - 1.0;

/// Greatest differences between parameters and their integer forms.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    pub(super) threshold: f64,
    pub(super) decay: f64,
    pub(super) bias: f64,
}

/// Why a neuron has no integer form.
#[derive(Debug)]
pub(super) struct Problem {
    what: String,
    rule: Option<(&'static str, String, String)>,
    remedy: &'static str,
}

impl Problem {
    fn new(what: impl Into<String>, remedy: &'static str) -> Self {
        Self { what: what.into(), rule: None, remedy }
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

/// The neurons in units of `scale / 64`, with thresholds of the chip's form where it is fixed.
pub(super) fn quantise(
    spec: &Spec<f32>,
    scale: f32,
    form: Option<&FixedForm>,
) -> Result<(Spec<i32>, Loss), Problem> {
    let unit = f64::from(scale) / f64::from(1u32 << INPUT_SHIFT);
    let mut loss = Loss::default();
    let model = match &spec.model {
        Model::Spiking(m) => Model::Spiking(spiking(m, unit, form, &mut loss)?),
        Model::Integrator(m) => Model::Integrator(Integrator {
            decay: m.decay.as_ref().map(|p| decay(p, &mut loss)).transpose()?,
            gain: gain(m.gain.as_ref())?,
            rest: m.rest.as_ref().map(|p| state(p, unit, "resting value", &mut loss.bias)).transpose()?,
            initial: m
                .initial
                .as_ref()
                .map(|p| state(p, unit, "initial membrane", &mut loss.bias))
                .transpose()?,
        }),
        Model::Activation(Activation { .. }) => {
            return Err(Problem::new(
                "an activation without state of real values cannot be quantised yet",
                "quantise weights only and leave spikes and membranes in floating point",
            ));
        }
        Model::SigmaDelta(_) | Model::Delta(_) => {
            return Err(Problem::new(
                "graded real events cannot be quantised yet",
                "give the layer's integer form (an integer network is kept bit for bit)",
            ));
        }
    };
    Ok((Spec { model, start: spec.start }, loss))
}

fn spiking(
    m: &Spiking<f32>,
    unit: f64,
    form: Option<&FixedForm>,
    loss: &mut Loss,
) -> Result<Spiking<i32>, Problem> {
    if m.levels.is_some() {
        return Err(Problem::new(
            "quantised state levels have no form in the chip's fixed point",
            "train without state quantisation; the chip's membrane has 24 bits",
        ));
    }
    let mut fine = 0f64;
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
        Emission::Scaled(p) => Emission::Scaled(whole(p, "spike value")?),
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
                .map(|p| state(p, unit * f64::from(1u32 << INPUT_SHIFT), "initial current", &mut fine))
                .transpose()?,
        }),
    };
    let mut threshold_error = 0f64;
    let mut threshold = state(&m.threshold, unit, "threshold", &mut threshold_error)?;
    let mut compare = m.compare;
    if let Some(form) = form {
        threshold = stored_threshold(&threshold, compare, form, &mut threshold_error);
        compare = Compare::Greater;
    }
    let least = m.threshold.values().iter().map(|t| f64::from(t.abs())).fold(f64::INFINITY, f64::min);
    loss.threshold = if threshold_error == 0.0 { 0.0 } else { threshold_error * unit / least.max(unit) };
    let out = Spiking {
        decay: m.decay.as_ref().map(|p| decay(p, loss)).transpose()?,
        order: m.order,
        current,
        gain: gain(m.gain.as_ref())?,
        bias: m.bias.as_ref().map(|p| state(p, unit, "bias", &mut fine)).transpose()?,
        rest: m.rest.as_ref().map(|p| state(p, unit, "resting value", &mut fine)).transpose()?,
        threshold,
        compare,
        reset,
        emission,
        v_min: m.v_min.as_ref().map(|p| lower_clamp(p, unit, &mut fine)).transpose()?,
        refractory: m.refractory,
        levels: None,
        initial: m.initial.as_ref().map(|p| state(p, unit, "initial membrane", &mut fine)).transpose()?,
    };
    loss.bias = loss.bias.max(fine / f64::from(1u32 << INPUT_SHIFT));
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
fn decay(param: &Param<f32>, loss: &mut Loss) -> Result<Param<i32>, Problem> {
    let one = f64::from(1u32 << FixedPoint::LAVA.shift);
    if let Some(bad) = param.values().iter().find(|v| !(0.0..=1.0).contains(*v)) {
        return Err(Problem {
            what: "a decay factor is outside 0 to 1".into(),
            rule: Some(("decay factor", "0..1".into(), bad.to_string())),
            remedy: "clamp the decay factor to 0..1 before export",
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
fn state(param: &Param<f32>, unit: f64, name: &str, worst: &mut f64) -> Result<Param<i32>, Problem> {
    if let Some(bad) = param.values().iter().find(|v| v.is_nan() || f64::from(v.abs()) / unit > STATE_MAX) {
        return Err(Problem {
            what: format!("its {name} does not fit a state"),
            rule: Some((
                "state in units of the weight step / 64",
                format!("{STATE_MAX}"),
                format!("{}", f64::from(*bad) / unit),
            )),
            remedy: "the weights are very small beside the threshold: scale both to a similar size",
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

/// The input gain: 2^6, the chip's shift of synaptic input. A gain of the network is not folded yet.
fn gain(param: Option<&Param<f32>>) -> Result<Option<Param<i32>>, Problem> {
    match param.map(|p| p.values().iter().all(|v| *v == 1.0)) {
        None | Some(true) => Ok(Some(Param::Scalar(1 << INPUT_SHIFT))),
        Some(false) => Err(Problem::new(
            "an input gain other than 1 must be part of the weights",
            "multiply the weights (and biases) in front of the neurons by the gain before export",
        )),
    }
}

/// A factor on what enters the current is the chip's shift in an integer network; a network of real numbers has
/// none.
fn current_gain(factor: Option<f32>) -> Result<Option<i32>, Problem> {
    gain(factor.map(Param::Scalar).as_ref()).map(|_| None)
}

fn whole(param: &Param<f32>, name: &str) -> Result<Param<i32>, Problem> {
    if param.values().iter().all(|v| v.fract() == 0.0 && f64::from(v.abs()) <= STATE_MAX) {
        Ok(param.map(|v| *v as i32))
    } else {
        Err(Problem {
            what: format!("its {name} is not an integer"),
            rule: None,
            remedy: "use an integer value; a constant factor can be moved into the weights behind the neurons",
        })
    }
}
