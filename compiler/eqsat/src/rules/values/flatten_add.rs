//! A sum of sums is one sum.

use egg::Id;

use super::super::Rule;
use crate::language::{EGraph, Kind, Snn};

pub(super) const RULE: Rule = Rule {
    name: "flatten-add",
    law: "(a + b) + c = a + b + c, never the other way",
    on: Kind::Add,
    rewrite,
    example: r#"network "law" steps 4 integer {
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = input "b" : 1x2x2 {values 0..=3}
  %2 = add "ab" (%0, %1) : 1x2x2
  %3 = add "aba" (%2, %0) : 1x2x2
  %4 = if "n" (%3) : 1x2x2 {threshold 3, compare ge, reset subtract same}
  %5 = output "o" (%4) : 1x2x2
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Add(xs) = term else { return Vec::new() };
    if let [one] = xs.as_ref() {
        return vec![*one];
    }
    // A sum that contains itself, as that with a zero does, says nothing.
    let inner = |x: &Id| {
        let own = egraph.find(*x);
        egraph[*x].nodes.iter().find_map(|t| match t {
            Snn::Add(ys) if ys.iter().all(|y| egraph.find(*y) != own) => Some(ys.clone()),
            _ => None,
        })
    };
    let parts: Vec<Option<Box<[Id]>>> = xs.iter().map(inner).collect();
    if parts.iter().all(Option::is_none) {
        return Vec::new();
    }
    let flat: Vec<Id> =
        xs.iter().zip(parts).flat_map(|(x, part)| part.map_or_else(|| vec![*x], Vec::from)).collect();
    if flat.len() > MAX_SUMMANDS { Vec::new() } else { vec![egraph.add_uncanonical(Snn::Add(flat.into()))] }
}

/// Longest sum that is made.
const MAX_SUMMANDS: usize = 64;
