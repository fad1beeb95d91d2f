//! Sum pooling is a convolution.

use egg::Id;
use snnc_ir::graph::op::Conv2d;
use snnc_ir::graph::weights::{Storage, WeightId, Weights};

use super::super::Rule;
use crate::language::{EGraph, Kernel, Kind, Snn};

pub(super) const RULE: Rule = Rule {
    name: "pool-into-weights",
    law: "sum-pool(window, x) = weigh(1 for every channel of the window, x)",
    on: Kind::SumPool,
    rewrite,
    example: r#"network "law" steps 4 integer {
  %0 = input "a" : 2x4x4 {values 0..=3}
  %1 = sum_pool "p" (%0) : 2x3x3 {kernel [2, 2], stride [2, 2], pad [1, 1, 1, 1]}
  %2 = if "n" (%1) : 2x3x3 {threshold 3, compare ge, reset subtract same}
  %3 = output "o" (%2) : 2x3x3
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::SumPool(key, [x]) = term else { return Vec::new() };
    let (window, Some(source)) = (key.window(), egraph[*x].data.shape) else { return Vec::new() };
    let shape = [source.c, 1, window.kernel[0], window.kernel[1]];
    let conv = Conv2d {
        weights: WeightId(0),
        kernel: shape,
        bias: None,
        stride: window.stride,
        pad: window.pad,
        dilation: [1, 1],
        groups: source.c,
    };
    let weights =
        Weights { shape, storage: Storage::I8(vec![1; shape.iter().product()].into()), scale: None };
    let Some(kernel) = Kernel::conv(&conv, weights, source) else { return Vec::new() };
    let kernel = egraph.analysis.store.kernel(kernel);
    vec![egraph.add_uncanonical(Snn::Weigh(kernel, [*x]))]
}
