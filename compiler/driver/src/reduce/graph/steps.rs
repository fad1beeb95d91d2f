//! Moves that make time shorter.

use snnc_ir::graph::op::Op;

use super::{Move, Network, alone, sound};
use crate::reduce::search::smaller;

/// Fewer steps of the network, shorter delays.
pub(super) fn moves(network: &Network) -> Vec<Move<Network>> {
    let graph = &network.0;
    let fewer = |steps: usize| -> Move<Network> {
        Box::new(move |network| {
            let mut graph = network.0.clone();
            graph.steps = steps as u32;
            sound(&graph)
        })
    };
    let mut out: Vec<Move<Network>> = smaller(graph.steps as usize).into_iter().map(fewer).collect();
    out.extend(alone(graph, |op| match op {
        Op::Delay(delay) => {
            let shorter = smaller(delay.steps as usize).into_iter();
            shorter.map(|steps| Op::Delay(snnc_ir::graph::op::Delay { steps: steps as u32 })).collect()
        }
        _ => Vec::new(),
    }));
    out
}
