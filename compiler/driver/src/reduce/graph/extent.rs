//! Moves that take channels, rows and columns out of values.

use std::collections::BTreeMap;

use snnc_ir::graph::op::Op;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::{Graph, NodeId};

use super::rebuild::{Change, rebuild};
use super::{Move, Network};
use crate::reduce::search::smaller;

/// Every axis that an input or a connection sets, together with those that a sum ties to it.
pub(super) fn moves(network: &Network) -> Vec<Move<Network>> {
    let graph = &network.0;
    let mut out: Vec<Move<Network>> = Vec::new();
    for axis in 0..3 {
        for set in classes(graph, axis) {
            let sizes: Vec<usize> = set.iter().map(|id| of(graph.node(*id).shape, axis)).collect();
            let Some(least) = sizes.iter().copied().min() else { continue };
            let groups = set.iter().map(|id| groups(graph, *id)).max().unwrap_or(1);
            // Beside the sizes of every axis, those that keep whole groups.
            let mut to = smaller(least);
            to.extend(smaller(least / groups).into_iter().map(|k| k * groups));
            for size in to {
                let shapes = set.iter().map(|id| (*id, with(graph.node(*id).shape, axis, size))).collect();
                let change = Change { shapes, ..Change::default() };
                out.push(Box::new(move |network| rebuild(&network.0, &change)));
            }
        }
    }
    out
}

fn of(shape: Shape, axis: usize) -> usize {
    [shape.c, shape.h, shape.w][axis]
}

fn with(shape: Shape, axis: usize, size: usize) -> Shape {
    let mut all = [shape.c, shape.h, shape.w];
    all[axis] = size;
    Shape::new(all[0], all[1], all[2])
}

/// Channels of an input or a connection come in multiples of this: of the groups of what reads it, or its own.
fn groups(graph: &Graph, id: NodeId) -> usize {
    let grouped = |op: &Op| match op {
        Op::Conv2d(conv) if conv.groups > 1 => Some((conv.groups, conv.kernel[1])),
        _ => None,
    };
    let own = grouped(&graph.node(id).op).map(|(groups, _)| groups);
    let reading = graph.nodes.iter().filter(|n| n.inputs.contains(&id));
    let per_group = reading.filter_map(|n| grouped(&n.op)).map(|(_, per_group)| per_group);
    own.into_iter().chain(per_group).max().unwrap_or(1)
}

/// The nodes that set the size of an axis: alone, those of a class, and for rows and columns all inputs of
/// one size.
fn classes(graph: &Graph, axis: usize) -> Vec<Vec<NodeId>> {
    let sets = |id: NodeId| match graph.node(id).op {
        Op::Input(_) => true,
        Op::Conv2d(_) | Op::Linear(_) => axis == 0,
        _ => false,
    };
    let mut class: Vec<usize> = (0..graph.nodes.len()).collect();
    let mut root = vec![None; graph.nodes.len()];
    for id in graph.ids() {
        let node = graph.node(id);
        root[id.index()] = if sets(id) {
            Some(id.index())
        } else {
            // An axis goes through what does not set it, up to the first operand.
            node.inputs.first().and_then(|first| root.get(first.index()).copied().flatten())
        };
        if matches!(node.op, Op::Add) {
            let mut roots = node.inputs.iter().filter_map(|i| root[i.index()]);
            if let Some(first) = roots.next() {
                let all: Vec<usize> = roots.map(|r| class[r]).collect();
                let to = class[first];
                class.iter_mut().filter(|c| all.contains(c)).for_each(|c| *c = to);
            }
        }
    }
    let mut tied: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
    let mut equal: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
    let mut alone = Vec::new();
    for id in graph.ids().filter(|id| sets(*id)) {
        tied.entry(class[id.index()]).or_default().push(id);
        equal.entry(of(graph.node(id).shape, axis)).or_default().push(id);
        alone.push(vec![id]);
    }
    let mut out: Vec<Vec<NodeId>> = tied.into_values().collect();
    out.extend(equal.into_values().filter(|set| set.len() > 1));
    out.extend(alone);
    let mut seen = std::collections::BTreeSet::new();
    out.retain(|set| seen.insert(set.clone()));
    out
}
