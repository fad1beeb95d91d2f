//! Connections and neurons that must share a scale.

use std::collections::BTreeMap;

use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};

use super::prepare::gives_events;

/// The nodes of one or more populations whose synaptic inputs are added up somewhere.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Connections with weights.
    pub(super) connections: Vec<NodeId>,
    /// Layers of neurons at their end.
    pub(super) neurons: Vec<NodeId>,
    /// Places where events enter a sum without weights: (node, source of the events).
    pub(super) bare: Vec<(NodeId, NodeId)>,
}

/// Partition of the sums of a graph into groups, in graph order.
pub(super) fn groups(graph: &Graph) -> Vec<Group> {
    let n = graph.nodes.len();
    let mut root: Vec<usize> = (0..n).collect();
    let events = gives_events(graph);
    for id in graph.ids() {
        let node = graph.node(id);
        let joins = matches!(node.op, Op::Add | Op::Neuron(_)) || !events[id.index()];
        if !joins || matches!(node.op, Op::Conv2d(_) | Op::Linear(_)) {
            continue;
        }
        for input in node.inputs.iter().filter(|i| !events[i.index()]) {
            union(&mut root, input.index(), id.index());
        }
    }
    let mut out: BTreeMap<usize, Group> = BTreeMap::new();
    for id in graph.ids() {
        let node = graph.node(id);
        let group = find(&mut root, id.index());
        match &node.op {
            Op::Conv2d(_) | Op::Linear(_) => out.entry(group).or_default().connections.push(id),
            Op::Neuron(_) => {
                let group = out.entry(group).or_default();
                group.neurons.push(id);
                if events[node.inputs[0].index()] {
                    group.bare.push((id, node.inputs[0]));
                }
            }
            // A concatenation of events and sums is one too.
            Op::Add | Op::Concat if !events[id.index()] => {
                let bare = node.inputs.iter().filter(|i| events[i.index()]).map(|i| (id, *i));
                out.entry(group).or_default().bare.extend(bare);
            }
            _ => {}
        }
    }
    out.into_values().filter(|g| !g.neurons.is_empty() || !g.connections.is_empty()).collect()
}

fn find(root: &mut [usize], mut k: usize) -> usize {
    while root[k] != k {
        root[k] = root[root[k]];
        k = root[k];
    }
    k
}

fn union(root: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(root, a), find(root, b));
    root[a.max(b)] = a.min(b);
}
