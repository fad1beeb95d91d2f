//! One form for a step: every value as early as it can be computed, equal values once.
//!
//! `H(v[t-1] - th)` reads only the step before; it is the lag of `H(v - th)`, which is the spike.

use super::super::arena::Op;
use super::super::elementwise::Elementwise;
use super::graph::{Input, Kind, Ref, StepGraph};
use std::collections::{BTreeSet, HashMap};

/// Greatest number of rounds; each moves values by a step.
const ROUNDS: usize = 64;

/// Makes equal values of a step one.
pub(super) fn normalise(graph: &mut StepGraph<'_>) {
    while merge(graph).1 {}
    name_states(graph);
    while merge(graph).1 {}
    // In a copy, every value is computed as early as it can be; what each value became there says which
    // values are equal. The step itself keeps the values that the exporter has.
    let mut early = graph.clone();
    let mut became: Vec<Ref> = (0..graph.nodes.len()).map(|node| Ref { node, lag: 0 }).collect();
    for _ in 0..ROUNDS {
        let lags = advance(&mut early);
        let moved = lags.iter().any(|l| *l > 0);
        let (to, merged) = merge(&mut early);
        for value in &mut became {
            let own = Ref { node: value.node, lag: value.lag + lags.get(value.node).copied().unwrap_or(0) };
            *value = resolve(&to, own);
        }
        if !moved && !merged {
            break;
        }
    }
    let to: Vec<Ref> = (0..graph.nodes.len())
        .map(|k| {
            let own = Ref { node: k, lag: 0 };
            let new = became[k];
            if became.get(new.node) == Some(&Ref { node: new.node, lag: 0 }) { new } else { own }
        })
        .collect();
    replace(graph, &to);
}

/// Greatest number of values that are made for states.
const MAX_STATES: usize = 20_000;

/// What is put together from several values of earlier steps alone, `u[t-1] - s[t-1] · th`, is a state:
/// the lag of a value `u - s · th` of this step, which exporters leave out where it is not read.
fn name_states(graph: &mut StepGraph<'_>) {
    let count = graph.nodes.len();
    // Whether a node reads earlier steps alone, which values of them, and the value that all of it is made of.
    let mut late = vec![false; count];
    let mut sources: Vec<BTreeSet<Ref>> = vec![BTreeSet::new(); count];
    let mut made_of: Vec<usize> = (0..count).collect();
    let Some(order) = super::probe::order(graph) else { return };
    for k in order {
        let node = &graph.nodes[k];
        if !matches!(node.kind, Kind::Op(Op::Elementwise(_) | Op::Reshape)) {
            continue;
        }
        let values: Vec<Ref> = node.inputs.iter().filter_map(value).collect();
        late[k] = !values.is_empty() && values.iter().all(|r| r.lag > 0 || late[r.node]);
        if !late[k] {
            continue;
        }
        let mut own = BTreeSet::new();
        for r in &values {
            if r.lag > 0 {
                own.insert(*r);
            } else {
                own.extend(sources[r.node].iter().copied())
            }
        }
        // A handful says that there are several.
        sources[k] = own.into_iter().take(3).collect();
        let origins: BTreeSet<usize> = values.iter().map(|r| made_of[r.node]).collect();
        if values.iter().all(|r| r.lag == 0)
            && let (1, Some(origin)) = (origins.len(), origins.first())
            && passes_on(graph, k, *origin)
        {
            made_of[k] = *origin;
        }
    }
    // Only where something of this step reads them.
    let mut made: HashMap<usize, usize> = HashMap::new();
    let mut lagged: Vec<Option<usize>> = vec![None; count];
    for k in (0..count).filter(|k| !late[*k]) {
        let read: Vec<usize> =
            graph.nodes[k].inputs.iter().filter_map(value).filter(|r| r.lag == 0).map(|r| r.node).collect();
        for source in read.into_iter().filter(|s| late[*s]).map(|s| made_of[s]) {
            let several = sources[source].len() > 1 && graph.nodes.len() < count + MAX_STATES;
            if several && lagged[source].is_none() {
                lagged[source] = Some(earlier(graph, source, &mut made));
            }
        }
    }
    for node in &mut graph.nodes {
        for input in &mut node.inputs {
            if let Input::Value(r) = input
                && let Some(Some(state)) = lagged.get(r.node)
            {
                *r = Ref { node: *state, lag: r.lag + 1 };
            }
        }
    }
}

fn value(input: &Input) -> Option<Ref> {
    match input {
        Input::Value(r) => Some(*r),
        Input::Constant(_) => None,
    }
}

/// Whether a value is no state of its own, but a sum, a multiple or a comparison of the one it is made of. A
/// constant added to a clamped value is part of the clamp.
fn passes_on(graph: &StepGraph<'_>, k: usize, origin: usize) -> bool {
    let is = |k: usize, names: &[&str]| match graph.nodes[k].kind {
        Kind::Op(Op::Elementwise(Elementwise::Named(name))) => names.contains(&name),
        _ => false,
    };
    if is(k, &["Add", "Sub"]) && is(origin, &["Relu"]) {
        return false;
    }
    matches!(graph.nodes[k].kind, Kind::Op(Op::Reshape | Op::Elementwise(Elementwise::Cast(_))))
        || is(k, &["Add", "Sub", "Mul", "Div", "Neg", "Not", "Equal"])
        || is(k, &["Greater", "GreaterOrEqual", "Less", "LessOrEqual"])
}

/// The value one step earlier, made from what it reads one step earlier.
fn earlier(graph: &mut StepGraph<'_>, k: usize, made: &mut HashMap<usize, usize>) -> usize {
    if let Some(known) = made.get(&k) {
        return *known;
    }
    // In an order in which everything is made before it is read.
    let mut open = vec![(k, false)];
    while let Some((k, ready)) = open.pop() {
        if made.contains_key(&k) {
            continue;
        }
        let inputs = graph.nodes[k].inputs.clone();
        if !ready {
            open.push((k, true));
            open.extend(inputs.iter().filter_map(value).filter(|r| r.lag == 0).map(|r| (r.node, false)));
            continue;
        }
        let mut node = graph.nodes[k].clone();
        for input in &mut node.inputs {
            if let Input::Value(r) = input {
                *r = match r.lag {
                    0 => Ref { node: made.get(&r.node).copied().unwrap_or(r.node), lag: 0 },
                    lag => Ref { node: r.node, lag: lag - 1 },
                };
            }
        }
        if !node.members.is_empty() {
            node.members.rotate_left(1);
        }
        if let Some(last) = node.members.last_mut() {
            *last = None;
        }
        made.insert(k, graph.nodes.len());
        graph.nodes.push(node);
    }
    made.get(&k).copied().unwrap_or(k)
}

/// Makes a value that reads only earlier steps the lag of one that reads this step; gives the lags.
fn advance(graph: &mut StepGraph<'_>) -> Vec<usize> {
    // What the nodes become: themselves, or the lag of what is now in their place.
    let mut lags = vec![0usize; graph.nodes.len()];
    for (node, lag) in graph.nodes.iter().zip(&mut lags) {
        let earliest = node.inputs.iter().filter_map(|i| match i {
            Input::Value(r) => Some(r.lag),
            Input::Constant(_) => None,
        });
        // A layer over earlier values stays where it is: the values are delayed, not what it makes of them.
        let moves = matches!(node.kind, Kind::Op(Op::Elementwise(_) | Op::Reshape));
        if let Some(least) = earliest.min().filter(|_| moves) {
            *lag = usize::from(least >= 1);
        }
    }
    if lags.iter().all(|l| *l == 0) {
        return lags;
    }
    for (k, node) in graph.nodes.iter_mut().enumerate() {
        let own = lags.get(k).copied().unwrap_or(0);
        for input in &mut node.inputs {
            if let Input::Value(r) = input {
                r.lag = r.lag + lags.get(r.node).copied().unwrap_or(0) - own;
            }
        }
        if own > 0 {
            // Its members are now those of one step earlier.
            let len = node.members.len();
            node.members.rotate_left(own.min(len));
            node.members.iter_mut().rev().take(own).for_each(|m| *m = None);
        }
    }
    let shift = |r: &mut Ref| r.lag += lags.get(r.node).copied().unwrap_or(0);
    graph.outputs.iter_mut().for_each(|o| shift(&mut o.value));
    graph.pairs.iter_mut().for_each(|p| shift(&mut p.value));
    lags
}

/// Makes equal values one, and drops reshapes that change nothing; gives what each value became, and
/// whether any changed.
fn merge(graph: &mut StepGraph<'_>) -> (Vec<Ref>, bool) {
    let mut to: Vec<Ref> = (0..graph.nodes.len()).map(|node| Ref { node, lag: 0 }).collect();
    let mut seen: HashMap<(Kind, Vec<Input>, Vec<usize>), usize> = HashMap::new();
    for (k, node) in graph.nodes.iter().enumerate() {
        if let (Kind::Op(Op::Reshape), [Input::Value(r)]) = (&node.kind, &node.inputs[..])
            && graph.nodes.get(r.node).is_some_and(|s| s.dims == node.dims)
            && r.node != k
        {
            to[k] = *r;
            continue;
        }
        if node.inputs.is_empty() && !matches!(node.kind, Kind::Input { .. }) {
            continue;
        }
        let key = (node.kind.clone(), node.inputs.clone(), node.dims.clone());
        match seen.get(&key) {
            Some(first) => to[k] = Ref { node: *first, lag: 0 },
            None => {
                seen.insert(key, k);
            }
        }
    }
    let changed = replace(graph, &to);
    (to, changed)
}

fn resolve(to: &[Ref], mut r: Ref) -> Ref {
    for _ in 0..to.len() {
        let next = to[r.node];
        if next.node == r.node {
            break;
        }
        r = Ref { node: next.node, lag: r.lag + next.lag };
    }
    r
}

/// Puts what values became in their place; whether any was read.
fn replace(graph: &mut StepGraph<'_>, to: &[Ref]) -> bool {
    let mut changed = false;
    let mut update = |value: &mut Ref| {
        let new = resolve(to, *value);
        changed |= new != *value;
        *value = new;
    };
    for node in &mut graph.nodes {
        for input in &mut node.inputs {
            if let Input::Value(r) = input {
                update(r);
            }
        }
    }
    graph.outputs.iter_mut().for_each(|o| update(&mut o.value));
    graph.pairs.iter_mut().for_each(|p| update(&mut p.value));
    // The members of what was merged are members of what it became.
    for k in 0..to.len() {
        let new = resolve(to, Ref { node: k, lag: 0 });
        if new.node == k {
            continue;
        }
        let members = graph.nodes[k].members.clone();
        let target = &mut graph.nodes[new.node].members;
        for (t, id) in members.into_iter().enumerate().skip(new.lag) {
            if let Some(member) = target.get_mut(t - new.lag)
                && member.is_none()
            {
                *member = id;
            }
        }
    }
    changed
}
