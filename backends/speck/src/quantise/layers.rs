//! The layers of a network as the chip has them: connections whose sums one layer of neurons reads.

use std::collections::BTreeMap;

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};

use super::refusal::refuse;

/// A layer of neurons with the connections that it adds up.
#[derive(Debug)]
pub(super) struct Layer {
    /// In graph order; more than one where sums are added.
    pub(super) connections: Vec<NodeId>,
    /// The layer of neurons.
    pub(super) neurons: NodeId,
}

/// The layers in graph order.
///
/// # Errors
/// Every node that is not part of a layer or of what lies between layers.
pub(super) fn layers(graph: &Graph) -> Result<Vec<Layer>, Vec<Diagnostic>> {
    let sums = sums(graph);
    let mut refused: Vec<Diagnostic> = graph.ids().filter_map(|id| problem(graph, id, &sums)).collect();
    if !refused.is_empty() {
        return Err(refused);
    }
    let mut owner: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    let mut layers = Vec::new();
    for neurons in graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Neuron(_))) {
        let connections = connections(graph, neurons);
        for id in &connections {
            if owner.insert(*id, neurons).is_some_and(|other| other != neurons) {
                refused.push(refuse(
                    graph,
                    *id,
                    "is read by several layers of neurons",
                    "a core has one layer of neurons behind its kernel",
                    "give each layer of neurons a connection of its own",
                ));
            }
        }
        layers.push(Layer { connections, neurons });
    }
    if refused.is_empty() { Ok(layers) } else { Err(refused) }
}

/// The connections that a layer of neurons adds up, in graph order.
fn connections(graph: &Graph, neurons: NodeId) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut stack = graph.node(neurons).inputs.clone();
    while let Some(at) = stack.pop() {
        if !seen.insert(at) {
            continue;
        }
        match graph.node(at).op {
            Op::Conv2d(_) | Op::Linear(_) => found.push(at),
            _ => stack.extend(&graph.node(at).inputs),
        }
    }
    found.sort_unstable();
    found
}

/// For each node whether it gives out sums of weights, as opposed to events.
fn sums(graph: &Graph) -> Vec<bool> {
    // A delay may read a later node: repeat until nothing changes. Sums only spread.
    let mut sums = vec![false; graph.nodes.len()];
    loop {
        let mut changed = false;
        for (k, node) in graph.nodes.iter().enumerate() {
            let sum = match &node.op {
                Op::Input(_) | Op::Neuron(_) => false,
                Op::Conv2d(_) | Op::Linear(_) => true,
                _ => node.inputs.iter().any(|i| sums[i.index()]),
            };
            if sum && !std::mem::replace(&mut sums[k], true) {
                changed = true;
            }
        }
        if !changed {
            return sums;
        }
    }
}

/// Why a node is neither part of a layer nor between layers.
fn problem(graph: &Graph, id: NodeId, sums: &[bool]) -> Option<Diagnostic> {
    let node = graph.node(id);
    let of_sums = node.inputs.iter().any(|i| sums[i.index()]);
    let of_events = node.inputs.iter().any(|i| !sums[i.index()]);
    let no = |what, label, remedy| Some(refuse(graph, id, what, label, remedy));
    match &node.op {
        Op::MaxPool(_) => no(
            "is a maximum over windows",
            "the chip sums the spikes of a window",
            "train with average or sum pooling behind the neurons",
        ),
        Op::Neuron(_) if of_events => no(
            "has no weights in front",
            "a layer of neurons of the chip is behind a kernel",
            "put a convolution or a linear layer in front of the neurons, or leave them out",
        ),
        Op::Neuron(_) => None,
        Op::Conv2d(_) | Op::Linear(_) if of_sums => no(
            "reads weighted sums",
            "between two layers there are neurons",
            "put integrate-and-fire neurons between the connections",
        ),
        Op::Output if of_sums => no(
            "is a weighted sum",
            "the chip gives out spikes",
            "put integrate-and-fire neurons behind the last layer and count their spikes",
        ),
        Op::Add if of_sums && of_events => no(
            "adds events to weighted sums",
            "what reaches a neuron goes through its kernel",
            "add the events to those in front of the connection, or lead them through one of their own",
        ),
        Op::Add | Op::Reshape => None,
        Op::Conv2d(_) | Op::Linear(_) | Op::Output | Op::Input(_) => None,
        _ if of_sums => {
            no("reads weighted sums", "neurons come directly behind a kernel", "move it behind the neurons")
        }
        _ => None,
    }
}
