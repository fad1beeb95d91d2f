//! What has no form.

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::text::print_node;

use super::origin::members;
use crate::language;
use crate::weights::MAX_EVALUATED;

/// An output and the population that gives it.
pub(super) struct OutputOf {
    pub(super) node: NodeId,
    pub(super) population: NodeId,
    pub(super) delay: u32,
}

/// The outputs of a graph: each must give a population's events, at most reshaped and delayed.
pub(super) fn outputs(graph: &Graph) -> Result<Vec<OutputOf>, Vec<Diagnostic>> {
    let mut out = Vec::new();
    let mut refused = Vec::new();
    for id in graph.outputs() {
        let (mut at, mut delay) = (graph.node(id).inputs[0], 0u32);
        loop {
            let node = graph.node(at);
            match &node.op {
                Op::Input(_) | Op::Neuron(_) => {
                    out.push(OutputOf { node: id, population: at, delay });
                    break;
                }
                Op::Reshape => {}
                Op::Delay(d) => delay = delay.saturating_add(d.steps),
                _ => {
                    refused.push(not_neurons(graph, id, at));
                    break;
                }
            }
            at = node.inputs[0];
        }
    }
    if refused.is_empty() { Ok(out) } else { Err(refused) }
}

fn not_neurons(graph: &Graph, output: NodeId, at: NodeId) -> Diagnostic {
    let name = &graph.node(output).name;
    Diagnostic::new(Code::UnsupportedLayer, format!("output '{name}' is not given by a layer of neurons"))
        .at(Location::node(&graph.node(at).name).with_line(print_node(graph, at)))
        .label("this is computed after the last neurons")
        .remedy("end the network with a layer of neurons, for readout with a leaky integrator (ai.snnc LI)")
}

/// Why a population has no form: what in front of it is no weighted sum, or too much for one.
pub(super) fn formless(graph: &Graph, population: NodeId) -> Vec<Diagnostic> {
    let end = graph.node(population).inputs[0];
    let between = members(graph, end);
    let pooled: Vec<Diagnostic> = between.iter().filter_map(|id| not_linear(graph, *id)).collect();
    if !pooled.is_empty() {
        return pooled;
    }
    let sources =
        |id: &NodeId| graph.node(*id).inputs.iter().map(|i| graph.node(*i).shape.len()).max().unwrap_or(0);
    let widest = between.iter().map(sources).max().unwrap_or(0);
    let weights = widest.saturating_mul(graph.node(end).shape.len());
    let told =
        Diagnostic::new(Code::UnsupportedLayer, "a chain of connections is too large to be merged into one")
            .at(Location::node(&graph.node(end).name).with_line(print_node(graph, end)))
            .label("this chain has no structured form")
            .remedy("put a layer of neurons between the connections, or use one convolution instead of two");
    vec![if weights > MAX_EVALUATED {
        told.rule("weights of a merged connection", MAX_EVALUATED, weights.to_string())
    } else {
        told.rule("connections that are added up", language::MAX_TERMS, "more")
    }]
}

fn not_linear(graph: &Graph, id: NodeId) -> Option<Diagnostic> {
    let node = graph.node(id);
    matches!(node.op, Op::MaxPool(_)).then(|| {
        Diagnostic::new(Code::UnsupportedLayer, "this max pooling has no form in synapses and neurons")
            .at(Location::node(&node.name).with_line(print_node(graph, id)))
            .label("the maximum is not a weighted sum")
            .remedy("pool behind the neurons, where it is the maximum of spikes, or use average pooling; then train again")
    })
}
