//! Delays add up.

use egg::Id;

use super::super::Rule;
use crate::language::{EGraph, Kind, Snn};

pub(super) const RULE: Rule = Rule {
    name: "delay-chain",
    law: "delay(a, delay(b, x)) = delay(a + b, x)",
    on: Kind::Delay,
    rewrite,
    example: r#"network "law" steps 4 integer {
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = delay "d" (%0) : 1x2x2 {steps 1}
  %2 = delay "e" (%1) : 1x2x2 {steps 2}
  %3 = if "n" (%2) : 1x2x2 {threshold 3, compare ge, reset subtract same}
  %4 = output "o" (%3) : 1x2x2
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Delay(outer, [x]) = term else { return Vec::new() };
    if *outer == 0 {
        return vec![*x];
    }
    let inner: Vec<(u32, Id)> = egraph[*x]
        .nodes
        .iter()
        .filter_map(|t| {
            if let Snn::Delay(steps, [y]) = t { Some((outer.checked_add(*steps)?, *y)) } else { None }
        })
        .collect();
    inner.into_iter().map(|(steps, y)| egraph.add_uncanonical(Snn::Delay(steps, [y]))).collect()
}
