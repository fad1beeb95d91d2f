//! Two connections from one source, side by side, are one.

use egg::Id;

use super::super::Rule;
use crate::language::{EGraph, KernelId, Kind, Snn};
use crate::weights::sum;

pub(super) const RULE: Rule = Rule {
    name: "merge-parallel",
    law: "weigh(v, x) + weigh(w, x) = weigh(v + w, x), where v + w takes no more bits",
    on: Kind::Add,
    rewrite,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [2, 2, 1, 1] [1, 2, 3, 4]
  @1 = weights i8 [2, 1, 1, 1] [2, -2]
  %0 = input "a" : 2x2x2 {values 0..=3}
  %1 = conv2d "w" (%0, @0) : 2x2x2
  %2 = conv2d "v" (%0, @1) : 2x2x2 {groups 2}
  %3 = add "sum" (%1, %2) : 2x2x2
  %4 = if "n" (%3) : 2x2x2 {threshold 3, compare ge, reset subtract same}
  %5 = output "o" (%4) : 2x2x2
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Add(xs) = term else { return Vec::new() };
    let weighed = |x: &Id| -> Option<(KernelId, Id)> {
        egraph[*x]
            .nodes
            .iter()
            .find_map(|t| if let Snn::Weigh(k, [y]) = t { Some((*k, egraph.find(*y))) } else { None })
    };
    let parts: Vec<Option<(KernelId, Id)>> = xs.iter().map(weighed).collect();
    for (i, a) in parts.iter().enumerate() {
        for (j, b) in parts.iter().enumerate().skip(i + 1) {
            let (Some((v, x)), Some((w, y))) = (a, b) else { continue };
            if x != y {
                continue;
            }
            let made = egraph
                .analysis
                .store
                .once(RULE.name, vec![v.0, w.0], |store| sum(store.get(*v), store.get(*w)).map(|k| vec![k]));
            let Some(kernel) = made.and_then(|k| k.first().copied()) else { continue };
            let one = egraph.add_uncanonical(Snn::Weigh(kernel, [*x]));
            let mut rest: Vec<Id> = xs.to_vec();
            rest.remove(j);
            rest[i] = one;
            return vec![if rest.len() == 1 { one } else { egraph.add_uncanonical(Snn::Add(rest.into())) }];
        }
    }
    Vec::new()
}
