//! What is always zero brings nothing.

use egg::Id;
use snnc_ir::graph::param::Param;

use super::super::Rule;
use crate::analysis::Interval;
use crate::language::{EGraph, Kind, Snn};

pub(super) const RULE: Rule = Rule {
    name: "dead-input",
    law: "weigh(w, x) = 0 where all of w is zero, or x is proven to be zero in every step",
    on: Kind::Weigh,
    rewrite,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [1, 1, 1, 1] [0]
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = conv2d "z" (%0, @0) : 1x2x2
  %2 = add "sum" (%1, %0) : 1x2x2
  %3 = if "n" (%2) : 1x2x2 {threshold 3, compare ge, reset subtract same}
  %4 = output "o" (%3) : 1x2x2
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Weigh(k, [x]) = term else { return Vec::new() };
    let kernel = egraph.analysis.store.get(*k);
    let silent = egraph[*x].data.values == Interval::exactly(0);
    if !silent && kernel.weights.statistics().nonzero > 0 {
        return Vec::new();
    }
    let shape = kernel.shape;
    let zero = egraph.analysis.store.constant(Param::Scalar(0), shape);
    vec![egraph.add_uncanonical(Snn::Constant(zero))]
}
