//! The maximum of spikes.

use snnc_ir::graph::op::{Op, SumPool, Values};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::neuron::{Emission, FixedPoint, Model, Neuron, Reset, Spec, Spiking};

/// Replaces the maximum over windows of values that are 0 or 1: it is 1 when the sum is at least 1.
pub(super) fn replace(graph: &mut Graph) {
    let mut at = 0;
    while at < graph.nodes.len() {
        let id = NodeId(at as u32);
        at += 1;
        let Op::MaxPool(pool) = graph.node(id).op else { continue };
        if !is_binary(graph, graph.node(id).inputs[0]) {
            continue;
        }
        let name = graph.node(id).name.clone();
        let any = super::push_behind(graph, id, "any", neuron(graph.number));
        for (k, node) in graph.nodes.iter_mut().enumerate() {
            if k != any.index() {
                node.inputs.iter_mut().filter(|i| **i == id).for_each(|i| *i = any);
            }
        }
        // The population is what the file calls by that name.
        let sum = std::mem::replace(&mut graph.nodes[any.index()].name, name);
        let pooled = &mut graph.nodes[id.index()];
        pooled.op = Op::SumPool(SumPool { window: pool.window, divisor: 1 });
        pooled.name = sum;
    }
}

/// Spikes in every step in which at least one event arrives, and keeps nothing.
fn neuron(number: Number) -> Op {
    Op::Neuron(Box::new(match number {
        Number::Real => {
            let mut any = Spiking::new(Param::Scalar(1.0), Some(Param::Scalar(0.0)));
            any.reset = Reset::None;
            Neuron::Real(Spec { model: Model::Spiking(any), start: 0 })
        }
        Number::Integer => {
            let mut any = Spiking::new(Param::Scalar(1), Some(Param::Scalar(0)));
            any.reset = Reset::None;
            Neuron::Integer(Spec { model: Model::Spiking(any), start: 0 }, FixedPoint::LAVA)
        }
    }))
}

/// Whether a node gives out only 0 and 1, whatever the input.
fn is_binary(graph: &Graph, id: NodeId) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut stack = vec![id];
    while let Some(at) = stack.pop() {
        if !seen.insert(at) {
            continue;
        }
        let node = graph.node(at);
        match &node.op {
            Op::Input(input) if input.values == Values::Binary => {}
            Op::Neuron(n) if gives_binary(n) => {}
            // A delay gives zeros at first.
            Op::Reshape | Op::Slice(_) | Op::Delay(_) | Op::Concat | Op::MaxPool(_) => {
                stack.extend(&node.inputs)
            }
            _ => return false,
        }
    }
    true
}

fn gives_binary(neuron: &Neuron) -> bool {
    let (real, integer) = match neuron {
        Neuron::Real(Spec { model: Model::Spiking(s), .. }) => (s.emission == Emission::Binary, false),
        Neuron::Integer(Spec { model: Model::Spiking(s), .. }, _) => (false, s.emission == Emission::Binary),
        _ => (false, false),
    };
    real || integer
}
