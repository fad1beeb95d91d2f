//! Constant factors on connections.

use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::weights::{Scale, Storage, WeightId, Weights};
use snnc_ir::graph::{Graph, NodeId};

/// Multiplies the weights of a connection, and its bias where asked; the factor has one value, or one
/// per output channel of a convolution or output of a linear layer.
pub(super) fn scale_connection(graph: &mut Graph, id: NodeId, factor: &Param<f32>, with_bias: bool) {
    let Some(old) = graph.node(id).op.weights() else { return };
    let scaled = scaled(graph.weights(old), factor);
    let new = graph.push_weights(scaled);
    let shape = graph.node(id).shape;
    let op = &mut graph.nodes[id.index()].op;
    set_weights(op, new);
    if let Op::Conv2d(Conv2d { bias, .. }) | Op::Linear(Linear { bias, .. }) = op
        && with_bias
        && let Some(Bias::Real(values)) = bias
    {
        *values = match (&*values, factor.uniform()) {
            (values, Some(factor)) => values.map(|v| v * factor),
            (values, None) => {
                let each = |c: usize| values.at(c * shape.plane(), shape.plane()) * factor.at(c, 1);
                match values {
                    Param::PerNeuron(all) => {
                        let of = |(k, v): (usize, &f32)| v * factor.at(k / shape.plane(), 1);
                        Param::PerNeuron(all.iter().enumerate().map(of).collect())
                    }
                    _ => Param::PerChannel((0..shape.c).map(each).collect()),
                }
            }
        };
    }
}

/// Multiplies the weights of every connection that reads the node by `factor`. Does nothing and gives
/// `false` when something reads it that has no weights, or reads something else too.
pub(super) fn scale_behind(graph: &mut Graph, id: NodeId, factor: f32) -> bool {
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
        scale_connection(graph, connection, &Param::Scalar(factor), false);
    }
    drop_unused_weights(graph);
    true
}

fn scaled(weights: &Weights, factor: &Param<f32>) -> Weights {
    let mut weights = weights.clone();
    let row = weights.row().max(1);
    if let Storage::F32(values) = &weights.storage {
        let each = |(k, v): (usize, &f32)| v * factor.at(k / row, 1);
        weights.storage = Storage::F32(values.iter().enumerate().map(each).collect());
        return weights;
    }
    weights.scale = Some(match (weights.scale, factor) {
        (None, Param::Scalar(f)) => Scale::PerTensor(*f),
        (Some(Scale::PerTensor(s)), Param::Scalar(f)) => Scale::PerTensor(s * f),
        (scale, _) => {
            let own = |out| scale.as_ref().map_or(1.0, |s| s.at(out));
            Scale::PerChannel((0..weights.shape[0]).map(|out| own(out) * factor.at(out, 1)).collect())
        }
    });
    weights
}

pub(super) fn set_weights(op: &mut Op, id: WeightId) {
    match op {
        Op::Conv2d(conv) => conv.weights = id,
        Op::Linear(linear) => linear.weights = id,
        _ => {}
    }
}

/// Removes weights that no node refers to.
pub(super) fn drop_unused_weights(graph: &mut Graph) {
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
