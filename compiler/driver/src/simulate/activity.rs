//! What layers did, step by step, counted.

use std::collections::BTreeMap;

use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::sim::Counts;

use super::machine::Machine;

/// Counts of the steps of a layer. Two of them can be merged in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of steps by the number of events in them.
    steps: BTreeMap<u64, u64>,
    /// Events over all steps.
    pub events: u64,
    /// Accumulates that the events which enter the layer cause, over all steps.
    pub synops: u64,
    /// Greatest number of them in a step.
    pub synops_max: u64,
    /// Sums of an integer network that did not fit 32 bits.
    pub clipped: u64,
    /// States of an integer layer that left their width.
    pub overflows: u64,
}

impl Tally {
    fn add(&mut self, counts: Counts) {
        *self.steps.entry(counts.events).or_default() += 1;
        self.events += counts.events;
        self.synops += counts.synops;
        self.synops_max = self.synops_max.max(counts.synops);
        self.clipped += counts.clipped;
        self.overflows += counts.overflows;
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: Self) {
        for (events, steps) in other.steps {
            *self.steps.entry(events).or_default() += steps;
        }
        self.events += other.events;
        self.synops += other.synops;
        self.synops_max = self.synops_max.max(other.synops_max);
        self.clipped += other.clipped;
        self.overflows += other.overflows;
    }

    /// Number of steps that were counted.
    pub fn count(&self) -> u64 {
        self.steps.values().sum()
    }

    /// The least number of events that so many hundredths of the steps do not exceed: the nearest rank. 0
    /// without steps.
    pub fn percentile(&self, hundredths: u64) -> u64 {
        let rank = (u128::from(self.count()) * u128::from(hundredths)).div_ceil(100).max(1);
        let mut below = 0u128;
        for (events, steps) in &self.steps {
            below += u128::from(*steps);
            if below >= rank {
                return *events;
            }
        }
        0
    }

    /// Greatest number of events in a step.
    pub fn max(&self) -> u64 {
        self.steps.keys().next_back().copied().unwrap_or(0)
    }
}

/// A layer that is watched: what it gives out, and the nodes that work for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Watched {
    pub(super) id: NodeId,
    /// Nodes between the layers in front and this one, and the layer itself.
    nodes: Vec<NodeId>,
}

/// The inputs and layers of neurons of a graph, in its order, and then connections that no layer of neurons
/// reads; the second number is where these begin.
pub(super) fn watched(graph: &Graph) -> (Vec<Watched>, usize) {
    let mut read = vec![false; graph.nodes.len()];
    let mut out: Vec<Watched> = graph
        .ids()
        .filter(|id| is_layer(graph, *id))
        .map(|id| Watched { id, nodes: behind(graph, id, &mut read) })
        .collect();
    let layers = out.len();
    let alone = |id: &NodeId| graph.node(*id).op.weights().is_some() && !read[id.index()];
    let readouts: Vec<NodeId> = graph.ids().filter(alone).collect();
    out.extend(readouts.into_iter().map(|id| Watched { id, nodes: vec![id] }));
    (out, layers)
}

fn is_layer(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Input(_) | Op::Neuron(_))
}

/// A layer, and the nodes between it and the layers that it reads.
fn behind(graph: &Graph, id: NodeId, read: &mut [bool]) -> Vec<NodeId> {
    let mut seen = vec![false; graph.nodes.len()];
    let mut left = vec![id];
    let mut out = Vec::new();
    while let Some(at) = left.pop() {
        if std::mem::replace(&mut seen[at.index()], true) {
            continue;
        }
        out.push(at);
        read[at.index()] = true;
        left.extend(graph.node(at).inputs.iter().filter(|i| !is_layer(graph, **i)));
    }
    out.sort_unstable();
    out
}

impl Watched {
    /// Adds what the layer did in the machine's last step.
    pub(super) fn count(&self, machine: &impl Machine, tally: &mut Tally) {
        let mut sum = Counts::default();
        for id in &self.nodes {
            let counts = machine.counts(*id);
            if *id == self.id {
                sum.events = counts.events;
            }
            sum.synops += counts.synops;
            sum.clipped += counts.clipped;
            sum.overflows += counts.overflows;
        }
        tally.add(sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(events: &[u64]) -> Tally {
        let mut out = Tally::default();
        for e in events {
            out.add(Counts { events: *e, synops: 2 * e, ..Counts::default() });
        }
        out
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred: Vec<u64> = (1..=100).rev().collect();
        let all = tally(&hundred);
        assert_eq!([50, 95, 99, 100].map(|p| all.percentile(p)), [50, 95, 99, 100]);
        let few = tally(&[7, 3, 3, 3]);
        assert_eq!([50, 75, 76, 99].map(|p| few.percentile(p)), [3, 3, 7, 7]);
        assert_eq!(tally(&[]).percentile(50), 0);
        assert_eq!((few.max(), few.events, few.synops, few.synops_max), (7, 16, 32, 14));
    }

    #[test]
    fn parts_make_the_whole() {
        let (mut left, right) = (tally(&[1, 5, 5]), tally(&[2, 5, 0]));
        left.merge(right);
        assert_eq!(left, tally(&[5, 1, 0, 5, 5, 2]));
    }
}
