//! Powers of two that all weights into a layer of integer neurons have in common.
//!
//! Lava's states count in 64ths of a weight, so files hold weights times 64, or times 128 where weights of both
//! signs are even. The factor goes to the neurons, whose current multiplies what enters it: `Σ (2^k · w) x` is
//! `2^k · Σ w x`. What is left is what a synapse stores.

use super::importer::Importer;
use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op};
use snnc_ir::graph::weights::{Storage, WeightId, Weights};
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::neuron::{Current, Model, Neuron, Spec};
use std::collections::BTreeMap;

/// The greatest power that a factor can be.
const MOST: u32 = 30;

/// Moves the factors of an integer network that was read without refusals.
pub(crate) fn divide(im: &mut Importer<'_>) {
    if im.graph.number != Number::Integer || !im.refusals.is_empty() {
        return;
    }
    let consumers = im.graph.consumers();
    let mut powers: BTreeMap<NodeId, u32> = BTreeMap::new();
    for id in im.graph.ids() {
        let Some(connections) = connections(&im.graph, &consumers, id) else { continue };
        let power = connections.iter().filter_map(|c| power(&im.graph, *c)).min().unwrap_or(0);
        if power > 0
            && let Some(current) = current(&mut im.graph, id)
        {
            current.gain = Some(1 << power);
            powers.extend(connections.into_iter().map(|c| (c, power)));
        }
    }
    weights(&mut im.graph, &powers);
    for (id, power) in &powers {
        let node = im.graph.nodes.get_mut(id.index()).map(|n| &mut n.op);
        if let Some(
            Op::Conv2d(Conv2d { bias: Some(Bias::Integer(bias)), .. })
            | Op::Linear(Linear { bias: Some(Bias::Integer(bias)), .. }),
        ) = node
        {
            *bias = bias.map(|b| b >> power);
        }
    }
}

/// The current of integer neurons that has no gain yet.
fn current(graph: &mut Graph, id: NodeId) -> Option<&mut Current<i32>> {
    let Op::Neuron(neuron) = &mut graph.nodes.get_mut(id.index())?.op else { return None };
    let Neuron::Integer(Spec { model: Model::Spiking(spiking), .. }, _) = neuron.as_mut() else {
        return None;
    };
    spiking.current.as_mut().filter(|c| c.gain.is_none())
}

/// The connections whose sums only that layer of neurons reads; `None` when something else reads one, or events
/// enter without weights.
fn connections(graph: &Graph, consumers: &[Vec<NodeId>], neuron: NodeId) -> Option<Vec<NodeId>> {
    let Op::Neuron(_) = graph.nodes.get(neuron.index())?.op else { return None };
    let mut found = Vec::new();
    let mut open = graph.node(neuron).inputs.clone();
    while let Some(id) = open.pop() {
        let node = graph.nodes.get(id.index())?;
        let readers = consumers.get(id.index())?;
        // A node with one reader is seen once.
        if readers.len() != 1 {
            return None;
        }
        match &node.op {
            Op::Conv2d(_) | Op::Linear(_) => found.push(id),
            Op::Add | Op::Concat | Op::Reshape | Op::Slice(_) | Op::Delay(_) | Op::MaxPool(_) => {
                open.extend(&node.inputs);
            }
            Op::SumPool(pool) if pool.divisor == 1 => open.extend(&node.inputs),
            _ => return None,
        }
    }
    Some(found)
}

/// The greatest power of two that divides the weights and the bias of a connection; `None` when all are zero.
fn power(graph: &Graph, id: NodeId) -> Option<u32> {
    let op = &graph.nodes.get(id.index())?.op;
    let of = |v: i32| (v != 0).then(|| v.trailing_zeros().min(MOST));
    let weights = graph.weights.get(op.weights()?.0 as usize)?;
    let bias = match op {
        Op::Conv2d(Conv2d { bias: Some(Bias::Integer(bias)), .. })
        | Op::Linear(Linear { bias: Some(Bias::Integer(bias)), .. }) => bias.values(),
        _ => &[],
    };
    let stored = (0..weights.len()).filter_map(|k| weights.integer(k)).filter_map(of);
    bias.iter().copied().filter_map(of).chain(stored).min()
}

/// Divides weights; those that connections share get a copy where the powers differ.
fn weights(graph: &mut Graph, powers: &BTreeMap<NodeId, u32>) {
    let mut users: BTreeMap<WeightId, BTreeMap<u32, Vec<NodeId>>> = BTreeMap::new();
    for id in graph.ids() {
        if let Some(weights) = graph.node(id).op.weights() {
            let power = powers.get(&id).copied().unwrap_or(0);
            users.entry(weights).or_default().entry(power).or_default().push(id);
        }
    }
    for (old, by_power) in users {
        let alone = by_power.len() == 1;
        for (power, nodes) in by_power.into_iter().filter(|(power, _)| *power > 0) {
            let Some(weights) = graph.weights.get(old.0 as usize) else { continue };
            let Some(divided) = divided(weights, power) else { continue };
            if alone {
                if let Some(place) = graph.weights.get_mut(old.0 as usize) {
                    *place = divided;
                }
                continue;
            }
            let new = graph.push_weights(divided);
            for id in nodes {
                match graph.nodes.get_mut(id.index()).map(|n| &mut n.op) {
                    Some(Op::Conv2d(op)) => op.weights = new,
                    Some(Op::Linear(op)) => op.weights = new,
                    _ => {}
                }
            }
        }
    }
}

fn divided(weights: &Weights, power: u32) -> Option<Weights> {
    let values = || (0..weights.len()).map(|k| weights.integer(k).unwrap_or(0) >> power);
    let narrow = values().map(|v| i8::try_from(v).ok()).collect::<Option<_>>().map(Storage::I8);
    let storage = narrow.unwrap_or_else(|| Storage::I32(values().collect()));
    weights.is_integer().then_some(Weights { shape: weights.shape, storage, scale: None })
}
