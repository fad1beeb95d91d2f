//! Moves that take out nodes.

use std::collections::BTreeSet;

use snnc_ir::graph::op::{Input, Op, Values};
use snnc_ir::graph::{Graph, Node, NodeId, Number};

use super::rebuild::{Change, rebuild};
use super::{Move, Network, sound};
use crate::reduce::search::chunks;

/// Outputs that are left out, many at once first.
pub(super) fn outputs(network: &Network) -> Vec<Move<Network>> {
    let outputs = network.0.outputs();
    let drop = |range: std::ops::Range<usize>| -> Move<Network> {
        let drop: BTreeSet<NodeId> = outputs[range].iter().copied().collect();
        Box::new(move |network| {
            let mut graph = network.0.clone();
            for id in drop.iter().rev() {
                graph.remove(*id);
            }
            sound(&graph)
        })
    };
    chunks(outputs.len()).into_iter().map(drop).collect()
}

/// The network up to a node, which becomes its only output.
pub(super) fn behind(network: &Network) -> Vec<Move<Network>> {
    let ends = network.0.ids().filter(|id| !matches!(network.0.node(*id).op, Op::Output));
    let end = |id: NodeId| -> Move<Network> {
        Box::new(move |network| {
            let mut graph = network.0.clone();
            for output in graph.outputs().into_iter().rev() {
                graph.remove(output);
            }
            let before = network.0.outputs().into_iter().filter(|o| *o < id).count() as u32;
            let source = NodeId(id.0 - before);
            let shape = graph.nodes.get(source.index())?.shape;
            let name = unused(&graph, "output");
            graph.push(Node {
                origin: vec![name.clone()],
                name,
                op: Op::Output,
                inputs: vec![source],
                shape,
            });
            sound(&graph)
        })
    };
    ends.map(end).collect()
}

/// Nodes that become inputs of the network, from the last one on.
pub(super) fn before(network: &Network) -> Vec<Move<Network>> {
    let inner = |id: &NodeId| !matches!(network.0.node(*id).op, Op::Output | Op::Input(_));
    let values = match network.0.number {
        Number::Real => [Values::Binary, Values::Real],
        Number::Integer => [Values::Binary, Values::Integer { lo: -128, hi: 127 }],
    };
    let mut out: Vec<Move<Network>> = Vec::new();
    for id in last_first(&network.0).filter(inner) {
        for values in values {
            out.push(Box::new(move |network| {
                let mut graph = network.0.clone();
                let node = graph.nodes.get_mut(id.index())?;
                node.op = Op::Input(Input { values });
                node.inputs.clear();
                sound(&graph)
            }));
        }
    }
    out
}

/// Nodes that are passed by: what reads one reads one of its inputs instead, whatever its shape.
pub(super) fn bypass(network: &Network) -> Vec<Move<Network>> {
    let mut out: Vec<Move<Network>> = Vec::new();
    for id in last_first(&network.0) {
        let node = network.0.node(id);
        if matches!(node.op, Op::Output) {
            continue;
        }
        for input in node.inputs.iter().copied().filter(|input| *input != id) {
            out.push(Box::new(move |network| {
                rebuild(&network.0, &Change { instead: [(id, input)].into(), ..Change::default() })
            }));
        }
    }
    out
}

/// Operands of sums and concatenations that are left out.
pub(super) fn operands(network: &Network) -> Vec<Move<Network>> {
    let mut out: Vec<Move<Network>> = Vec::new();
    for id in network.0.ids() {
        let node = network.0.node(id);
        let least = match node.op {
            Op::Add => 2,
            Op::Concat => 1,
            _ => continue,
        };
        for range in chunks(node.inputs.len()) {
            let mut inputs = node.inputs.clone();
            inputs.drain(range);
            if inputs.len() >= least {
                out.push(Box::new(move |network| {
                    let change = Change { inputs: [(id, inputs.clone())].into(), ..Change::default() };
                    rebuild(&network.0, &change)
                }));
            }
        }
    }
    out
}

/// Ids from the last to the first.
fn last_first(graph: &Graph) -> impl Iterator<Item = NodeId> + use<> {
    (0..graph.nodes.len() as u32).rev().map(NodeId)
}

/// A name that no node has.
fn unused(graph: &Graph, stem: &str) -> String {
    let taken: BTreeSet<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
    let mut name = stem.to_owned();
    let mut k = 1;
    while taken.contains(name.as_str()) {
        k += 1;
        name = format!("{stem}{k}");
    }
    name
}
