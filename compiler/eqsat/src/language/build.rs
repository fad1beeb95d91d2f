//! A graph as terms.

use egg::Id;
use snnc_ir::graph::op::{Bias, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::weights::Weights;
use snnc_ir::graph::{Graph, NodeId};

use super::{EGraph, Kernel, Snn};
use crate::analysis::{Analysis, Facts, Interval, given_out, promised};

/// An e-graph with what its classes were made of.
pub struct Built {
    /// The e-graph.
    pub egraph: EGraph,
    /// Per node of the graph the term that it became.
    pub terms: Vec<Id>,
}

/// The terms of a verified integer graph, with explanations on.
pub fn build(graph: &Graph) -> Built {
    let leaf = |id: NodeId| {
        let node = graph.node(id);
        let values = match &node.op {
            Op::Input(input) => promised(&input.values),
            Op::Neuron(neuron) => given_out(neuron),
            _ => Interval::ANY,
        };
        (node.shape, values)
    };
    let analysis = Analysis { leaves: graph.ids().map(leaf).collect(), ..Analysis::default() };
    let mut built = Built {
        egraph: EGraph::new(analysis).with_explanations_enabled(),
        terms: Vec::with_capacity(graph.nodes.len()),
    };
    for id in graph.ids() {
        let term = built.node(graph, id);
        built.terms.push(term);
    }
    built.egraph.rebuild();
    built
}

impl Built {
    fn node(&mut self, graph: &Graph, id: NodeId) -> Id {
        let node = graph.node(id);
        let inputs: Vec<Id> = node.inputs.iter().map(|input| self.input(graph, *input, id)).collect();
        let first = inputs.first().copied().unwrap_or_default();
        let term = match &node.op {
            Op::Input(_) => Snn::Input(id.0),
            Op::Conv2d(conv) => {
                let source = graph.node(node.inputs[0]).shape;
                let weights = graph.weights(conv.weights).clone();
                // A verified convolution has a shape, so it is a kernel; what it is beyond that does not matter.
                let plain = || Kernel {
                    op: Op::Conv2d(conv.clone()),
                    weights: weights.clone(),
                    source,
                    shape: node.shape,
                };
                let kernel = Kernel::conv(conv, weights.clone(), source).unwrap_or_else(plain);
                return self.weigh(kernel, conv.bias.as_ref(), first);
            }
            Op::Linear(linear) => {
                let source = graph.node(node.inputs[0]).shape;
                let weights: Weights = graph.weights(linear.weights).clone();
                let kernel = Kernel::linear(weights, source, node.shape);
                return self.weigh(kernel, linear.bias.as_ref(), first);
            }
            Op::SumPool(pool) => Snn::SumPool((&pool.window).into(), [first]),
            Op::MaxPool(pool) => Snn::MaxPool((&pool.window).into(), [first]),
            Op::Add => Snn::Add(inputs.into()),
            Op::Concat => Snn::Concat(inputs.into()),
            Op::Reshape => Snn::Reshape(node.shape, [first]),
            Op::Slice(slice) => Snn::Slice(slice.into(), [first]),
            Op::Delay(delay) => Snn::Delay(delay.steps, [first]),
            Op::Neuron(neuron) => Snn::Neuron(self.egraph.analysis.store.neuron(neuron), [first]),
            Op::Output => return first,
        };
        self.egraph.add_uncanonical(term)
    }

    fn weigh(&mut self, kernel: Kernel, bias: Option<&Bias>, input: Id) -> Id {
        let shape = kernel.shape;
        let kernel = self.egraph.analysis.store.kernel(kernel);
        let weighed = self.egraph.add_uncanonical(Snn::Weigh(kernel, [input]));
        match bias {
            Some(Bias::Integer(value)) => {
                let constant = self.egraph.analysis.store.constant(value.clone(), shape);
                let constant = self.egraph.add_uncanonical(Snn::Constant(constant));
                self.egraph.add_uncanonical(Snn::Add([weighed, constant].into()))
            }
            _ => weighed,
        }
    }

    /// The term of an input of the node `reader`; what comes later in order is a loop.
    fn input(&mut self, graph: &Graph, id: NodeId, reader: NodeId) -> Id {
        if id < reader {
            return self.terms[id.index()];
        }
        // Through later delays and shapes to the population behind them; a graph has no loop without one.
        let mut chain = Vec::new();
        let mut at = id;
        while let (true, Op::Delay(_) | Op::Reshape) = (at >= reader, &graph.node(at).op) {
            if chain.len() > graph.nodes.len() {
                break;
            }
            chain.push(at);
            at = graph.node(at).inputs[0];
        }
        let mut term =
            if at < reader { self.terms[at.index()] } else { self.egraph.add_uncanonical(Snn::Loop(at.0)) };
        for id in chain.into_iter().rev() {
            let node = graph.node(id);
            let link = match &node.op {
                Op::Delay(delay) => Snn::Delay(delay.steps, [term]),
                _ => Snn::Reshape(node.shape, [term]),
            };
            term = self.egraph.add_uncanonical(link);
        }
        term
    }
}

/// A constant as a parameter, as small as it can be; `None` when all are zero.
pub(crate) fn compress(values: Vec<i32>, plane: usize) -> Option<Param<i32>> {
    if values.iter().all(|v| *v == 0) {
        return None;
    }
    let per_channel: Vec<i32> = values.chunks(plane.max(1)).map(|c| c[0]).collect();
    let uniform = values.chunks(plane.max(1)).all(|c| c.iter().all(|v| *v == c[0]));
    match (uniform, per_channel.iter().all(|v| *v == per_channel[0])) {
        (true, true) => Some(Param::Scalar(per_channel[0])),
        (true, false) => Some(Param::PerChannel(per_channel)),
        _ => Some(Param::PerNeuron(values)),
    }
}

/// The shape of a class of values.
pub(crate) fn shape_of(facts: &Facts) -> snnc_ir::graph::shape::Shape {
    facts.shape.unwrap_or(snnc_ir::graph::shape::Shape::flat(0))
}
