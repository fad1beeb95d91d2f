//! The normal form: the populations that are needed.
//!
//! A population that two others read is needed once, so what is least for each of them need not be least together:
//! where one reads all of a population and another only its live channels, two populations cost more than one. The
//! search is exact over the forms that differ in what they read; what they read alike decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use egg::Id;
use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};

use super::{population_of, refuse};
use crate::language::{EGraph, Form, Snn, forms};

/// Combinations of forms that are compared at most; beyond it each population takes its plainest.
const MAX_COMBINATIONS: usize = 1 << 12;

/// Classes in their order, and for each population its form.
type Cover = (Vec<Id>, BTreeMap<Id, (Form, Vec<Id>)>);

/// Classes of loops with the populations that they stand for.
pub(super) fn loops(egraph: &EGraph, terms: &[Id]) -> BTreeMap<Id, Id> {
    let mut out = BTreeMap::new();
    for class in egraph.classes() {
        for term in &class.nodes {
            if let Snn::Loop(node) = term {
                let of = terms.get(*node as usize).and_then(|id| population_of(egraph, *id));
                out.insert(class.id, of.unwrap_or(class.id));
            }
        }
    }
    out
}

/// The cheapest cover of the inputs and of what outputs read; in the order of the graph's nodes, populations that
/// rules have made at the end.
pub(super) fn cover(
    graph: &Graph,
    egraph: &EGraph,
    terms: &[Id],
    read: &[NodeId],
) -> Result<Cover, Vec<Diagnostic>> {
    let class_of = |id: NodeId| egraph.find(terms[id.index()]);
    let loops = loops(egraph, terms);
    let resolve = |class: Id| {
        let class = egraph.find(class);
        loops.get(&class).map_or(class, |to| egraph.find(*to))
    };
    let is_population = |id: &NodeId| matches!(graph.node(*id).op, Op::Input(_) | Op::Neuron(_));
    let roots: BTreeSet<Id> = roots(graph, read).into_iter().map(class_of).collect();
    let mut options: BTreeMap<Id, Vec<(Form, Vec<Id>)>> = BTreeMap::new();
    let mut stack: Vec<Id> = roots.iter().copied().collect();
    while let Some(class) = stack.pop() {
        if options.contains_key(&class) {
            continue;
        }
        let own: Vec<(Form, Vec<Id>)> = forms(egraph, class)
            .into_iter()
            .map(|(form, sources)| (form, sources.into_iter().map(resolve).collect()))
            .collect();
        stack.extend(own.iter().flat_map(|(_, sources)| sources.iter().copied()));
        options.insert(class, own);
    }
    leave_out_formless(egraph, &mut options);
    let mut refused = Vec::new();
    for class in options.iter().filter(|(_, own)| own.is_empty()).map(|(class, _)| *class) {
        let node =
            graph.ids().find(|id| class_of(*id) == class && matches!(graph.node(*id).op, Op::Neuron(_)));
        refused.extend(node.map(|id| (id, refuse::formless(graph, id))));
    }
    if !refused.is_empty() {
        refused.sort_by_key(|(id, _)| *id);
        return Err(refused.into_iter().flat_map(|(_, list)| list).collect());
    }
    let picks = cheapest(egraph, &options, &roots);
    let needed = reachable(&options, &roots, &picks);
    let mut order = Vec::new();
    for id in graph.ids().filter(is_population) {
        let class = class_of(id);
        if needed.contains(&class) && !order.contains(&class) {
            order.push(class);
        }
    }
    let made: Vec<Id> = needed.iter().filter(|c| !order.contains(c)).copied().collect();
    order.extend(made);
    let chosen =
        needed.iter().filter_map(|class| Some((*class, options[class].get(picks[class])?.clone()))).collect();
    Ok((order, chosen))
}

/// Leaves out forms that read a population without one, as one that a rule has made may be when nothing but a constant
/// enters it. Each population of the graph has another.
fn leave_out_formless(egraph: &EGraph, options: &mut BTreeMap<Id, Vec<(Form, Vec<Id>)>>) {
    let is_input = |class: Id| egraph[class].nodes.iter().any(|term| matches!(term, Snn::Input(_)));
    loop {
        let formless: BTreeSet<Id> = options
            .iter()
            .filter(|(class, own)| own.is_empty() && !is_input(**class))
            .map(|(class, _)| *class)
            .collect();
        let mut changed = false;
        for own in options.values_mut() {
            let before = own.len();
            own.retain(|(_, sources)| !sources.iter().any(|s| formless.contains(s)));
            changed |= own.len() < before;
        }
        if !changed {
            return;
        }
    }
}

/// What is needed whatever it is needed for: outputs, inputs, and what leads to none of them, as somebody may want to look
/// at it.
fn roots(graph: &Graph, read: &[NodeId]) -> BTreeSet<NodeId> {
    let mut roots: BTreeSet<NodeId> = read.iter().copied().collect();
    roots.extend(graph.inputs());
    let mut reached: BTreeSet<NodeId> = BTreeSet::new();
    let reach = |from: Vec<NodeId>, reached: &mut BTreeSet<NodeId>| {
        let mut stack = from;
        while let Some(id) = stack.pop() {
            if reached.insert(id) {
                stack.extend(&graph.node(id).inputs);
            }
        }
    };
    reach(roots.iter().copied().collect(), &mut reached);
    // Last to first, so that what is read by others comes with them.
    let ids: Vec<NodeId> = graph.ids().collect();
    for id in ids.into_iter().rev().filter(|id| matches!(graph.node(*id).op, Op::Neuron(_))) {
        if !reached.contains(&id) {
            roots.insert(id);
            reach(vec![id], &mut reached);
        }
    }
    roots
}

/// Per class the position of its form.
fn cheapest(
    egraph: &EGraph,
    options: &BTreeMap<Id, Vec<(Form, Vec<Id>)>>,
    roots: &BTreeSet<Id>,
) -> BTreeMap<Id, usize> {
    let mut picks: BTreeMap<Id, usize> = options.keys().map(|class| (*class, 0)).collect();
    // Per class one form for each set of populations read: the plainest, as they are in that order.
    let distinct = |forms: &Vec<(Form, Vec<Id>)>| {
        let mut sets: Vec<(BTreeSet<Id>, usize)> = Vec::new();
        for (k, (_, sources)) in forms.iter().enumerate() {
            let set: BTreeSet<Id> = sources.iter().copied().collect();
            if !sets.iter().any(|(known, _)| *known == set) {
                sets.push((set, k));
            }
        }
        sets.into_iter().map(|(_, k)| k).collect::<Vec<usize>>()
    };
    let open: Vec<(Id, Vec<usize>)> =
        options.iter().map(|(class, f)| (*class, distinct(f))).filter(|(_, d)| d.len() > 1).collect();
    let combinations = open.iter().fold(1usize, |n, (_, d)| n.saturating_mul(d.len()));
    if open.is_empty() || combinations > MAX_COMBINATIONS {
        return picks;
    }
    let mut best: Option<((u64, u64), BTreeMap<Id, usize>)> = None;
    for combination in 0..combinations {
        let mut rest = combination;
        for (class, distinct) in &open {
            picks.insert(*class, distinct[rest % distinct.len()]);
            rest /= distinct.len();
        }
        let cost = cost(egraph, options, &reachable(options, roots, &picks), &picks);
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, picks.clone()));
        }
    }
    best.map_or(picks, |(_, picks)| picks)
}

fn reachable(
    options: &BTreeMap<Id, Vec<(Form, Vec<Id>)>>,
    roots: &BTreeSet<Id>,
    picks: &BTreeMap<Id, usize>,
) -> BTreeSet<Id> {
    let mut seen = BTreeSet::new();
    let mut stack: Vec<Id> = roots.iter().copied().collect();
    while let Some(class) = stack.pop() {
        if seen.insert(class)
            && let Some((_, sources)) = options.get(&class).and_then(|f| f.get(picks[&class]))
        {
            stack.extend(sources);
        }
    }
    seen
}

/// Neurons, then stored weights.
fn cost(
    egraph: &EGraph,
    options: &BTreeMap<Id, Vec<(Form, Vec<Id>)>>,
    needed: &BTreeSet<Id>,
    picks: &BTreeMap<Id, usize>,
) -> (u64, u64) {
    let mut sum = (0u64, 0u64);
    for class in needed {
        let Some((form, _)) = options.get(class).and_then(|f| f.get(picks[class])) else { continue };
        let stored = |k| egraph.analysis.store.get(k).weights.len() as u64;
        sum.0 += form.shape.len() as u64;
        sum.1 += form.terms.iter().filter_map(|t| t.kernel).map(stored).sum::<u64>();
    }
    sum
}
