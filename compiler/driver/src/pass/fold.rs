//! Folding of constant factors in a real graph, before quantisation.
//!
//! - The divisor of an average pooling moves into the weights behind it; where there are none, the
//!   pooling becomes a depthwise convolution with equal weights.
//! - A spike of constant value becomes a spike of 1, its value a factor of the weights behind it.
//! - The input gain of a layer of neurons becomes a factor of the weights and biases in front of it.
//! - A quantised activation of spikes that maps 0 to 0 and 1 to a constant is dropped, likewise.
//!
//! Factors are multiplied in `f32`; powers of two, the usual case, are exact.

use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op, SumPool};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::weights::{Scale, Storage, WeightId, Weights};
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::neuron::{Activation, Emission, Model, Neuron, Spec};

/// Folds what can be folded; an integer graph is returned as it is.
pub fn fold(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    if graph.number == Number::Integer {
        return graph;
    }
    for id in graph.ids() {
        drop_spike_activation(&mut graph, id);
        unit_spikes(&mut graph, id);
        pool_divisor(&mut graph, id);
    }
    for id in graph.ids() {
        input_gain(&mut graph, id);
    }
    graph
}

/// A quantised activation of values that are 0 or 1: only its value at 1 matters.
fn drop_spike_activation(graph: &mut Graph, id: NodeId) {
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
    let zero = a.zero_point as f32;
    let q = ((x / a.scale).round_ties_even() + zero).max(a.lo as f32).min(a.hi as f32);
    (q - zero) * a.scale
}

/// Whether the node gives out only 0 and 1, whatever the input.
fn is_binary(graph: &Graph, mut id: NodeId) -> bool {
    loop {
        let node = graph.node(id);
        match &node.op {
            Op::Input(input) => return input.values == snnc_ir::graph::op::Values::Binary,
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
fn unit_spikes(graph: &mut Graph, id: NodeId) {
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

fn pool_divisor(graph: &mut Graph, id: NodeId) {
    let Op::SumPool(pool) = graph.node(id).op else { return };
    if pool.divisor == 1 {
        return;
    }
    let factor = 1.0 / pool.divisor as f32;
    if scale_behind(graph, id, factor) {
        graph.nodes[id.index()].op = Op::SumPool(SumPool { divisor: 1, ..pool });
        return;
    }
    let c = graph.node(id).shape.c;
    let [kh, kw] = pool.window.kernel;
    let weights = graph.push_weights(Weights {
        shape: [c, 1, kh, kw],
        storage: Storage::I8(vec![1; c * kh * kw].into()),
        scale: Some(Scale::PerTensor(factor)),
    });
    graph.nodes[id.index()].op = Op::Conv2d(Conv2d {
        weights,
        kernel: [c, 1, kh, kw],
        bias: None,
        stride: pool.window.stride,
        pad: pool.window.pad,
        dilation: [1, 1],
        groups: c,
    });
}

/// The input gain of a layer of neurons goes into the weights in front of it, when they serve no other.
fn input_gain(graph: &mut Graph, id: NodeId) {
    let Op::Neuron(neuron) = &graph.node(id).op else { return };
    let Neuron::Real(spec) = neuron.as_ref() else { return };
    let gain = match &spec.model {
        Model::Spiking(s) if s.current.as_ref().is_none_or(|c| c.initial.is_none()) => s.gain.as_ref(),
        Model::Integrator(m) => m.gain.as_ref(),
        _ => None,
    };
    let Some(gain) = gain.and_then(Param::uniform).filter(|g| g.is_finite() && *g != 0.0) else { return };
    let Some(connections) = connections_before(graph, id) else { return };
    for connection in connections {
        scale_connection(graph, connection, gain, true);
    }
    drop_unused_weights(graph);
    if let Op::Neuron(neuron) = &mut graph.nodes[id.index()].op
        && let Neuron::Real(spec) = neuron.as_mut()
    {
        match &mut spec.model {
            Model::Spiking(s) => s.gain = None,
            Model::Integrator(m) => m.gain = None,
            _ => {}
        }
    }
}

/// The connections whose sums only that layer of neurons reads; `None` when something else reads one or
/// events enter without weights.
fn connections_before(graph: &Graph, id: NodeId) -> Option<Vec<NodeId>> {
    let consumers = graph.consumers();
    let mut connections = Vec::new();
    let mut stack = graph.node(id).inputs.clone();
    while let Some(at) = stack.pop() {
        if consumers[at.index()].len() != 1 {
            return None;
        }
        match &graph.node(at).op {
            Op::Conv2d(_) | Op::Linear(_) => connections.push(at),
            Op::Add | Op::Reshape | Op::Slice(_) | Op::Concat => stack.extend(&graph.node(at).inputs),
            _ => return None,
        }
    }
    Some(connections)
}

/// Multiplies the weights, and the bias where asked, of a connection.
fn scale_connection(graph: &mut Graph, id: NodeId, factor: f32, with_bias: bool) {
    let Some(old) = graph.node(id).op.weights() else { return };
    let scaled = scaled(graph.weights(old), factor);
    let new = graph.push_weights(scaled);
    let op = &mut graph.nodes[id.index()].op;
    set_weights(op, new);
    if let Op::Conv2d(Conv2d { bias, .. }) | Op::Linear(Linear { bias, .. }) = op
        && with_bias
        && let Some(Bias::Real(values)) = bias
    {
        *values = values.map(|v| v * factor);
    }
}

/// Multiplies the weights of every connection that reads the node by `factor`. Does nothing and gives
/// `false` when something reads it that has no weights, or reads something else too.
fn scale_behind(graph: &mut Graph, id: NodeId, factor: f32) -> bool {
    let consumers = graph.consumers();
    let mut connections = Vec::new();
    let mut stack = vec![id];
    while let Some(at) = stack.pop() {
        for consumer in &consumers[at.index()] {
            match &graph.node(*consumer).op {
                Op::Conv2d(_) | Op::Linear(_) => connections.push(*consumer),
                Op::Reshape | Op::Slice(_) | Op::MaxPool(_) | Op::Delay(_) if factor > 0.0 => {
                    stack.push(*consumer)
                }
                Op::SumPool(_) => stack.push(*consumer),
                _ => return false,
            }
        }
    }
    connections.sort_unstable();
    connections.dedup();
    for connection in connections {
        scale_connection(graph, connection, factor, false);
    }
    drop_unused_weights(graph);
    true
}

fn scaled(weights: &Weights, factor: f32) -> Weights {
    let mut weights = weights.clone();
    if let Storage::F32(values) = &weights.storage {
        weights.storage = Storage::F32(values.iter().map(|v| v * factor).collect());
    } else {
        weights.scale = Some(match weights.scale {
            None => Scale::PerTensor(factor),
            Some(Scale::PerTensor(s)) => Scale::PerTensor(s * factor),
            Some(Scale::PerChannel(s)) => Scale::PerChannel(s.iter().map(|s| s * factor).collect()),
        });
    }
    weights
}

fn set_weights(op: &mut Op, id: WeightId) {
    match op {
        Op::Conv2d(conv) => conv.weights = id,
        Op::Linear(linear) => linear.weights = id,
        _ => {}
    }
}

/// Removes weights that no node refers to.
fn drop_unused_weights(graph: &mut Graph) {
    let used: std::collections::BTreeSet<u32> =
        graph.nodes.iter().filter_map(|n| n.op.weights()).map(|w| w.0).collect();
    let mut new_id = vec![0u32; graph.weights.len()];
    let mut kept = Vec::with_capacity(used.len());
    for id in used {
        new_id[id as usize] = kept.len() as u32;
        kept.push(graph.weights[id as usize].clone());
    }
    for node in &mut graph.nodes {
        if let Some(id) = node.op.weights() {
            set_weights(&mut node.op, WeightId(new_id[id.0 as usize]));
        }
    }
    graph.weights = kept;
}

/// Turns a node that nothing reads into a no-op in place, so that ids stay: it is a reshape to its own
/// shape, which every later pass passes over.
fn remove(graph: &mut Graph, id: NodeId) {
    graph.nodes[id.index()].op = Op::Reshape;
}
