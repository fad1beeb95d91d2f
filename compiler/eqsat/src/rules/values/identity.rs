//! What changes nothing is nothing.

use egg::Id;

use super::super::Rule;
use crate::language::{EGraph, Kind, Snn};

pub(super) const RULE: Rule = Rule {
    name: "identity-chain",
    law: "reshape(s, reshape(t, x)) = reshape(s, x); reshape(s, x) = x where x has shape s",
    on: Kind::Reshape,
    rewrite,
    example: r#"network "law" steps 4 integer {
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = reshape "r" (%0) : 4x1x1
  %2 = reshape "s" (%1) : 2x2x1
  %3 = if "n" (%2) : 2x2x1 {threshold 3, compare ge, reset subtract same}
  %4 = output "o" (%3) : 2x2x1
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Reshape(shape, [x]) = term else { return Vec::new() };
    if egraph[*x].data.shape == Some(*shape) {
        return vec![*x];
    }
    let inner: Vec<Id> = egraph[*x]
        .nodes
        .iter()
        .filter_map(|t| if let Snn::Reshape(_, [y]) = t { Some(*y) } else { None })
        .collect();
    inner.into_iter().map(|y| egraph.add_uncanonical(Snn::Reshape(*shape, [y]))).collect()
}
