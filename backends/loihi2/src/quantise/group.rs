//! Connections and neurons that must share a scale.

use std::collections::BTreeMap;

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Emission, Model, Neuron, Spec};
use snnc_ir::text::print_node;

/// The nodes of one or more populations whose synaptic inputs are added up somewhere.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Connections with weights.
    pub(super) connections: Vec<NodeId>,
    /// Neuron layers at their end.
    pub(super) neurons: Vec<NodeId>,
    /// Places where events enter a sum without weights: (node, source of the events).
    bare: Vec<(NodeId, NodeId)>,
    /// A connection that reads another connection.
    chained: Vec<NodeId>,
}

/// For each node whether it gives out events, as opposed to sums of weights.
fn gives_events(graph: &Graph) -> Vec<bool> {
    // A delay may read a later node: repeat until nothing changes. Sums only spread.
    let mut events = vec![true; graph.nodes.len()];
    loop {
        let mut changed = false;
        for (k, node) in graph.nodes.iter().enumerate() {
            let sum = match &node.op {
                Op::Input(_) | Op::Neuron(_) => false,
                Op::Conv2d(_) | Op::Linear(_) | Op::Add => true,
                _ => node.inputs.iter().any(|i| !events[i.index()]),
            };
            if sum && std::mem::replace(&mut events[k], false) {
                changed = true;
            }
        }
        if !changed {
            return events;
        }
    }
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
            Op::Conv2d(_) | Op::Linear(_) => {
                let group = out.entry(group).or_default();
                group.connections.push(id);
                if !events[node.inputs[0].index()] {
                    group.chained.push(id);
                }
            }
            Op::Neuron(_) => {
                let group = out.entry(group).or_default();
                group.neurons.push(id);
                if events[node.inputs[0].index()] {
                    group.bare.push((id, node.inputs[0]));
                }
            }
            Op::Add => {
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

impl Group {
    /// What of this group has no integer form here.
    pub(super) fn check(&self, graph: &Graph) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        for id in &self.chained {
            out.push(
                refuse(graph, *id, "two connections follow each other without neurons in between")
                    .label("it reads weighted sums, not events")
                    .remedy(
                        "put a layer of neurons between them, or merge them into one layer before export",
                    ),
            );
        }
        if !self.connections.is_empty() {
            for (id, source) in &self.bare {
                out.push(
                    refuse(
                        graph,
                        *id,
                        format!("events of '{}' are added to weighted sums", graph.node(*source).name),
                    )
                    .label("events enter here without weights")
                    .remedy("lead the skip connection through a 1x1 convolution"),
                );
            }
        }
        let mut sources: Vec<NodeId> = Vec::new();
        for id in self.connections.iter().chain(self.bare.iter().map(|(id, _)| id)).chain(&self.neurons) {
            sources.extend(event_sources(graph, *id));
        }
        sources.sort_unstable();
        sources.dedup();
        out.extend(sources.iter().filter_map(|id| not_integer(graph, *id)));
        out
    }
}

/// The populations whose events a node reads directly.
fn event_sources(graph: &Graph, id: NodeId) -> Vec<NodeId> {
    let mut out = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut stack = graph.node(id).inputs.clone();
    while let Some(at) = stack.pop() {
        if !seen.insert(at) {
            continue;
        }
        let node = graph.node(at);
        match &node.op {
            Op::Input(_) | Op::Neuron(_) => out.push(at),
            Op::Conv2d(_) | Op::Linear(_) | Op::Add => {}
            _ => stack.extend(&node.inputs),
        }
    }
    out
}

/// A source whose events are not integers.
fn not_integer(graph: &Graph, id: NodeId) -> Option<Diagnostic> {
    let node = graph.node(id);
    let Op::Neuron(neuron) = &node.op else { return None };
    let Neuron::Real(Spec { model, .. }) = neuron.as_ref() else { return None };
    let what = match model {
        Model::Spiking(s) => match &s.emission {
            Emission::Binary | Emission::Count { .. } => return None,
            Emission::Scaled(_) => "spikes of several values",
        },
        Model::SigmaDelta(_) | Model::Delta(_) => "graded real events",
        Model::Integrator(_) => "a real membrane",
        Model::Activation(_) => "a quantised activation of real values",
    };
    Some(
        refuse(graph, id, format!("{what} cannot be quantised yet"))
            .label("its output is read by a connection")
            .remedy("give the layer's integer form (an integer network is kept bit for bit), or use binary spikes"),
    )
}

fn refuse(graph: &Graph, id: NodeId, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::NotQuantisable, message)
        .at(Location::node(&graph.node(id).name).with_line(print_node(graph, id)))
}
