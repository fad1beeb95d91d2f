//! The verifier. Its promise: on a verified graph no pass panics.

use super::op::{Bias, Op, Values};
use super::shape::Shape;
use super::weights::{Scale, Storage, Weights};
use super::{Graph, Node, NodeId, Number};
use crate::neuron::{Delta, Emission, MAX_UNIT, Model, Neuron, Rescale, Reset, SigmaDelta, Spec, Timing};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// Greatest number of elements of one value, of one weight tensor, of what one delay holds, and of an
/// axis with its padding; what a pass may allocate for one of them is bounded by this.
pub const MAX_ELEMENTS: usize = 1 << 28;

/// Longest delay.
pub const MAX_DELAY: u32 = 1 << 20;

/// A rule of the graph that a node breaks.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("node '{node}': {problem}")]
pub struct VerifyError {
    /// Name of the node, or of the graph.
    pub node: String,
    /// The rule, in words.
    pub problem: String,
}

/// Checks every rule of a graph and returns all that are broken.
///
/// # Errors
/// Every broken rule, in node order.
pub fn verify(graph: &Graph) -> Result<(), Vec<VerifyError>> {
    let mut errors = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for id in graph.ids() {
        let node = graph.node(id);
        let mut fail = |problem: String| errors.push(VerifyError { node: node.name.clone(), problem });
        if !names.insert(node.name.as_str()) {
            fail("its name is taken by an earlier node".into());
        }
        check_node(graph, id, node, &mut fail);
    }
    let mut fail =
        |problem: &str| errors.push(VerifyError { node: graph.name.clone(), problem: problem.into() });
    if graph.steps == 0 {
        fail("a network runs for at least one step");
    }
    if graph.outputs().is_empty() {
        fail("the network has no output");
    }
    for (k, weights) in graph.weights.iter().enumerate() {
        // Without the first, a product of some of the sizes could overflow.
        if weights.is_empty() || weights.len() > MAX_ELEMENTS {
            fail(&format!("weights @{k} are empty or too large"));
        } else if !weights.is_consistent() {
            fail(&format!("weights @{k} do not hold what their shape says"));
        }
        if !is_finite(weights) {
            fail(&format!("weights @{k} hold a value that is not finite"));
        }
        if graph.number == Number::Integer && (!weights.is_integer() || weights.scale.is_some()) {
            fail(&format!("weights @{k} are real in an integer graph"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn is_finite(weights: &Weights) -> bool {
    let values: &[f32] = match &weights.storage {
        Storage::F32(values) => values,
        _ => &[],
    };
    let scales: &[f32] = match &weights.scale {
        None => &[],
        Some(Scale::PerTensor(scale)) => std::slice::from_ref(scale),
        Some(Scale::PerChannel(scales)) => scales,
    };
    values.iter().chain(scales).all(|v| v.is_finite())
}

fn check_node(graph: &Graph, id: NodeId, node: &Node, fail: &mut impl FnMut(String)) {
    if node.shape.is_empty() || node.shape.len() > MAX_ELEMENTS {
        fail(format!("a value of shape {} is empty or too large", node.shape));
        return;
    }
    let mut shapes: Vec<Shape> = Vec::with_capacity(node.inputs.len());
    for input in &node.inputs {
        let Some(source) = graph.nodes.get(input.index()) else {
            fail(format!("input {} does not exist", input.0));
            return;
        };
        if input.index() >= id.index() && !matches!(node.op, Op::Delay(_)) {
            fail(format!("it reads '{}', which comes later, without a delay", source.name));
        }
        if matches!(source.op, Op::Output) {
            fail(format!("it reads the output '{}'", source.name));
        }
        shapes.push(source.shape);
    }
    match node.op.output_shape(&shapes, node.shape) {
        Ok(shape) if shape == node.shape => {}
        Ok(shape) => fail(format!("its shape is {shape}, not {}", node.shape)),
        Err(e) => fail(e.to_string()),
    }
    check_op(graph, node, fail);
}

fn check_op(graph: &Graph, node: &Node, fail: &mut impl FnMut(String)) {
    if let Some(id) = node.op.weights() {
        match (graph.weights.get(id.0 as usize), &node.op) {
            (None, _) => fail("its weights do not exist".into()),
            (Some(w), Op::Conv2d(op)) if w.shape != op.kernel => {
                fail("its weights have another shape".into())
            }
            (Some(w), Op::Linear(op)) if w.shape != [op.outputs, op.inputs, 1, 1] => {
                fail("its weights have another shape".into());
            }
            _ => {}
        }
    }
    match &node.op {
        Op::Conv2d(super::op::Conv2d { bias: Some(bias), .. })
        | Op::Linear(super::op::Linear { bias: Some(bias), .. }) => {
            let integer = matches!(bias, Bias::Integer(_));
            if integer != (graph.number == Number::Integer) {
                fail("its bias is of the other number system".into());
            }
            if !bias.fits(node.shape) {
                fail("its bias does not fit its shape".into());
            }
            if let Bias::Real(p) = bias
                && !p.values().iter().all(|v| v.is_finite())
            {
                fail("its bias is not finite".into());
            }
        }
        Op::Input(input) => match input.values {
            Values::Real if graph.number == Number::Integer => {
                fail("a real input in an integer graph".into())
            }
            Values::Integer { lo, hi } | Values::Quantised { lo, hi, .. } if lo > hi => {
                fail("its range of values is empty".into())
            }
            Values::Quantised { .. } if graph.number == Number::Real => {
                fail("a quantised input in a real graph".into())
            }
            Values::Quantised { scale, .. } if !(scale.is_finite() && scale > 0.0) => {
                fail("the scale of its values is not positive".into())
            }
            _ => {}
        },
        Op::SumPool(pool) if pool.divisor == 0 || (graph.number == Number::Integer && pool.divisor != 1) => {
            fail("its divisor must be 1 (integer graph) or positive".into());
        }
        Op::Delay(delay) if delay.steps == 0 => fail("a delay lasts at least one step".into()),
        Op::Delay(delay)
            if delay.steps > MAX_DELAY
                || node.shape.len().saturating_mul(delay.steps as usize) > MAX_ELEMENTS =>
        {
            fail(format!("a delay of {} steps holds too much", delay.steps));
        }
        Op::Neuron(neuron) => check_neuron(graph, node, neuron, fail),
        _ => {}
    }
}

fn check_neuron(graph: &Graph, node: &Node, neuron: &Neuron, fail: &mut impl FnMut(String)) {
    if !neuron.fits(node.shape) {
        fail("a parameter does not fit its shape".into());
    }
    match neuron {
        Neuron::Real(_) if graph.number == Number::Integer => {
            fail("a real neuron in an integer graph".into())
        }
        Neuron::Integer(..) if graph.number == Number::Real => {
            fail("an integer neuron in a real graph".into())
        }
        Neuron::Real(spec) => {
            if let Model::Activation(a) = &spec.model
                && !(a.scale.is_finite() && a.scale > 0.0 && a.lo <= a.hi)
            {
                fail("the levels of its activation are not in order".into());
            }
            for (name, param) in spec.model.params() {
                if !param.values().iter().all(|v| v.is_finite()) {
                    fail(format!("its {name} is not finite"));
                }
            }
            if let Model::Spiking(s) = &spec.model {
                if !s.levels.iter().flatten().all(|v| v.is_finite()) {
                    fail("one of its state levels is not finite".into());
                }
                if s.current.iter().flat_map(|c| &c.gain).any(|v| !v.is_finite()) {
                    fail("the gain of its current is not finite".into());
                }
            }
            check_spec(spec, fail);
        }
        Neuron::Integer(spec, fixed) => {
            if fixed.shift > 30 || !(2..=32).contains(&fixed.v_bits) || !(2..=32).contains(&fixed.i_bits) {
                fail("its fixed-point widths are out of range".into());
            }
            if let Model::Activation(a) = &spec.model {
                if a.scale != 1 {
                    fail("the scale of an integer activation is 1".into());
                }
                if a.lo > a.hi {
                    fail("the levels of its activation are not in order".into());
                }
            }
            if let Some(rescale) = fixed.rescale {
                if matches!(spec.model, Model::Spiking(_)) {
                    fail("spikes are not rescaled".into());
                }
                if !(1..=Rescale::MAX_MULTIPLIER).contains(&rescale.multiplier)
                    || rescale.shift > Rescale::MAX_SHIFT
                {
                    fail("its factor on graded values is out of range".into());
                }
            }
            check_spec(spec, fail);
        }
    }
}

fn check_spec<S: PartialOrd + Default + Copy>(spec: &Spec<S>, fail: &mut impl FnMut(String)) {
    let s = match &spec.model {
        Model::Spiking(spiking) => spiking,
        Model::SigmaDelta(SigmaDelta { unit: Some(unit), .. })
        | Model::Delta(Delta { unit: Some(unit), .. }) => {
            if !unit.is_power_of_two() || *unit > MAX_UNIT {
                fail(format!("its unit of changes, {unit}, is no power of two up to {MAX_UNIT}"));
            }
            return;
        }
        _ => return,
    };
    if s.reset.timing() == Some(Timing::Refund) && !matches!(s.reset, Reset::Subtract(_)) {
        fail("a refunded reset must subtract".into());
    }
    if matches!(s.emission, Emission::Count { .. }) {
        if !matches!(s.reset.timing(), None | Some(Timing::Same)) {
            fail("a neuron that counts must reset in the same step".into());
        }
        if s.threshold.values().iter().any(|t| *t <= S::default()) {
            fail("a neuron that counts needs a positive threshold".into());
        }
    }
    if s.levels.as_ref().is_some_and(Vec::is_empty) {
        fail("it has no state level".into());
    }
}
