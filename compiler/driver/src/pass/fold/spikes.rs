//! Spikes of a constant value, and activations of spikes.

use snnc_ir::graph::op::{Op, Values};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Activation, Emission, Model, Neuron, Spec};

use super::factor::scale_behind;

/// A quantised activation of values that are 0 or 1: only its value at 1 matters.
pub(super) fn drop_spike_activation(graph: &mut Graph, id: NodeId) {
    let node = graph.node(id);
    let Op::Neuron(neuron) = &node.op else { return };
    let Neuron::Real(Spec { model: Model::Activation(a), .. }) = neuron.as_ref() else { return };
    let source = node.inputs[0];
    if !is_binary(graph, source) || level(a, 0.0) != 0.0 {
        return;
    }
    let factor = level(a, 1.0);
    let consumers = graph.consumers();
    if factor == 1.0 || scale_behind(graph, id, factor) {
        let origin = graph.node(id).origin.clone();
        for consumer in &consumers[id.index()] {
            for input in &mut graph.nodes[consumer.index()].inputs {
                if *input == id {
                    *input = source;
                }
            }
        }
        let kept = &mut graph.nodes[source.index()].origin;
        kept.extend(origin.into_iter().filter(|o| !kept.contains(o)).collect::<Vec<_>>());
        remove(graph, id);
    }
}

/// What the activation gives for `x`, as the interpreter calculates it.
fn level(a: &Activation<f32>, x: f32) -> f32 {
    let (zero, step) = (a.zero_point as f32, x / a.scale);
    let rounded = if a.half_up { (step + 0.5).floor() } else { step.round_ties_even() };
    let q = (rounded + zero).max(a.lo as f32).min(a.hi as f32);
    (q - zero) * a.scale
}

/// Whether the node gives out only 0 and 1, whatever the input.
fn is_binary(graph: &Graph, mut id: NodeId) -> bool {
    loop {
        let node = graph.node(id);
        match &node.op {
            Op::Input(input) => return input.values == Values::Binary,
            Op::Neuron(n) => {
                return matches!(
                    n.as_ref(),
                    Neuron::Real(Spec { model: Model::Spiking(s), .. }) if s.emission == Emission::Binary
                );
            }
            Op::Reshape | Op::Slice(_) | Op::MaxPool(_) => id = node.inputs[0],
            _ => return false,
        }
    }
}

/// Spikes of one constant value become spikes of 1.
pub(super) fn unit_spikes(graph: &mut Graph, id: NodeId) {
    let Some(value) = spiking(graph, id).and_then(|s| match &s.emission {
        Emission::Scaled(p) => p.uniform(),
        _ => None,
    }) else {
        return;
    };
    let folded = value == 1.0 || (value.is_finite() && value != 0.0 && scale_behind(graph, id, value));
    if folded
        && let Op::Neuron(n) = &mut graph.nodes[id.index()].op
        && let Neuron::Real(Spec { model: Model::Spiking(s), .. }) = n.as_mut()
    {
        s.emission = Emission::Binary;
    }
}

fn spiking(graph: &Graph, id: NodeId) -> Option<&snnc_ir::neuron::Spiking<f32>> {
    match &graph.node(id).op {
        Op::Neuron(n) => match n.as_ref() {
            Neuron::Real(Spec { model: Model::Spiking(s), .. }) => Some(s),
            _ => None,
        },
        _ => None,
    }
}

/// Turns a node that nothing reads into a no-op in place, so that ids stay: it is a reshape to its own
/// shape, which every later pass passes over.
fn remove(graph: &mut Graph, id: NodeId) {
    graph.nodes[id.index()].op = Op::Reshape;
}
