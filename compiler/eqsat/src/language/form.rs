//! Forms of a population: what enters it as a sum of weighed populations.

use std::collections::BTreeMap;

use egg::Id;
use snnc_ir::graph::shape::Shape;

use super::{ConstantId, EGraph, KernelId, NeuronId, Snn};

/// A population in a form that a chip can have: neurons that read weighed populations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Form {
    /// The neurons.
    pub neuron: NeuronId,
    /// Channels, rows, columns.
    pub shape: Shape,
    /// Connections, in order; each reads the source at its position.
    pub terms: Vec<Term>,
    /// Constants that enter in every step.
    pub constants: Vec<ConstantId>,
}

/// A connection of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// Its weights; none where the source enters as it is.
    pub kernel: Option<KernelId>,
    /// Steps between a spike of the source and its arrival.
    pub delay: u32,
}

/// What a class is when nothing but delays and shapes lies between it and a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The class of the population.
    pub population: Id,
    /// Steps of delay.
    pub delay: u32,
}

/// Alternatives of a sum that are kept at most.
const MAX_FORMS: usize = 4;

/// Connections of a form at most; sums of sums of the same double with each.
pub(crate) const MAX_TERMS: usize = 1 << 10;

/// Delays and shapes that are looked through at most.
const MAX_CHAIN: usize = 64;

/// The population that a class gives, delayed and reshaped at most.
pub fn source(egraph: &EGraph, class: Id) -> Option<Source> {
    let mut seen: Vec<Id> = Vec::new();
    let mut next = vec![(egraph.find(class), 0u32)];
    while let Some((at, delay)) = next.pop() {
        let class = &egraph[at];
        if class.data.population {
            return Some(Source { population: at, delay });
        }
        // A shape that changes nothing is a link from a class to itself.
        if seen.contains(&at) || seen.len() > MAX_CHAIN {
            continue;
        }
        seen.push(at);
        for term in class.nodes.iter().rev() {
            match term {
                Snn::Delay(steps, [x]) => next.push((egraph.find(*x), delay.saturating_add(*steps))),
                Snn::Reshape(_, [x]) => next.push((egraph.find(*x), delay)),
                _ => {}
            }
        }
    }
    None
}

/// A sum as its terms: connections with the populations that they read, and constants.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sum {
    pub(crate) terms: Vec<(Term, Id)>,
    pub(crate) constants: Vec<ConstantId>,
}

/// The ways in which a class is a sum of weighed populations, at most [`MAX_FORMS`].
pub(crate) fn sums(egraph: &EGraph, class: Id) -> Vec<Sum> {
    sums_within(egraph, class, &mut Walk::default())
}

/// What is known on the way through a sum.
#[derive(Default)]
struct Walk {
    /// The classes on the way here: a sum that contains itself says nothing.
    above: Vec<Id>,
    /// Classes that were looked at: sums of sums of the same are looked at once.
    done: BTreeMap<Id, Vec<Sum>>,
}

fn sums_within(egraph: &EGraph, class: Id, walk: &mut Walk) -> Vec<Sum> {
    let class = egraph.find(class);
    if walk.above.contains(&class) {
        // A constant that a zero was added to contains itself: there it is the constant.
        let constant =
            egraph[class].nodes.iter().find_map(|t| if let Snn::Constant(k) = t { Some(*k) } else { None });
        return constant.map(|k| Sum { terms: Vec::new(), constants: vec![k] }).into_iter().collect();
    }
    if walk.above.len() > MAX_CHAIN {
        return Vec::new();
    }
    if let Some(known) = walk.done.get(&class) {
        return known.clone();
    }
    if let Some(source) = source(egraph, class) {
        let term = Term { kernel: None, delay: source.delay };
        return vec![Sum { terms: vec![(term, source.population)], constants: Vec::new() }];
    }
    walk.above.push(class);
    let mut out: Vec<Sum> = Vec::new();
    for term in &egraph[class].nodes {
        match term {
            Snn::Weigh(kernel, [x]) => {
                if let Some(Source { population, delay }) = source(egraph, *x) {
                    let term = Term { kernel: Some(*kernel), delay };
                    out.push(Sum { terms: vec![(term, population)], constants: Vec::new() });
                }
            }
            Snn::Constant(value) => out.push(Sum { terms: Vec::new(), constants: vec![*value] }),
            Snn::Add(xs) => out.extend(added(egraph, xs, walk)),
            _ => {}
        }
    }
    walk.above.pop();
    out.sort_by_cached_key(|sum| (size(egraph, sum), sum.clone()));
    out.dedup();
    out.truncate(MAX_FORMS);
    walk.done.insert(class, out.clone());
    out
}

/// Every way of adding one alternative of each summand.
fn added(egraph: &EGraph, xs: &[Id], walk: &mut Walk) -> Vec<Sum> {
    let mut all = vec![Sum::default()];
    for x in xs {
        let own = sums_within(egraph, *x, walk);
        let join = |a: &Sum, b: &Sum| Sum {
            terms: a.terms.iter().chain(&b.terms).copied().collect(),
            constants: a.constants.iter().chain(&b.constants).copied().collect(),
        };
        let fits = |a: &Sum, b: &Sum| a.terms.len() + b.terms.len() <= MAX_TERMS;
        let pairs = all.iter().flat_map(|a| own.iter().map(move |b| (a, b)));
        all = pairs.filter(|(a, b)| fits(a, b)).map(|(a, b)| join(a, b)).collect();
        all.sort_by_cached_key(|sum| (size(egraph, sum), sum.clone()));
        all.truncate(MAX_FORMS);
    }
    all
}

/// What makes one form plainer than another: dense rows that a convolution could share, stored weights, connections.
fn size(egraph: &EGraph, sum: &Sum) -> (u64, usize) {
    let stored =
        |(term, _): &(Term, Id)| term.kernel.map_or(1, |k| egraph.analysis.store.get(k).weights.len() as u64);
    (sum.terms.iter().map(stored).fold(0, u64::saturating_add), sum.terms.len())
}

/// The forms of the populations of a class, the plainest first, each with the classes that it reads.
pub fn forms(egraph: &EGraph, class: Id) -> Vec<(Form, Vec<Id>)> {
    let mut out = Vec::new();
    for term in &egraph[class].nodes {
        let Snn::Neuron(neuron, [x]) = term else { continue };
        let shape = super::build::shape_of(&egraph[*x].data);
        // Neurons that read nothing have no place on a chip: of a dead connection one that is all zero is kept.
        for sum in sums(egraph, *x).into_iter().filter(|sum| !sum.terms.is_empty()) {
            let (terms, sources) = sum.terms.into_iter().unzip();
            out.push((Form { neuron: *neuron, shape, terms, constants: sum.constants }, sources));
        }
    }
    let weigh = |(form, _): &(Form, Vec<Id>)| {
        let weights = |t: &Term| t.kernel.map_or(1, |k| egraph.analysis.store.get(k).weights.len() as u64);
        let bits = |t: &Term| {
            t.kernel.map_or(1, |k| egraph.analysis.store.get(k).weights.statistics().bits().unwrap_or(1))
        };
        (
            form.terms.iter().map(weights).sum::<u64>(),
            form.terms.len(),
            form.terms.iter().map(bits).max().unwrap_or(0),
        )
    };
    out.sort_by_cached_key(|form| (weigh(form), form.clone()));
    out.dedup();
    out.truncate(MAX_FORMS);
    out
}

/// Whether a class is known to be a constant. Weights over one are folded and nothing else: their classes may contain
/// themselves, as all zeros of a shape are one class, and products along such a cycle would never end.
pub(crate) fn is_constant(egraph: &EGraph, class: Id) -> bool {
    egraph[class].nodes.iter().any(|term| matches!(term, Snn::Constant(_)))
}
