//! Average pooling: the chip sums, and the weights behind it take the divisor up.

use std::collections::BTreeSet;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};

use super::refusal::{about, refuse};

/// Steps of the search for pools in front of a node, per node of the graph.
const STEPS_PER_NODE: usize = 64;

/// What the averages in front of a connection make of its weights.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Factor {
    /// The same divisors on every way: exact.
    One(f64),
    /// Other divisors on some way than on others. A core has one set of weights for all its sources, so there is
    /// no exact factor; this is sinabs' compromise, half the mean of the factors to two places
    /// (`rescale_method_1`, its default).
    Compromise {
        /// The factor for all ways.
        used: f64,
        /// What each way would need, ascending.
        wanted: Vec<f64>,
    },
}

impl Factor {
    /// The factor on the weights.
    pub(super) fn value(&self) -> f64 {
        match self {
            Self::One(f) | Self::Compromise { used: f, .. } => *f,
        }
    }
}

/// The factor of everything that averages between the sources of events and what the node reads; `None` where
/// the ways are too many to tell.
pub(super) fn in_front_of(graph: &Graph, id: NodeId) -> Option<Factor> {
    // Factors are positive, so their bits are in their order.
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut stack: Vec<(NodeId, f64)> = graph.node(id).inputs.iter().map(|i| (*i, 1.0)).collect();
    while let Some((at, factor)) = stack.pop() {
        if !seen.insert((at, factor.to_bits())) {
            continue;
        }
        if seen.len() > STEPS_PER_NODE * graph.nodes.len() {
            return None;
        }
        let node = graph.node(at);
        let factor = match &node.op {
            Op::Input(_) | Op::Neuron(_) => {
                found.insert(factor.to_bits());
                continue;
            }
            Op::SumPool(pool) => factor * (1.0 / f64::from(pool.divisor)),
            _ => factor,
        };
        stack.extend(node.inputs.iter().map(|i| (*i, factor)));
    }
    let wanted: Vec<f64> = found.into_iter().map(f64::from_bits).collect();
    Some(match wanted.as_slice() {
        [] => Factor::One(1.0),
        [one] => Factor::One(*one),
        all => {
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            Factor::Compromise { used: (mean * 0.5 * 100.0).round_ties_even() / 100.0, wanted }
        }
    })
}

/// A connection behind averages that do not agree.
pub(super) fn disagree(graph: &Graph, id: NodeId, used: f64, wanted: &[f64]) -> Diagnostic {
    let list: Vec<String> = wanted.iter().map(f64::to_string).collect();
    about(graph, id, Code::LossyQuantisation, "reads averages over windows of unlike sizes")
        .label(format!(
            "its weights are multiplied by {used} for all of them instead of {}",
            list.join(" and ")
        ))
        .remedy("use sum pooling there and train with it, or averages over windows of one size")
}

/// Averages that form more products than are looked at.
pub(super) fn too_many(graph: &Graph, id: NodeId) -> Diagnostic {
    refuse(
        graph,
        id,
        "reads averages in too many combinations",
        "each way to it has a factor of its own",
        "use sum pooling",
    )
}
