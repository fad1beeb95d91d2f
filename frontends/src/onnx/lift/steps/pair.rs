//! Step form: which graph input is the state that which graph output gives.
//!
//! A state is added to itself: the output depends on the input element by element, other than through a
//! comparison. What the metadata `snnc.states` says goes first; spikes that a recurrent connection takes
//! from the step before are paired by their shape and name.

use super::super::super::refusal::{Refusal, refuse, refuse_with};
use super::super::arena::Op;
use super::super::elementwise::Elementwise;
use super::graph::{Input, Kind, Pair, Ref, StepGraph};
use snnc_ir::diag::Code;
use std::collections::{BTreeMap, BTreeSet};

const REMEDY: &str = "give the state as a graph input and a graph output, paired in the metadata snnc.states";

/// Pairs the states of a graph in step form and puts the step before in the place of the inputs.
pub(super) fn pair<'m>(
    graph: &mut StepGraph<'m>,
    inputs: &[&'m str],
    listed: &BTreeMap<String, String>,
) -> Result<(), Refusal> {
    let nodes: BTreeMap<usize, usize> = graph
        .nodes
        .iter()
        .enumerate()
        .filter_map(|(k, n)| match n.kind {
            Kind::Input { input, .. } => Some((input, k)),
            Kind::Op(_) => None,
        })
        .collect();
    let mut reach: Vec<BTreeSet<usize>> = Vec::new();
    for output in &graph.outputs {
        let dims = &graph.nodes[output.value.node].dims;
        let mut found = reached(graph, output.value.node);
        found.retain(|input| nodes.get(input).is_some_and(|n| graph.nodes[*n].dims == *dims));
        reach.push(found);
    }
    let mut pairs: BTreeMap<usize, usize> = BTreeMap::new();
    for (input, output) in listed {
        let k = inputs.iter().position(|i| i == input);
        let o = graph.outputs.iter().position(|o| o.name == output);
        if let (Some(k), Some(o)) = (k, o) {
            pairs.insert(k, o);
        }
    }
    // Equal names, where they say something.
    for (k, input) in inputs.iter().enumerate().skip(1) {
        let named =
            (0..reach.len()).find(|o| reach[*o].contains(&k) && stem(graph.outputs[*o].name) == stem(input));
        if let Some(o) = named.filter(|o| !pairs.contains_key(&k) && !pairs.values().any(|p| p == o)) {
            pairs.insert(k, o);
        }
    }
    // The outputs with one candidate first, from the last: spikes come before states. What they take is no
    // candidate of the others.
    loop {
        let taken: BTreeSet<usize> = pairs.keys().copied().collect();
        let open = |o: usize| !pairs.values().any(|p| *p == o);
        let one = (0..reach.len()).rev().filter(|o| open(*o)).find_map(|o| {
            let left: Vec<usize> = reach[o].difference(&taken).copied().collect();
            match left[..] {
                [input] => Some((input, o)),
                _ => None,
            }
        });
        match one {
            Some((input, output)) => pairs.insert(input, output),
            None => break,
        };
    }
    shared(graph, inputs, &reach, &pairs)?;
    by_shape(graph, inputs, &nodes, &mut pairs);
    unpaired(graph, inputs, &nodes, &pairs)?;
    replace(graph, inputs, &nodes, &pairs);
    Ok(())
}

/// Inputs that a value depends on element by element, other than through a comparison.
fn reached(graph: &StepGraph<'_>, from: usize) -> BTreeSet<usize> {
    walk(graph, from, |e| match e {
        Elementwise::Cast(to) => to == 1,
        Elementwise::Named(name) => !matches!(
            name,
            "Greater"
                | "GreaterOrEqual"
                | "Less"
                | "LessOrEqual"
                | "Equal"
                | "Sign"
                | "Abs"
                | "Floor"
                | "Ceil"
                | "Round"
        ),
        _ => true,
    })
}

fn walk(graph: &StepGraph<'_>, from: usize, through: impl Fn(Elementwise) -> bool) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    let mut seen = vec![false; graph.nodes.len()];
    let mut open = vec![from];
    while let Some(k) = open.pop() {
        if std::mem::replace(&mut seen[k], true) {
            continue;
        }
        let node = &graph.nodes[k];
        match node.kind {
            Kind::Input { input, .. } => {
                out.insert(input);
                continue;
            }
            Kind::Op(Op::Elementwise(e)) if through(e) => {}
            Kind::Op(Op::Reshape | Op::Expand) => {}
            Kind::Op(_) => continue,
        }
        // The condition of Where decides and is no summand.
        let skip = usize::from(node.kind == Kind::Op(Op::Elementwise(Elementwise::Named("Where"))));
        open.extend(node.inputs.iter().skip(skip).filter_map(|i| match i {
            Input::Value(r) => Some(r.node),
            Input::Constant(_) => None,
        }));
    }
    out
}

/// One input that is the state of two neurons.
fn shared(
    graph: &StepGraph<'_>,
    inputs: &[&str],
    reach: &[BTreeSet<usize>],
    pairs: &BTreeMap<usize, usize>,
) -> Result<(), Refusal> {
    for (o, candidates) in reach.iter().enumerate() {
        let alone: Vec<usize> = candidates.iter().copied().collect();
        let [input] = alone[..] else { continue };
        let Some(paired) = pairs.get(&input) else { continue };
        // Outputs of one cell read one another: the state and what is given out.
        let (own, other) = (graph.outputs[o].value.node, graph.outputs[*paired].value.node);
        if *paired != o
            && reach.get(*paired).is_some_and(|r| r.len() == 1)
            && !reads(graph, own, other)
            && !reads(graph, other, own)
        {
            let name = inputs.get(input).copied().unwrap_or_default();
            return Err(refuse_with(
                Code::StateNotPaired,
                format!(
                    "the state input '{name}' is read by two neurons ('{}' and '{}')",
                    graph.outputs[*paired].name, graph.outputs[o].name
                ),
                "give each neuron its own state input: exporters merge two arguments that are one tensor",
            ));
        }
    }
    Ok(())
}

/// Whether a value is computed from another in the same step.
fn reads(graph: &StepGraph<'_>, from: usize, other: usize) -> bool {
    let mut seen = vec![false; graph.nodes.len()];
    let mut open = vec![from];
    while let Some(k) = open.pop() {
        if k == other {
            return true;
        }
        if std::mem::replace(&mut seen[k], true) {
            continue;
        }
        open.extend(graph.nodes[k].inputs.iter().filter_map(|i| match i {
            Input::Value(r) => Some(r.node),
            Input::Constant(_) => None,
        }));
    }
    false
}

/// The inputs that are left, against the outputs that are left: equal names, else the only equal shape.
fn by_shape(
    graph: &StepGraph<'_>,
    inputs: &[&str],
    nodes: &BTreeMap<usize, usize>,
    pairs: &mut BTreeMap<usize, usize>,
) {
    let left: Vec<usize> =
        (1..inputs.len()).filter(|k| nodes.contains_key(k) && !pairs.contains_key(k)).collect();
    for input in left {
        let Some(node) = nodes.get(&input) else { continue };
        let dims = &graph.nodes[*node].dims;
        let fits: Vec<usize> = (0..graph.outputs.len())
            .filter(|o| {
                !pairs.values().any(|p| p == o) && graph.nodes[graph.outputs[*o].value.node].dims == *dims
            })
            .collect();
        let named = fits.iter().copied().find(|o| {
            graph.outputs.get(*o).zip(inputs.get(input)).is_some_and(|(o, i)| stem(o.name) == stem(i))
        });
        let only = if let [o] = fits[..] { Some(o) } else { None };
        if let Some(o) = named.or(only) {
            pairs.insert(input, o);
        }
    }
}

/// A name without what says that it is an input or an output.
fn stem(name: &str) -> String {
    let words = name.to_ascii_lowercase();
    let kept = words.split(['_', '.', '/', '-']).filter(|w| {
        !matches!(*w, "in" | "out" | "input" | "output" | "prev" | "next" | "new" | "old" | "state")
    });
    kept.collect::<Vec<_>>().join("_")
}

/// A state that goes in and does not come out.
fn unpaired(
    graph: &StepGraph<'_>,
    inputs: &[&str],
    nodes: &BTreeMap<usize, usize>,
    pairs: &BTreeMap<usize, usize>,
) -> Result<(), Refusal> {
    for (k, name) in inputs.iter().enumerate().skip(1) {
        if pairs.contains_key(&k) || !nodes.contains_key(&k) {
            continue;
        }
        let compared = graph.nodes.iter().enumerate().any(|(n, node)| {
            matches!(node.kind, Kind::Op(Op::Elementwise(Elementwise::Named("Greater" | "GreaterOrEqual"))))
                && walk(graph, n, |_| true).contains(&k)
        });
        if compared {
            let message = format!("the state input '{name}' has no state output that a next step could take");
            return Err(refuse_with(Code::StateNotPaired, message, REMEDY));
        }
    }
    for (k, output) in pairs {
        if graph.outputs.get(*output).is_none() {
            let name = inputs.get(*k).copied().unwrap_or_default();
            return Err(refuse(Code::StateNotPaired, format!("'{name}' is paired with no output")));
        }
    }
    Ok(())
}

fn replace<'m>(
    graph: &mut StepGraph<'m>,
    inputs: &[&'m str],
    nodes: &BTreeMap<usize, usize>,
    pairs: &BTreeMap<usize, usize>,
) {
    let mut before: BTreeMap<usize, Ref> = BTreeMap::new();
    for (input, output) in pairs {
        let (Some(node), Some(output)) = (nodes.get(input), graph.outputs.get(*output)) else { continue };
        before.insert(*node, Ref { node: output.value.node, lag: 1 });
        let name = inputs.get(*input).copied().unwrap_or_default();
        graph.pairs.push(Pair { input: name, output: output.name, value: output.value });
    }
    for node in &mut graph.nodes {
        for input in &mut node.inputs {
            if let Input::Value(r) = input
                && let Some(state) = before.get(&r.node)
            {
                *r = Ref { node: state.node, lag: r.lag + 1 };
            }
        }
    }
}
