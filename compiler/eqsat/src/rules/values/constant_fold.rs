//! Weighed constants are constants.

use egg::Id;

use super::super::Rule;
use crate::analysis::entries;
use crate::language::{ConstantId, EGraph, Kind, Snn, compress};

pub(super) const RULE: Rule = Rule {
    name: "constant-fold",
    law: "weigh(w, constant) is a constant",
    on: Kind::Weigh,
    rewrite,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [1, 1, 1, 1] [0]
  @1 = weights i8 [1, 1, 3, 3] [1, 2, 3, 4, 5, 6, 7, 8, 9]
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = conv2d "b" (%0, @0) : 1x2x2 {bias 2}
  %2 = conv2d "w" (%1, @1) : 1x2x2 {pad [1, 1, 1, 1]}
  %3 = if "n" (%2) : 1x2x2 {threshold 3, compare ge, reset subtract same}
  %4 = output "o" (%3) : 1x2x2
}
"#,
};

/// Largest matrix that is multiplied with a constant.
const MAX_PRODUCTS: usize = 1 << 26;

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Weigh(k, [x]) = term else { return Vec::new() };
    let constants: Vec<ConstantId> = egraph[*x]
        .nodes
        .iter()
        .filter_map(|t| if let Snn::Constant(c) = t { Some(*c) } else { None })
        .collect();
    let mut out = Vec::new();
    for c in constants {
        let store = &egraph.analysis.store;
        let (kernel, (value, shape)) = (store.get(*k), store.constant_of(c));
        if kernel.shape.len().saturating_mul(kernel.weights.row()) > MAX_PRODUCTS {
            continue;
        }
        let mut sums = vec![0i64; kernel.shape.len()];
        entries(kernel, |to, from, w| sums[to] += w * i64::from(value.at(from, shape.plane().max(1))));
        let Ok(sums) = sums.into_iter().map(i32::try_from).collect::<Result<Vec<i32>, _>>() else { continue };
        let shape = kernel.shape;
        let value = compress(sums, shape.plane()).unwrap_or(snnc_ir::graph::param::Param::Scalar(0));
        let c = egraph.analysis.store.constant(value, shape);
        out.push(egraph.add_uncanonical(Snn::Constant(c)));
    }
    out
}
