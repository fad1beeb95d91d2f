//! What is known of the values of a layer: that they are whole numbers, or levels of a quantiser.

use snnc_ir::graph::op::{Bias, Input, Op, Values};
use snnc_ir::graph::weights::{Scale, Storage};
use snnc_ir::graph::{Graph, Node, NodeId};
use snnc_ir::neuron::{Activation, Model, Neuron, Spec};

/// Most layers that are looked at.
const STEPS: usize = 64;

/// Whether every value of a layer is a whole number, for all the layers before it say.
pub(super) fn is_whole(graph: &Graph, id: NodeId) -> bool {
    let mut left = STEPS;
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        let (Some(node), Some(rest)) = (graph.nodes.get(id.index()), left.checked_sub(1)) else {
            return false;
        };
        left = rest;
        match &node.op {
            Op::Input(Input { values }) if *values != Values::Real => {}
            Op::Neuron(neuron) => match neuron.as_ref() {
                Neuron::Real(Spec { model: Model::Activation(a), .. }) if a.scale == 1.0 => {}
                _ => return false,
            },
            Op::Conv2d(_) | Op::Linear(_) if is_integer(graph, node) => open.extend(&node.inputs),
            Op::SumPool(pool) if pool.divisor == 1 => open.extend(&node.inputs),
            Op::MaxPool(_) | Op::Add | Op::Concat | Op::Reshape | Op::Slice(_) => open.extend(&node.inputs),
            _ => return false,
        }
    }
    true
}

/// Whether weights and bias of a connection are whole numbers.
fn is_integer(graph: &Graph, node: &Node) -> bool {
    let bias = match &node.op {
        Op::Conv2d(op) => &op.bias,
        Op::Linear(op) => &op.bias,
        _ => return false,
    };
    let whole = match bias {
        Some(Bias::Real(param)) => param.values().iter().all(|v| v.fract() == 0.0),
        _ => true,
    };
    let weights = node.op.weights().and_then(|id| graph.weights.get(id.0 as usize));
    whole
        && weights.is_some_and(|w| {
            let one = match &w.scale {
                None => true,
                Some(Scale::PerTensor(s)) => *s == 1.0,
                Some(Scale::PerChannel(s)) => s.iter().all(|s| *s == 1.0),
            };
            one && matches!(w.storage, Storage::I8(_) | Storage::I32(_))
        })
}

/// The quantiser whose levels the values of a layer are.
pub(super) fn grid(graph: &Graph, mut id: NodeId) -> Option<Activation<f32>> {
    for _ in 0..STEPS {
        let node = graph.nodes.get(id.index())?;
        match (&node.op, node.inputs.as_slice()) {
            (Op::Neuron(neuron), _) => {
                return match neuron.as_ref() {
                    Neuron::Real(Spec { model: Model::Activation(a), .. }) => Some(a.clone()),
                    _ => None,
                };
            }
            (Op::MaxPool(_) | Op::Reshape | Op::Slice(_), [source]) => id = *source,
            _ => return None,
        }
    }
    None
}
