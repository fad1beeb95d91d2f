//! Two connections without neurons between them are one.

use egg::Id;
use snnc_ir::graph::op::Op;

use super::super::Rule;
use crate::language::{EGraph, Kind, Snn, is_constant, source};
use crate::weights::{conv_of_conv, product};

pub(super) const RULE: Rule = Rule {
    name: "compose-weights",
    law: "weigh(v, weigh(w, x)) = weigh(v w, x): pooling into strides and kernels, 1x1 convolutions into their neighbours, rows into rows",
    on: Kind::Weigh,
    rewrite,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [2, 1, 2, 2] [1, 2, 3, 4, -1, 2, 0, 1]
  @1 = weights i8 [2, 1, 2, 2] [1, 1, 1, 1, 1, 1, 1, 1]
  @2 = weights i8 [2, 2, 1, 1] [1, -2, 3, 1]
  @3 = weights i8 [3, 18, 1, 1] [-5, 2, -2, 5, 1, -3, 4, 0, -4, 3, -1, -5, 2, -2, 5, 1, -3, 4, 0, -4, 3, -1, -5, 2, -2, 5, 1, -3, 4, 0, -4, 3, -1, -5, 2, -2, 5, 1, -3, 4, 0, -4, 3, -1, -5, 2, -2, 5, 1, -3, 4, 0, -4, 3]
  %0 = input "a" : 2x6x6 {values 0..=3}
  %1 = conv2d "pool" (%0, @1) : 2x3x3 {stride [2, 2], groups 2}
  %2 = conv2d "point" (%1, @2) : 2x3x3
  %3 = conv2d "conv" (%1, @0) : 2x4x4 {pad [1, 1, 1, 1], groups 2}
  %4 = linear "rows" (%1, @3) : 3x1x1
  %5 = if "n" (%2) : 2x3x3 {threshold 3, compare ge, reset subtract same}
  %6 = if "m" (%3) : 2x4x4 {threshold 3, compare ge, reset subtract same}
  %7 = if "l" (%4) : 3x1x1 {threshold 3, compare ge, reset subtract same}
  %8 = output "o" (%5) : 2x3x3
  %9 = output "p" (%6) : 2x4x4
  %10 = output "q" (%7) : 3x1x1
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Weigh(outer, [x]) = term else { return Vec::new() };
    let itself = egraph.lookup(term.clone()) == Some(egraph.find(*x));
    if itself || is_constant(egraph, *x) || source(egraph, *x).is_some() {
        return Vec::new();
    }
    let inner: Vec<_> = egraph[*x]
        .nodes
        .iter()
        .filter_map(|t| if let Snn::Weigh(k, [y]) = t { Some((*k, *y)) } else { None })
        // From the populations outwards: an idempotent map makes a class that contains itself, and products along such a
        // cycle would never end.
        .filter(|(_, y)| source(egraph, *y).is_some())
        .collect();
    let mut out = Vec::new();
    for (k, y) in inner {
        let made = egraph.analysis.store.once(RULE.name, vec![outer.0, k.0], |store| {
            let (outer, inner) = (store.get(*outer), store.get(k));
            let one = match outer.op {
                Op::Linear(_) => product(outer, inner),
                _ => conv_of_conv(outer, inner),
            };
            one.map(|kernel| vec![kernel])
        });
        for kernel in made.into_iter().flatten() {
            out.push(egraph.add_uncanonical(Snn::Weigh(kernel, [y])));
        }
    }
    out
}
