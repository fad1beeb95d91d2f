//! Connections of sums of events.

use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op};
use snnc_ir::graph::{Graph, Node, NodeId};

use super::{free_name, gives_events};

/// A connection is linear: of a sum of events it is the sum of the connections of each.
pub(super) fn sums_of_events(graph: &mut Graph) {
    let mut at = 0;
    while at < graph.nodes.len() {
        let id = NodeId(at as u32);
        match terms(graph, id) {
            Some(sources) => at += replace(graph, id, sources),
            None => at += 1,
        }
    }
}

/// The events that are added up in front of a connection.
fn terms(graph: &Graph, id: NodeId) -> Option<Vec<NodeId>> {
    let node = graph.node(id);
    let mut source = *node.inputs.first()?;
    match node.op {
        Op::Conv2d(_) => {}
        // It reads its input flattened, as each of the terms.
        Op::Linear(_) => {
            while matches!(graph.node(source).op, Op::Reshape) {
                source = graph.node(source).inputs[0];
            }
        }
        _ => return None,
    }
    let sum = graph.node(source);
    let events = gives_events(graph);
    let all = matches!(sum.op, Op::Add) && sum.inputs.iter().all(|i| events[i.index()]);
    all.then(|| sum.inputs.clone())
}

/// Puts a connection per source in front; gives the number of nodes that then stand there.
fn replace(graph: &mut Graph, id: NodeId, sources: Vec<NodeId>) -> usize {
    let node = graph.node(id).clone();
    let count = sources.len();
    let mut made = Vec::with_capacity(count);
    for (k, source) in sources.into_iter().enumerate() {
        let mut op = node.op.clone();
        if k > 0 {
            *bias(&mut op) = None;
        }
        let name = free_name(graph, &format!("{}.term{k}", node.name));
        let term = Node { name, op, inputs: vec![source], ..node.clone() };
        made.push(graph.insert(id.index() + k, term));
    }
    let sum = &mut graph.nodes[id.index() + count];
    sum.op = Op::Add;
    sum.inputs = made;
    count + 1
}

fn bias(op: &mut Op) -> &mut Option<Bias> {
    match op {
        Op::Conv2d(Conv2d { bias, .. }) | Op::Linear(Linear { bias, .. }) => bias,
        // Only connections come here.
        _ => unreachable!("a connection has a bias or none"),
    }
}
