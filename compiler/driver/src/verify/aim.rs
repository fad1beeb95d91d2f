//! Which inputs would make a neuron fire.

use snnc_ir::graph::op::{Op, SumPool};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::sim::taps;

/// For each input element the sign of its influence on one neuron of a layer, the weights along all ways
/// multiplied; neurons in between count as linear, ways back through a delay are left out.
///
/// The neuron is in the middle of its map, in the channel with that rank by the sum of its positive
/// weights.
pub(super) fn signs(graph: &Graph, layer: NodeId, rank: usize) -> Vec<Vec<i8>> {
    let mut influence: Vec<Vec<f32>> = vec![Vec::new(); graph.nodes.len()];
    let shape = graph.node(layer).shape;
    let mut target = vec![0.0; shape.len()];
    target[shape.index(channel(graph, layer, rank), shape.h / 2, shape.w / 2)] = 1.0;
    influence[layer.index()] = target;
    for id in (0..graph.nodes.len() as u32).rev().map(NodeId) {
        let mut own = std::mem::take(&mut influence[id.index()]);
        if own.is_empty() {
            continue;
        }
        let greatest = own.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        if greatest > 0.0 {
            own.iter_mut().for_each(|v| *v /= greatest);
        }
        let node = graph.node(id);
        if matches!(node.op, Op::Input(_)) {
            influence[id.index()] = own;
            continue;
        }
        let mut first = 0;
        for source in node.inputs.iter().filter(|s| **s < id) {
            let from = graph.node(*source).shape;
            let mut before = std::mem::take(&mut influence[source.index()]);
            before.resize(from.len(), 0.0);
            let part = match node.op {
                Op::Concat => first..first + from.len(),
                _ => 0..own.len(),
            };
            first += from.len();
            back(graph, id, *source, &own[part], &mut before);
            influence[source.index()] = before;
        }
    }
    let sign = |v: &f32| i8::from(*v > 0.0) - i8::from(*v < 0.0);
    let input = |id: NodeId| {
        let own = &influence[id.index()];
        if own.is_empty() { vec![0; graph.node(id).shape.len()] } else { own.iter().map(sign).collect() }
    };
    graph.inputs().into_iter().map(input).collect()
}

/// Adds to what a source means for the outputs of a node.
fn back(graph: &Graph, id: NodeId, source: NodeId, own: &[f32], before: &mut [f32]) {
    let node = graph.node(id);
    let (shape, from) = (node.shape, graph.node(source).shape);
    let active = own.iter().enumerate().filter(|(_, v)| **v != 0.0);
    let place = |at: usize| (at / shape.plane(), at % shape.plane() / shape.w, at % shape.w);
    match &node.op {
        Op::Conv2d(_) | Op::Linear(_) => {
            let Some(weights) = node.op.weights().map(|w| graph.weights(w)) else { return };
            for (at, v) in active {
                taps(&node.op, from, place(at), |t| before[t.source] += v * weights.real(t.weight));
            }
        }
        Op::SumPool(SumPool { window, .. }) | Op::MaxPool(snnc_ir::graph::op::MaxPool { window }) => {
            for (at, v) in active {
                let (c, y, x) = place(at);
                let span = |at: usize, axis: usize, size: usize| {
                    let start = at * window.stride[axis];
                    let end = (start + window.kernel[axis]).saturating_sub(window.pad[axis]).min(size);
                    start.saturating_sub(window.pad[axis])..end
                };
                for iy in span(y, 0, from.h) {
                    for ix in span(x, 1, from.w) {
                        before[from.index(c, iy, ix)] += v;
                    }
                }
            }
        }
        Op::Slice(slice) => {
            for (at, v) in active {
                let (c, y, x) = place(at);
                before[from.index(c + slice.start[0], y + slice.start[1], x + slice.start[2])] += v;
            }
        }
        _ => before.iter_mut().zip(own).for_each(|(b, v)| *b += v),
    }
}

/// The channel of that rank: the sum of the positive weights of the connections in front of the layer
/// decides.
fn channel(graph: &Graph, layer: NodeId, rank: usize) -> usize {
    let channels = graph.node(layer).shape.c;
    let mut sums = vec![0.0f32; channels];
    let mut stack: Vec<(NodeId, NodeId)> = graph.node(layer).inputs.iter().map(|i| (*i, layer)).collect();
    while let Some((id, reader)) = stack.pop() {
        let node = graph.node(id);
        match node.op.weights() {
            Some(w) => {
                let weights = graph.weights(w);
                let (row, rows) = (weights.row(), weights.shape[0]);
                for k in 0..rows {
                    let sum: f32 = (0..row).map(|e| weights.real(k * row + e).max(0.0)).sum();
                    sums[k * channels / rows] += sum;
                }
            }
            None if id < reader && matches!(node.op, Op::Add | Op::Reshape) => {
                stack.extend(node.inputs.iter().map(|i| (*i, id)));
            }
            None => {}
        }
    }
    let mut order: Vec<usize> = (0..channels).collect();
    order.sort_by(|a, b| sums[*b].total_cmp(&sums[*a]));
    order[rank % channels]
}
