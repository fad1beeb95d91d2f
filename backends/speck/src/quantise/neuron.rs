//! Neurons in integers: integrate-and-fire without leak, one threshold and one lower limit for the layer.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Emission, FixedPoint, Model, Overflow, Reset, Rounding, Spiking, Timing};

use super::refusal::{about, refuse};
use super::scale::{held, range};
use super::{LayerError, Widths};

/// How the chip's neurons calculate.
///
/// There is no decay. What a layer keeps from step to step lies between its lower limit and its threshold, both
/// of the width of a state; the sum of a step is not held to that width in between, as the chip adds event by
/// event and spikes on the way, and sinabs calculates in floating point.
pub(super) const FIXED: FixedPoint = FixedPoint {
    shift: 0,
    rounding: Rounding::TowardZero,
    v_bits: 32,
    v_overflow: Overflow::Saturate,
    i_bits: 32,
    i_overflow: Overflow::Saturate,
    rescale: None,
};

/// Constants of a layer of neurons of the chip's form.
#[derive(Debug)]
pub(super) struct Constants<S> {
    pub(super) threshold: S,
    pub(super) v_min: Option<S>,
}

/// The neurons, where they have the form that a core calculates.
///
/// # Errors
/// The first property that a core has not.
pub(super) fn form<'m, S: Copy + PartialEq>(
    graph: &Graph,
    id: NodeId,
    model: &'m Model<S>,
) -> Result<(&'m Spiking<S>, Constants<S>), Box<Diagnostic>> {
    const FORM: &str = "the chip has integrate-and-fire neurons";
    let no = |what: &str, remedy: &str| Err(Box::new(refuse(graph, id, what, FORM, remedy)));
    let Model::Spiking(m) = model else {
        return no(
            "does not spike",
            "use integrate-and-fire neurons; a quantised ReLU becomes one by conversion",
        );
    };
    if m.decay.is_some() {
        return no(
            "leaks by a factor",
            "train without leak (beta 1); a constant leak per step is a negative bias of the connection",
        );
    }
    if m.current.is_some() {
        return no("has a synaptic current", "use neurons whose input goes straight into the membrane");
    }
    if m.gain.is_some() {
        return no(
            "has an input gain that is not positive",
            "multiply the weights in front by it before export",
        );
    }
    if m.refractory > 0 {
        return no("has a refractory time", "train without it");
    }
    if m.levels.is_some() {
        return no(
            "rounds its membrane to levels",
            "train without state quantisation: the state has 16 bits",
        );
    }
    if !matches!(m.reset, Reset::Subtract(Timing::Same) | Reset::Zero(Timing::Same)) {
        return no(
            "is not reset by subtraction or to zero in the step of the spike",
            "train with such a reset (sinabs' MembraneSubtract or MembraneReset)",
        );
    }
    if matches!(m.emission, Emission::Scaled(_)) {
        return no(
            "gives out spikes of several values",
            "give all spikes of a layer one value; it can be moved into the weights behind",
        );
    }
    let (Some(threshold), Some(v_min)) = (m.threshold.uniform(), shared(m.v_min.as_ref())) else {
        return no(
            "has several thresholds or lower limits",
            "use one of each for the layer; a factor per channel can be moved into the weights",
        );
    };
    Ok((m, Constants { threshold, v_min }))
}

/// The one value of a parameter that may be absent.
fn shared<S: Copy + PartialEq>(param: Option<&Param<S>>) -> Option<Option<S>> {
    match param {
        None => Some(None),
        Some(p) => p.uniform().map(Some),
    }
}

/// The neurons in integers of `scale`.
pub(super) fn integers(
    graph: &Graph,
    id: NodeId,
    m: &Spiking<f32>,
    constants: &Constants<f32>,
    widths: Widths,
    error: &mut LayerError,
) -> Result<Spiking<i32>, Box<Diagnostic>> {
    let scale = error.scale;
    if constants.threshold <= 0.0 {
        return Err(Box::new(refuse(
            graph,
            id,
            "has a threshold that is not positive",
            "the state starts at zero and would spike without events",
            "use a threshold above zero",
        )));
    }
    let (threshold, off) = held(constants.threshold, scale, widths.state);
    if threshold < 1 {
        return Err(Box::new(
            about(graph, id, Code::NotQuantisable, "has a threshold that is no positive integer")
                .label("of its weights' step")
                .rule("threshold in steps", "at least 1", constants.threshold * scale)
                .remedy("the weights, or the biases, are large beside the threshold: scale both to a similar size"),
        ));
    }
    error.threshold = off / (f64::from(constants.threshold) * f64::from(scale)).abs();
    let v_min = lower_limit(graph, id, constants.v_min, widths, error)?;
    let mut fine = 0f64;
    let mut state = |p: &Param<f32>, bits: u32| {
        p.map(|v| {
            let (integer, off) = held(*v, scale, bits);
            fine = fine.max(off);
            integer
        })
    };
    let bias = m.bias.as_ref().map(|p| state(p, widths.weight));
    let initial = m.initial.as_ref().map(|p| state(p, widths.state));
    error.bias = error.bias.max(fine);
    let emission = match &m.emission {
        Emission::Count { max: Some(max) } => {
            if !max
                .values()
                .iter()
                .all(|v| v.fract() == 0.0 && (1.0..=f64::from(i32::MAX)).contains(&f64::from(*v)))
            {
                return Err(Box::new(refuse(
                    graph,
                    id,
                    "has a greatest spike count that is no positive integer",
                    "spikes are counted",
                    "use a whole number",
                )));
            }
            Emission::Count { max: Some(max.map(|v| *v as i32)) }
        }
        Emission::Count { max: None } => Emission::Count { max: None },
        _ => Emission::Binary,
    };
    let reset = match m.reset {
        Reset::Zero(timing) => Reset::Zero(timing),
        _ => Reset::Subtract(Timing::Same),
    };
    Ok(Spiking {
        compare: m.compare,
        reset,
        emission,
        bias,
        v_min: Some(Param::Scalar(v_min)),
        initial,
        ..Spiking::new(Param::Scalar(threshold), None)
    })
}

/// The lower limit of the state. A core always has one, and it must not be 0; without one in the network it is
/// the least state.
fn lower_limit(
    graph: &Graph,
    id: NodeId,
    v_min: Option<f32>,
    widths: Widths,
    error: &mut LayerError,
) -> Result<i32, Box<Diagnostic>> {
    let Some(v_min) = v_min else { return Ok(range(widths.state).0 as i32) };
    if v_min > 0.0 {
        return Err(Box::new(refuse(
            graph,
            id,
            "has a lower limit above zero",
            "a state starts at zero",
            "use a limit of zero or below",
        )));
    }
    let (integer, _) = held(v_min, error.scale, widths.state);
    let integer = integer.min(-1);
    error.v_min = (f64::from(v_min) * f64::from(error.scale) - f64::from(integer)).abs();
    Ok(integer)
}
