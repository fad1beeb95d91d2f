//! A network made ready to be run: what all simulators of it share.

use super::Number;
use super::connect::Connect;
use super::layout;
use super::neuron::Layer;
use super::pool::Pool;
use crate::graph::op::{Op, Slice};
use crate::graph::{Graph, Node};

/// What does not change while a network runs.
#[derive(Debug)]
pub(super) struct Plan<E: Number> {
    /// One entry per node.
    pub(super) steps: Vec<Step<E>>,
    /// For every node the node that holds its value: itself, or another with the same elements.
    pub(super) held: Vec<usize>,
    /// Whether something reads the events of a node one by one.
    pub(super) listed: Vec<bool>,
}

/// What a node does in a step.
#[derive(Debug)]
pub(super) enum Step<E: Number> {
    Input,
    /// Its value is held by another node.
    Same,
    Connect(Box<Connect<E>>, E::Bound),
    SumPool(Pool, u32),
    MaxPool(Pool),
    Add,
    Concat,
    Slice(Slice),
    Reshape,
    Delay(u32),
    Neuron(Box<Layer<E>>),
}

impl<E: Number> Plan<E> {
    pub(super) fn new(graph: &Graph) -> Self {
        let steps: Vec<Step<E>> = graph.nodes.iter().map(|node| Step::new(graph, node)).collect();
        let mut held: Vec<usize> = Vec::with_capacity(steps.len());
        for (k, step) in steps.iter().enumerate() {
            held.push(match step {
                Step::Same => held[graph.nodes[k].inputs[0].index()],
                _ => k,
            });
        }
        let mut listed = vec![false; steps.len()];
        for (node, step) in graph.nodes.iter().zip(&steps) {
            if matches!(step, Step::Connect(..) | Step::SumPool(..)) {
                listed[held[node.inputs[0].index()]] = true;
            }
        }
        Self { steps, held, listed }
    }
}

impl<E: Number> Step<E> {
    fn new(graph: &Graph, node: &Node) -> Self {
        let source = node.inputs.first().map_or(node.shape, |id| graph.node(*id).shape);
        match &node.op {
            Op::Input(_) => Self::Input,
            Op::Conv2d(_) | Op::Linear(_) => {
                let weights = node.op.weights().map(|id| E::weights(graph.weights(id))).unwrap_or_default();
                match Connect::new(&node.op, source, node.shape, &weights) {
                    Some(connect) => {
                        let bound = E::bound(&connect);
                        Self::Connect(Box::new(connect), bound)
                    }
                    None => Self::Same,
                }
            }
            Op::SumPool(p) => Self::SumPool(Pool::new(p.window, source, node.shape), p.divisor),
            Op::MaxPool(p) => Self::MaxPool(Pool::new(p.window, source, node.shape)),
            Op::Add => Self::Add,
            Op::Concat => Self::Concat,
            Op::Slice(slice) => Self::Slice(*slice),
            Op::Reshape if source == node.shape => Self::Same,
            Op::Reshape if layout::is_same(source) && layout::is_same(node.shape) => Self::Same,
            Op::Reshape => Self::Reshape,
            Op::Delay(delay) => Self::Delay(delay.steps),
            // The verifier lets no neuron of the other number system pass.
            Op::Neuron(neuron) => {
                E::layer(neuron, node.shape).map_or(Self::Same, |l| Self::Neuron(Box::new(l)))
            }
            Op::Output => Self::Same,
        }
    }
}
