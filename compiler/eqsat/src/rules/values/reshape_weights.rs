//! Weights look at elements in C, H, W order, so shapes in front of them and behind rows of them say nothing.

use egg::Id;
use snnc_ir::graph::op::Op;

use super::super::Rule;
use crate::language::{EGraph, Kernel, Kind, Snn, is_constant};

/// In front of weights.
pub(super) const IN: Rule = Rule {
    name: "reshape-into-weights",
    law: "weigh(w, reshape(s, x)) = weigh(w, x): weights read elements in C, H, W order",
    on: Kind::Weigh,
    rewrite: in_front,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [2, 4, 1, 1] [1, 2, 3, 4, -5, 6, 7, -8]
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = reshape "r" (%0) : 4x1x1
  %2 = linear "w" (%1, @0) : 2x1x1
  %3 = if "n" (%2) : 2x1x1 {threshold 3, compare ge, reset subtract same}
  %4 = output "o" (%3) : 2x1x1
}
"#,
};

/// Behind a linear layer.
pub(super) const OUT: Rule = Rule {
    name: "reshape-out-of-rows",
    law: "reshape(s, weigh(w, x)) = weigh(w with outputs of shape s, x), w a linear layer",
    on: Kind::Reshape,
    rewrite: behind,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [4, 1, 1, 1] [1, 2, 3, 4]
  %0 = input "a" : 1x1x1 {values 0..=3}
  %1 = linear "w" (%0, @0) : 4x1x1
  %2 = reshape "r" (%1) : 1x2x2
  %3 = if "n" (%2) : 1x2x2 {threshold 3, compare ge, reset subtract same}
  %4 = output "o" (%3) : 1x2x2
}
"#,
};

fn in_front(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Weigh(kernel, [x]) = term else { return Vec::new() };
    if is_constant(egraph, *x) {
        return Vec::new();
    }
    let inner: Vec<Id> = egraph[*x]
        .nodes
        .iter()
        .filter_map(|t| if let Snn::Reshape(_, [y]) = t { Some(*y) } else { None })
        .collect();
    inner.into_iter().map(|y| egraph.add_uncanonical(Snn::Weigh(*kernel, [y]))).collect()
}

fn behind(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Reshape(shape, [x]) = term else { return Vec::new() };
    let weighed: Vec<_> = egraph[*x]
        .nodes
        .iter()
        .filter_map(|t| if let Snn::Weigh(k, [y]) = t { Some((*k, *y)) } else { None })
        .collect();
    let mut out = Vec::new();
    for (k, y) in weighed {
        let kernel = egraph.analysis.store.get(k);
        if !matches!(kernel.op, Op::Linear(_)) {
            continue;
        }
        let kernel = Kernel { shape: *shape, ..kernel.clone() };
        let k = egraph.analysis.store.kernel(kernel);
        out.push(egraph.add_uncanonical(Snn::Weigh(k, [y])));
    }
    out
}
