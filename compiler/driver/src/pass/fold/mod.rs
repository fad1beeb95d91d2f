//! Folding of constant factors in a real graph, before quantisation.
//!
//! - The divisor of an average pooling moves into the weights behind it; where there are none, the
//!   pooling becomes a depthwise convolution with equal weights. Not for a back end that has its own rule.
//! - A spike of constant value becomes a spike of 1, its value a factor of the weights behind it.
//! - The input gain of a layer of neurons becomes a factor of the weights and biases in front of it, or
//!   a divisor of thresholds and the other constants of the membrane.
//! - Connections that follow each other become one ([`compose`]).
//! - A quantised activation of spikes that maps 0 to 0 and 1 to a constant is dropped, likewise.
//!
//! Factors are multiplied in `f32`; powers of two, the usual case, are exact.

mod compose;
mod factor;
mod gain;
mod spikes;

use factor::scale_behind;
use snnc_ir::graph::op::{Conv2d, Op, SumPool, Window};
use snnc_ir::graph::weights::{Scale, Storage, Weights};
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_machine::quantise::Averages;

/// Folds what can be folded; an integer graph is returned as it is.
pub fn fold(graph: &Graph) -> Graph {
    fold_for(graph, Averages::Folded)
}

/// The same, with average pooling in the form that a back end takes.
pub fn fold_for(graph: &Graph, averages: Averages) -> Graph {
    let mut graph = graph.clone();
    if graph.number == Number::Integer {
        return graph;
    }
    for id in graph.ids() {
        spikes::drop_spike_activation(&mut graph, id);
        spikes::unit_spikes(&mut graph, id);
        if averages == Averages::Folded {
            pool_divisor(&mut graph, id);
        }
    }
    compose::compose(&mut graph);
    for id in graph.ids() {
        gain::input_gain(&mut graph, id);
    }
    graph
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
    graph.nodes[id.index()].op = average(graph, c, &pool.window, pool.divisor);
}

/// A pool over that many channels as a depthwise convolution with equal weights.
fn average(graph: &mut Graph, c: usize, window: &Window, divisor: u32) -> Op {
    let [kh, kw] = window.kernel;
    let weights = graph.push_weights(Weights {
        shape: [c, 1, kh, kw],
        storage: Storage::I8(vec![1; c * kh * kw].into()),
        scale: Some(Scale::PerTensor(1.0 / divisor as f32)),
    });
    Op::Conv2d(Conv2d {
        weights,
        kernel: [c, 1, kh, kw],
        bias: None,
        stride: window.stride,
        pad: window.pad,
        dilation: [1, 1],
        groups: c,
    })
}

/// The name, or one like it that no node has.
fn free_name(graph: &Graph, wanted: &str) -> String {
    let taken = |name: &str| graph.nodes.iter().any(|n| n.name == name);
    let others = (2..).map(|k| format!("{wanted}.{k}"));
    std::iter::once(wanted.to_owned()).chain(others).find(|name| !taken(name)).unwrap_or_default()
}
