//! Taking channels is weighing them.

use egg::Id;

use super::super::Rule;
use super::concat_place::select;
use crate::language::{EGraph, Kind, Snn};

pub(super) const RULE: Rule = Rule {
    name: "slice-into-weights",
    law: "channels c..d of x = weigh(1 from each of them, x)",
    on: Kind::Slice,
    rewrite,
    example: r#"network "law" steps 4 integer {
  %0 = input "a" : 3x2x2 {values 0..=3}
  %1 = slice "s" (%0) : 2x2x2 {channels 1..3, rows 0..2, cols 0..2}
  %2 = if "n" (%1) : 2x2x2 {threshold 3, compare ge, reset subtract same}
  %3 = output "o" (%2) : 2x2x2
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Slice(key, [x]) = term else { return Vec::new() };
    let (slice, Some(shape)) = (key.slice(), egraph[*x].data.shape) else { return Vec::new() };
    if slice.start[1..] != [0, 0] || slice.end[1..] != [shape.h, shape.w] {
        return Vec::new();
    }
    let Some(kernel) = select(slice.end[0] - slice.start[0], shape, |out| Some(out + slice.start[0])) else {
        return Vec::new();
    };
    let kernel = egraph.analysis.store.kernel(kernel);
    vec![egraph.add_uncanonical(Snn::Weigh(kernel, [*x]))]
}
