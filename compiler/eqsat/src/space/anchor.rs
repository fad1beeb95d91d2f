//! Neurons that nothing enters but a constant.

use egg::Id;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::weights::{Storage, Weights};
use snnc_ir::graph::{Graph, NodeId};

use super::origin::members;
use crate::language::{self, EGraph, Kernel, Snn, is_constant, shape_of};

/// Gives neurons whose input is proven constant, and that have no form, a connection without weights: a population on a
/// chip reads something. What they read is the first population in front of them.
pub(super) fn anchor(graph: &Graph, egraph: &mut EGraph, terms: &[Id]) {
    for id in graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Neuron(_))) {
        let end = graph.node(id).inputs[0];
        let entering = egraph.find(terms[end.index()]);
        if !is_constant(egraph, entering) || !language::forms(egraph, terms[id.index()]).is_empty() {
            continue;
        }
        let Some(population) = first_population(graph, end) else { continue };
        let (from, shape) = (terms[population.index()], shape_of(&egraph[entering].data));
        let source = shape_of(&egraph[from].data);
        let storage = Storage::Sparse { positions: [].into(), values: [].into() };
        let weights = Weights { shape: [shape.len(), source.len(), 1, 1], storage, scale: None };
        let kernel = egraph.analysis.store.kernel(Kernel::linear(weights, source, shape));
        let constant = egraph[entering].nodes.iter().find(|t| matches!(t, Snn::Constant(_))).cloned();
        let Some(constant) = constant.map(|c| egraph.add_uncanonical(c)) else { continue };
        let weighed = egraph.add_uncanonical(Snn::Weigh(kernel, [from]));
        let sum = egraph.add_uncanonical(Snn::Add([weighed, constant].into()));
        egraph.union_trusted(entering, sum, "add-zero");
        egraph.rebuild();
    }
}

fn first_population(graph: &Graph, end: NodeId) -> Option<NodeId> {
    let inside = members(graph, end);
    let read = inside.iter().flat_map(|id| &graph.node(*id).inputs);
    read.copied().filter(|id| matches!(graph.node(*id).op, Op::Input(_) | Op::Neuron(_))).min()
}
