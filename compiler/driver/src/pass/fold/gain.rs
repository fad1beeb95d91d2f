//! Input gains.
//!
//! The sums in front of the neurons take the factor up, in weights and biases. Where they cannot, the
//! membrane of spiking neurons is counted in units of the gain: with `v' = v / g` every equation of the
//! neuron stays what it is, its constants divided by `g`, and what it gives out is the same.

use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Model, Neuron, Reset, Spec, Spiking};

use super::factor::{drop_unused_weights, scale_connection};

/// Removes the input gain of a layer of neurons where that is exact in real numbers.
pub(super) fn input_gain(graph: &mut Graph, id: NodeId) {
    let shape = graph.node(id).shape;
    let Some(Spec { model, .. }) = real(graph, id) else { return };
    let (gain, into_weights) = match model {
        // A current that is there before the first step would have to be scaled too.
        Model::Spiking(s) => (&s.gain, s.current.as_ref().is_none_or(|c| c.initial.is_none())),
        Model::Integrator(m) => (&m.gain, true),
        _ => return,
    };
    let Some(gain) = gain.clone() else { return };
    if !gain.values().iter().all(|g| g.is_finite() && *g != 0.0) {
        return;
    }
    let spiking = matches!(model, Model::Spiking(_));
    let positive = gain.values().iter().all(|g| *g > 0.0);
    // One step per connection: a factor per channel would spread the weights that share a scale.
    let prefer_weights = gain.uniform().is_some() || !spiking || !positive;
    if into_weights && prefer_weights && scale_in_front(graph, id, &gain) {
        if let Some(model) = real_mut(graph, id) {
            match model {
                Model::Spiking(s) => s.gain = None,
                Model::Integrator(m) => m.gain = None,
                _ => {}
            }
        }
    } else if positive && let Some(Model::Spiking(s)) = real_mut(graph, id) {
        divide(s, &gain, shape);
    }
}

fn real(graph: &Graph, id: NodeId) -> Option<&Spec<f32>> {
    match &graph.node(id).op {
        Op::Neuron(n) => match n.as_ref() {
            Neuron::Real(spec) => Some(spec),
            Neuron::Integer(..) => None,
        },
        _ => None,
    }
}

fn real_mut(graph: &mut Graph, id: NodeId) -> Option<&mut Model<f32>> {
    match &mut graph.nodes[id.index()].op {
        Op::Neuron(n) => match n.as_mut() {
            Neuron::Real(spec) => Some(&mut spec.model),
            Neuron::Integer(..) => None,
        },
        _ => None,
    }
}

/// Multiplies everything that flows into a layer; `false`, and nothing done, when that is not possible.
fn scale_in_front(graph: &mut Graph, id: NodeId, gain: &Param<f32>) -> bool {
    let shape = graph.node(id).shape;
    let same = gain.uniform();
    let Some(connections) = connections_before(graph, id, same.is_some()) else { return false };
    let factors: Option<Vec<Param<f32>>> = connections
        .iter()
        .map(|c| match same {
            Some(g) => Some(Param::Scalar(g)),
            None => per_channel(gain, shape, graph.node(*c).shape),
        })
        .collect();
    let Some(factors) = factors else { return false };
    for (connection, factor) in connections.iter().zip(&factors) {
        scale_connection(graph, *connection, factor, true);
    }
    drop_unused_weights(graph);
    true
}

/// A parameter of a layer as one value per channel of a connection with as many elements.
fn per_channel(param: &Param<f32>, layer: Shape, connection: Shape) -> Option<Param<f32>> {
    let plane = connection.plane();
    let at = |k| param.at(k, layer.plane());
    let uniform = |c: usize| (c * plane..(c + 1) * plane).all(|k| at(k) == at(c * plane));
    (0..connection.c)
        .all(uniform)
        .then(|| Param::PerChannel((0..connection.c).map(|c| at(c * plane)).collect()))
}

/// The connections whose sums only that layer of neurons reads; `None` when something else reads one or
/// events enter without weights. `any_order` allows that elements change their places on the way.
fn connections_before(graph: &Graph, id: NodeId, any_order: bool) -> Option<Vec<NodeId>> {
    let consumers = graph.consumers();
    let mut connections = Vec::new();
    let mut stack = graph.node(id).inputs.clone();
    while let Some(at) = stack.pop() {
        if consumers[at.index()].len() != 1 {
            return None;
        }
        match &graph.node(at).op {
            Op::Conv2d(_) | Op::Linear(_) => connections.push(at),
            Op::Add | Op::Reshape => stack.extend(&graph.node(at).inputs),
            Op::Slice(_) | Op::Concat if any_order => stack.extend(&graph.node(at).inputs),
            _ => return None,
        }
    }
    Some(connections)
}

/// Counts the membrane in units of the gain.
fn divide(s: &mut Spiking<f32>, gain: &Param<f32>, shape: Shape) {
    if s.levels.is_some() && gain.uniform().is_none() {
        return;
    }
    let by = |p: &mut Param<f32>| *p = quotient(p, gain, shape);
    s.gain = None;
    by(&mut s.threshold);
    for p in [&mut s.bias, &mut s.rest, &mut s.v_min, &mut s.initial].into_iter().flatten() {
        by(p);
    }
    if let Reset::Value(_, p) = &mut s.reset {
        by(p);
    }
    if let (Some(levels), Some(g)) = (&mut s.levels, gain.uniform()) {
        levels.iter_mut().for_each(|l| *l /= g);
    }
}

fn quotient(a: &Param<f32>, b: &Param<f32>, shape: Shape) -> Param<f32> {
    let plane = shape.plane();
    let at = |k: usize| a.at(k, plane) / b.at(k, plane);
    match (a, b) {
        (Param::Scalar(_), Param::Scalar(_)) => Param::Scalar(at(0)),
        (Param::PerNeuron(_), _) | (_, Param::PerNeuron(_)) => {
            Param::PerNeuron((0..shape.len()).map(at).collect())
        }
        _ => Param::PerChannel((0..shape.c).map(|c| at(c * plane)).collect()),
    }
}
