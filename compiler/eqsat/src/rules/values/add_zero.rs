//! A zero adds nothing.

use egg::Id;

use super::super::Rule;
use crate::language::{EGraph, Kind, Snn};

pub(super) const RULE: Rule = Rule {
    name: "add-zero",
    law: "a + 0 = a, where 0 is a constant",
    on: Kind::Add,
    rewrite,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [1, 1, 1, 1] [2]
  @1 = weights i8 [1, 1, 1, 1] [0]
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = conv2d "w" (%0, @0) : 1x2x2 {bias 0}
  %2 = if "n" (%1) : 1x2x2 {threshold 3, compare ge, reset subtract same}
  %3 = output "o" (%2) : 1x2x2
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Add(xs) = term else { return Vec::new() };
    let is_zero = |x: &Id| {
        egraph[*x].nodes.iter().any(|t| match t {
            Snn::Constant(k) => egraph.analysis.store.constant_of(*k).0.values().iter().all(|v| *v == 0),
            _ => false,
        })
    };
    let kept: Vec<Id> = xs.iter().filter(|x| !is_zero(x)).copied().collect();
    match kept.as_slice() {
        _ if kept.len() == xs.len() => Vec::new(),
        // All of it is zero: the first stands for the sum.
        [] => vec![xs[0]],
        [one] => vec![*one],
        _ => vec![egraph.add_uncanonical(Snn::Add(kept.into()))],
    }
}
