//! Events that enter weighted sums.

use std::collections::BTreeSet;

use snnc_ir::graph::op::{Conv2d, Op};
use snnc_ir::graph::weights::{Storage, Weights};
use snnc_ir::graph::{Graph, Node, NodeId};

use super::super::group::groups;
use super::super::unit::{Key, Units};
use super::free_name;

/// Leads events that are added to weighted sums, or to events of another unit, through weights of 1.
pub(super) fn insert(graph: &mut Graph) {
    let units = Units::of(graph);
    let mut edges: BTreeSet<(NodeId, usize)> = BTreeSet::new();
    for group in groups(graph) {
        let keys: Vec<Key> = group.bare.iter().map(|(_, source)| units.key(graph, *source)).collect();
        let alike = keys.iter().all(|k| *k != Key::Several && Some(k) == keys.first());
        if !group.connections.is_empty() || !alike {
            for (id, source) in &group.bare {
                let inputs = graph.node(*id).inputs.iter().enumerate();
                edges.extend(inputs.filter(|(_, i)| *i == source).map(|(k, _)| (*id, k)));
            }
        }
    }
    // From the back, so that ids in front stay; a reader moves back by one for each of its edges.
    let mut last = None;
    for (old, k) in edges.into_iter().rev() {
        let moved = match last {
            Some((node, moved)) if node == old => moved + 1,
            _ => 0,
        };
        last = Some((old, moved));
        let id = NodeId(old.0 + moved);
        let source = graph.node(id).inputs[k];
        let (shape, reader) = (graph.node(source).shape, graph.node(id));
        let kernel = [shape.c, 1, 1, 1];
        let origin = reader.origin.clone();
        let name = free_name(graph, &format!("{}.from.{}", reader.name, graph.node(source).name));
        let storage = Storage::I8(vec![1; shape.c].into());
        let weights = graph.push_weights(Weights { shape: kernel, storage, scale: None });
        let op = Op::Conv2d(Conv2d {
            weights,
            kernel,
            bias: None,
            stride: [1, 1],
            pad: [0; 4],
            dilation: [1, 1],
            groups: shape.c,
        });
        let one = graph.insert(id.index(), Node { name, op, inputs: vec![source], shape, origin });
        graph.nodes[id.index() + 1].inputs[k] = one;
    }
}
