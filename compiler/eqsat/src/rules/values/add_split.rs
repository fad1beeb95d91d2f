//! Weights distribute over a sum.

use egg::Id;

use super::super::Rule;
use crate::language::{EGraph, Kind, Snn, is_constant};

pub(super) const RULE: Rule = Rule {
    name: "add-split",
    law: "weigh(w, a + b) = weigh(w, a) + weigh(w, b): a connection is linear",
    on: Kind::Weigh,
    rewrite,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [2, 2, 1, 1] [1, 2, 3, -4]
  %0 = input "a" : 2x2x2 {values 0..=3}
  %1 = input "b" : 2x2x2 {values 0..=3}
  %2 = add "sum" (%0, %1) : 2x2x2
  %3 = conv2d "w" (%2, @0) : 2x2x2
  %4 = if "n" (%3) : 2x2x2 {threshold 3, compare ge, reset subtract same}
  %5 = output "o" (%4) : 2x2x2
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Weigh(kernel, [x]) = term else { return Vec::new() };
    if is_constant(egraph, *x) {
        return Vec::new();
    }
    let own = egraph.find(*x);
    let sums: Vec<Box<[Id]>> = egraph[*x]
        .nodes
        .iter()
        .filter_map(|t| match t {
            Snn::Add(xs) if xs.iter().all(|x| egraph.find(*x) != own) => Some(xs.clone()),
            _ => None,
        })
        .collect();
    let split = |xs: Box<[Id]>| {
        let parts = xs.iter().map(|x| egraph.add_uncanonical(Snn::Weigh(*kernel, [*x]))).collect();
        egraph.add_uncanonical(Snn::Add(parts))
    };
    sums.into_iter().map(split).collect()
}
