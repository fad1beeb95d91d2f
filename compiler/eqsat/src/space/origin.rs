//! Names: what of the graph a population stands for.

use std::collections::{BTreeMap, BTreeSet};

use egg::Id;
use snnc_ir::graph::op::{Conv2d, Op};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Storage, WeightId, Weights};
use snnc_ir::graph::{Graph, NodeId};

use crate::language::EGraph;

/// The nodes between the populations in front of it and `end`, in graph order, populations excluded.
pub(super) fn members(graph: &Graph, end: NodeId) -> Vec<NodeId> {
    let mut seen = BTreeSet::new();
    let mut stack = vec![end];
    while let Some(id) = stack.pop() {
        if matches!(graph.node(id).op, Op::Input(_) | Op::Neuron(_)) || !seen.insert(id) {
            continue;
        }
        stack.extend(&graph.node(id).inputs);
    }
    seen.into_iter().collect()
}

/// Names and origins of the populations of a normal form.
pub(super) struct Origins<'a> {
    graph: &'a Graph,
    /// Per class the nodes that are it, in graph order.
    nodes: BTreeMap<Id, Vec<NodeId>>,
    /// Of classes that a rule has made, the classes that they were made of.
    derived: BTreeMap<Id, Id>,
    taken: BTreeSet<String>,
}

impl<'a> Origins<'a> {
    pub(super) fn new(graph: &'a Graph, egraph: &EGraph, terms: &[Id], order: &[Id]) -> Self {
        let mut nodes: BTreeMap<Id, Vec<NodeId>> = BTreeMap::new();
        for id in graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Input(_) | Op::Neuron(_))) {
            nodes.entry(egraph.find(terms[id.index()])).or_default().push(id);
        }
        let derived = egraph.analysis.derived.iter().map(|(made, of)| (egraph.find(*made), egraph.find(*of)));
        let derived = derived.filter(|(made, _)| order.contains(made)).collect();
        let taken = graph.nodes.iter().map(|n| n.name.clone()).collect();
        Self { graph, nodes, derived, taken }
    }

    /// The name of a population and the node that it was.
    pub(super) fn name(&mut self, class: Id) -> (String, Option<NodeId>) {
        if let Some(first) = self.nodes.get(&class).and_then(|n| n.first()) {
            return (self.graph.node(*first).name.clone(), Some(*first));
        }
        let base = self.base(class).map_or("population".to_owned(), |id| self.graph.node(id).name.clone());
        let mut name = format!("{base}.live");
        while !self.taken.insert(name.clone()) {
            name.push('\'');
        }
        (name, None)
    }

    /// The node that a class was made of.
    fn base(&self, class: Id) -> Option<NodeId> {
        let mut at = class;
        for _ in 0..=self.derived.len() {
            if let Some(first) = self.nodes.get(&at).and_then(|n| n.first()) {
                return Some(*first);
            }
            at = *self.derived.get(&at)?;
        }
        None
    }

    /// Names of the ONNX nodes that a population stands for, those in front of it first.
    pub(super) fn of(&self, class: Id) -> Vec<String> {
        let own = self.nodes.get(&class).cloned().unwrap_or_else(|| self.base(class).into_iter().collect());
        let mut out: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        for id in own {
            let node = self.graph.node(id);
            let front = match node.op {
                Op::Neuron(_) => members(self.graph, node.inputs[0]),
                _ => Vec::new(),
            };
            // A delay has the names of the population that it delays.
            let front = front.into_iter().filter(|id| !matches!(self.graph.node(*id).op, Op::Delay(_)));
            for name in front.chain([id]).flat_map(|id| &self.graph.node(id).origin) {
                if seen.insert(name.clone()) {
                    out.push(name.clone());
                }
            }
        }
        out
    }
}

/// Every element for itself: a depthwise 1x1 convolution with weight 1.
pub(super) fn identity(shape: Shape) -> (Op, Weights, Shape) {
    let kernel = [shape.c, 1, 1, 1];
    let weights = Weights { shape: kernel, storage: Storage::I8(vec![1; shape.c].into()), scale: None };
    let op = Op::Conv2d(Conv2d {
        weights: WeightId(0),
        kernel,
        bias: None,
        stride: [1, 1],
        pad: [0; 4],
        dilation: [1, 1],
        groups: shape.c,
    });
    (op, weights, shape)
}
