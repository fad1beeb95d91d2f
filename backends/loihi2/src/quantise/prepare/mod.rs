//! Rewrites after which every population reads connections, and every connection reads events.
//!
//! | in the graph | becomes |
//! |---|---|
//! | a quantised activation of an input | the encoding of the input |
//! | maximum of spikes | a population without memory that spikes when one of its window does |
//! | maximum of graded events of one unit | a tree of `b + relu(a - b)` |
//! | connection of a sum of events | sum of connections with the same weights |
//! | connection or output that reads weighted sums | a **relay** in between: a population that passes its sums on |
//! | events that are added to weighted sums | a 1×1 connection with weights 1 |
//!
//! In the interpreter the result gives the same outputs; on the chip a new population takes a step, which
//! retiming makes good.

mod input;
mod max_graded;
mod max_pool;
mod relay;
mod skip;
mod split;

use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, Node, NodeId, Number};

pub(super) use relay::is_relay;

use crate::rules::Rules;

/// Rewrites a verified graph. An integer graph keeps its connections: they are merged exactly later on.
pub(super) fn prepare(graph: &Graph, rules: &Rules) -> Graph {
    let mut graph = graph.clone();
    max_pool::replace(&mut graph);
    if graph.number == Number::Real {
        input::encode(&mut graph, rules.payload_bits);
        max_graded::replace(&mut graph);
        split::sums_of_events(&mut graph);
        relay::insert(&mut graph);
        skip::insert(&mut graph);
    }
    graph
}

/// For each node whether it gives out events, as opposed to sums of weights.
pub(super) fn gives_events(graph: &Graph) -> Vec<bool> {
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

/// A node directly behind another one, read by nothing yet.
fn push_behind(graph: &mut Graph, id: NodeId, suffix: &str, op: Op) -> NodeId {
    let source = graph.node(id);
    let (shape, origin) = (source.shape, source.origin.clone());
    let name = free_name(graph, &format!("{}.{suffix}", source.name));
    let node = Node { name, op, inputs: vec![id], shape, origin };
    graph.insert(id.index() + 1, node)
}

/// The name, or one like it that no node has.
fn free_name(graph: &Graph, wanted: &str) -> String {
    let taken = |name: &str| graph.nodes.iter().any(|n| n.name == name);
    let others = (2..).map(|k| format!("{wanted}.{k}"));
    std::iter::once(wanted.to_owned()).chain(others).find(|name| !taken(name)).unwrap_or_default()
}
