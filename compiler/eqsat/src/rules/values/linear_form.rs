//! A convolution at one position is a linear layer.

use egg::Id;

use super::super::Rule;
use crate::language::{EGraph, Kind, Snn, is_constant};
use crate::weights::rows;

pub(super) const RULE: Rule = Rule {
    name: "one-position",
    law: "a convolution with one output position = the linear layer with its weights",
    on: Kind::Weigh,
    rewrite,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [2, 1, 2, 2] [1, 2, 3, 4, -5, 6, 7, -8]
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = conv2d "w" (%0, @0) : 2x1x1
  %2 = if "n" (%1) : 2x1x1 {threshold 3, compare ge, reset subtract same}
  %3 = output "o" (%2) : 2x1x1
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Weigh(k, [x]) = term else { return Vec::new() };
    if is_constant(egraph, *x) {
        return Vec::new();
    }
    let made = egraph.analysis.store.once(RULE.name, vec![k.0], |store| {
        let kernel = store.get(*k);
        let one = kernel.as_conv().filter(|_| kernel.shape.plane() == 1).and_then(|_| rows(kernel));
        one.map(|kernel| vec![kernel])
    });
    made.into_iter().flatten().map(|kernel| egraph.add_uncanonical(Snn::Weigh(kernel, [*x]))).collect()
}
