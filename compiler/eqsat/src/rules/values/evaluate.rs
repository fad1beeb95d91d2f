//! Anything else that is linear is a sum of linear layers.

use std::collections::BTreeSet;

use egg::Id;
use snnc_ir::graph::op::{Linear, Op};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Storage, WeightId, Weights};

use super::super::Rule;
use crate::language::{EGraph, Kernel, Kind, Snn, is_constant, source};
use crate::weights::{product, rows};

/// Gives up structure, so it runs only where no other rule has found a form.
pub const RULE: Rule = Rule {
    name: "evaluate",
    law: "weigh(v, weigh(w, x)) = weigh(rows of v w, x); reshape(s, weigh(w, x)) = weigh(rows of w with outputs of shape s, x); a box of weigh(w, x) or of x = weigh(the rows of that box, x)",
    on: Kind::Neuron,
    rewrite,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [1, 1, 3, 3] [1, 2, 3, 4, 5, 6, 7, 8, 9]
  %0 = input "a" : 1x4x4 {values 0..=3}
  %1 = conv2d "w" (%0, @0) : 1x4x4 {pad [1, 1, 1, 1]}
  %2 = conv2d "v" (%1, @0) : 1x4x4 {pad [1, 1, 1, 1]}
  %3 = slice "s" (%2) : 1x2x3 {channels 0..1, rows 1..3, cols 1..4}
  %4 = if "n" (%3) : 1x2x3 {threshold 3, compare ge, reset subtract same}
  %5 = output "o" (%4) : 1x2x3
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Neuron(_, [x]) = term else { return Vec::new() };
    // Bottom up through what lies in front of the neurons; each class gets what is equal to it.
    spread(egraph, *x, &mut BTreeSet::new());
    Vec::new()
}

/// Classes that are looked at in front of one layer of neurons.
const MAX_SEEN: usize = 1 << 10;

fn spread(egraph: &mut EGraph, class: Id, seen: &mut BTreeSet<Id>) {
    if seen.len() > MAX_SEEN
        || !seen.insert(egraph.find(class))
        || egraph[class].data.population
        || is_constant(egraph, class)
    {
        return;
    }
    for term in egraph[class].nodes.clone() {
        match &term {
            Snn::Weigh(_, [x]) | Snn::Reshape(_, [x]) | Snn::Slice(_, [x]) => {
                spread(egraph, *x, seen);
                for made in of(egraph, &term, *x) {
                    let own = egraph.add_uncanonical(term.clone());
                    egraph.union_trusted(own, made, RULE.name);
                }
            }
            Snn::Add(xs) => xs.iter().for_each(|x| spread(egraph, *x, seen)),
            _ => {}
        }
    }
}

/// What is equal to `term`, which changes the value `x`.
fn of(egraph: &mut EGraph, term: &Snn, x: Id) -> Vec<Id> {
    let mut out = Vec::new();
    for inner in egraph[x].nodes.clone() {
        let Snn::Weigh(inner, [y]) = inner else { continue };
        if source(egraph, y).is_none() {
            continue;
        }
        let made = match term {
            Snn::Weigh(outer, _) => egraph.analysis.store.once(RULE.name, vec![outer.0, inner.0], |store| {
                product(store.get(*outer), store.get(inner)).map(|k| vec![k])
            }),
            Snn::Reshape(shape, _) => {
                let shape = *shape;
                egraph
                    .analysis
                    .store
                    .once("rows", vec![inner.0], |store| rows(store.get(inner)).map(|k| vec![k]))
                    .map(|ids| {
                        let store = &mut egraph.analysis.store;
                        ids.into_iter()
                            .map(|id| store.kernel(Kernel { shape, ..store.get(id).clone() }))
                            .collect()
                    })
            }
            Snn::Slice(key, _) => {
                let outer = selection(egraph.analysis.store.get(inner).shape, &key.slice());
                let outer = egraph.analysis.store.kernel(outer);
                egraph.analysis.store.once(RULE.name, vec![outer.0, inner.0], |store| {
                    product(store.get(outer), store.get(inner)).map(|k| vec![k])
                })
            }
            _ => None,
        };
        for kernel in made.into_iter().flatten() {
            out.push(egraph.add_uncanonical(Snn::Weigh(kernel, [y])));
        }
    }
    // A box of the value itself: rows with a single one.
    if let (Snn::Slice(key, _), Some(shape)) = (term, egraph[x].data.shape) {
        let kernel = egraph.analysis.store.kernel(selection(shape, &key.slice()));
        out.push(egraph.add_uncanonical(Snn::Weigh(kernel, [x])));
    }
    out
}

/// Rows with a single one: the elements of a box.
fn selection(source: Shape, slice: &snnc_ir::graph::op::Slice) -> Kernel {
    let [c0, y0, x0] = slice.start;
    let [c1, y1, x1] = slice.end;
    let shape = Shape::new(c1 - c0, y1 - y0, x1 - x0);
    let width = source.len() as u64;
    let mut positions = Vec::with_capacity(shape.len());
    for c in c0..c1 {
        for y in y0..y1 {
            for x in x0..x1 {
                positions.push(positions.len() as u64 * width + source.index(c, y, x) as u64);
            }
        }
    }
    let values = vec![1; positions.len()];
    let storage = Storage::Sparse { positions: positions.into(), values: values.into() };
    let weights = Weights { shape: [shape.len(), source.len(), 1, 1], storage, scale: None };
    let op = Linear { weights: WeightId(0), bias: None, inputs: source.len(), outputs: shape.len() };
    Kernel { op: Op::Linear(op), weights, source, shape }
}
