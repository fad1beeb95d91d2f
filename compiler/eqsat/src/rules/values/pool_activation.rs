//! The maximum commutes with a monotone function.

use egg::Id;
use snnc_ir::neuron::{Model, Neuron, Spec};

use super::super::Rule;
use crate::language::{EGraph, Kind, Snn};

/// The maximum moves behind the activation.
pub(super) const OUT: Rule = Rule {
    name: "pool-behind-activation",
    law: "activation(max-pool(x)) = max-pool(activation(x)), for activations without state, which are monotone; never for neurons with state",
    on: Kind::Neuron,
    rewrite: behind,
    example: r#"network "law" steps 4 integer {
  %0 = input "a" : 1x4x4 {values -9..=9}
  %1 = max_pool "p" (%0) : 1x2x2 {kernel [2, 2], stride [2, 2]}
  %2 = activation "n" (%1) : 1x2x2 {scale 1, range 0..=7, relu}
  %3 = output "o" (%2) : 1x2x2
}
"#,
};

/// The maximum moves in front of it.
pub(super) const IN: Rule = Rule {
    name: "pool-before-activation",
    law: "max-pool(activation(x)) = activation(max-pool(x)), for activations without state",
    on: Kind::MaxPool,
    rewrite: before,
    example: r#"network "law" steps 4 integer {
  %0 = input "a" : 1x4x4 {values -9..=9}
  %1 = activation "n" (%0) : 1x4x4 {scale 1, range 0..=7, relu}
  %2 = max_pool "p" (%1) : 1x2x2 {kernel [2, 2], stride [2, 2]}
  %3 = if "m" (%2) : 1x2x2 {threshold 3, compare ge, reset subtract same}
  %4 = output "o" (%3) : 1x2x2
}
"#,
};

/// Without state and never falling: a positive factor, rounded, clamped. A layer that starts later gives zeros until
/// then, whose maximum is zero.
fn is_monotone(neuron: &Neuron) -> bool {
    matches!(neuron, Neuron::Integer(Spec { model: Model::Activation(_), .. }, _))
}

fn behind(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Neuron(n, [x]) = term else { return Vec::new() };
    if !is_monotone(egraph.analysis.store.neuron_of(*n)) {
        return Vec::new();
    }
    let pooled: Vec<_> = egraph[*x]
        .nodes
        .iter()
        .filter_map(|t| if let Snn::MaxPool(window, [y]) = t { Some((*window, *y)) } else { None })
        .collect();
    let turn = |(window, y)| {
        let neuron = egraph.add_uncanonical(Snn::Neuron(*n, [y]));
        egraph.add_uncanonical(Snn::MaxPool(window, [neuron]))
    };
    pooled.into_iter().map(turn).collect()
}

fn before(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::MaxPool(window, [x]) = term else { return Vec::new() };
    let active: Vec<_> = egraph[*x]
        .nodes
        .iter()
        .filter_map(|t| if let Snn::Neuron(n, [y]) = t { Some((*n, *y)) } else { None })
        .filter(|(n, _)| is_monotone(egraph.analysis.store.neuron_of(*n)))
        .collect();
    let turn = |(n, y)| {
        let pooled = egraph.add_uncanonical(Snn::MaxPool(*window, [y]));
        egraph.add_uncanonical(Snn::Neuron(n, [pooled]))
    };
    active.into_iter().map(turn).collect()
}
