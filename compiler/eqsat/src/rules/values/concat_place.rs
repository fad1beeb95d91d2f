//! A concatenation is a sum of parts, each in its channels.

use egg::Id;
use snnc_ir::graph::op::Conv2d;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Storage, WeightId, Weights};

use super::super::Rule;
use crate::language::{EGraph, Kernel, Kind, Snn};

pub(super) const RULE: Rule = Rule {
    name: "concat-into-weights",
    law: "concat(a, b) = weigh(1 onto the first channels, a) + weigh(1 onto the others, b)",
    on: Kind::Concat,
    rewrite,
    example: r#"network "law" steps 4 integer {
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = input "b" : 2x2x2 {values 0..=3}
  %2 = concat "ab" (%0, %1) : 3x2x2
  %3 = if "n" (%2) : 3x2x2 {threshold 3, compare ge, reset subtract same}
  %4 = output "o" (%3) : 3x2x2
}
"#,
};

/// Most channels of a concatenation; the weights are channels times channels of a part.
const MAX_CHANNELS: usize = 1 << 12;

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Concat(xs) = term else { return Vec::new() };
    let shapes: Option<Vec<Shape>> = xs.iter().map(|x| egraph[*x].data.shape).collect();
    let Some(shapes) = shapes else { return Vec::new() };
    let channels: usize = shapes.iter().map(|s| s.c).sum();
    if let ([one], true) = (xs.as_ref(), channels > 0) {
        return vec![*one];
    }
    if channels > MAX_CHANNELS {
        return Vec::new();
    }
    let mut parts = Vec::with_capacity(xs.len());
    let mut first = 0;
    for (x, shape) in xs.iter().zip(shapes) {
        let Some(kernel) = select(channels, shape, |out| out.checked_sub(first).filter(|c| *c < shape.c))
        else {
            return Vec::new();
        };
        let kernel = egraph.analysis.store.kernel(kernel);
        parts.push(egraph.add_uncanonical(Snn::Weigh(kernel, [*x])));
        first += shape.c;
    }
    vec![egraph.add_uncanonical(Snn::Add(parts.into()))]
}

/// A 1x1 convolution each of whose `channels` outputs is one channel of the source, or zero.
pub(super) fn select(channels: usize, source: Shape, of: impl Fn(usize) -> Option<usize>) -> Option<Kernel> {
    let mut values = vec![0i8; channels * source.c];
    for out in 0..channels {
        if let Some(c) = of(out) {
            values[out * source.c + c] = 1;
        }
    }
    let kernel = [channels, source.c, 1, 1];
    let conv = Conv2d {
        weights: WeightId(0),
        kernel,
        bias: None,
        stride: [1, 1],
        pad: [0; 4],
        dilation: [1, 1],
        groups: 1,
    };
    Kernel::conv(&conv, Weights { shape: kernel, storage: Storage::I8(values.into()), scale: None }, source)
}
