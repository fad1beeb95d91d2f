//! Whether the copies are copies also where an exporter folded constants: the first steps.
//!
//! Step and copies are run beside each other on made-up numbers. Layers give numbers that depend on
//! what they are and what they read, so that equal numbers mean equal values. The start values of states
//! are found on the way: zero, or a constant that makes the first copy what the step says.

use super::super::arena::{Arena, Id, Op};
use super::super::elementwise::Elementwise;
use super::super::shape::is_real;
use super::align::Mismatch;
use super::graph::{Input, Kind, Ref, StepGraph};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Numbers of independent runs.
const RUNS: u64 = 6;

/// Greatest number of constants that are tried as a start value.
const CANDIDATES: usize = 64;

/// Checks every known member against the step, and sets the start values of states.
pub(super) fn check(arena: &Arena<'_>, graph: &mut StepGraph<'_>, steps: usize) -> Result<(), Mismatch> {
    let order = order(graph).ok_or_else(|| Mismatch {
        why: "the step is a cycle".into(),
        at: None,
        leaked: false,
    })?;
    let mut starts: BTreeMap<usize, f64> = BTreeMap::new();
    let mut tried = 0;
    while let Some((node, step)) = first_difference(arena, graph, &order, &starts, steps) {
        tried += 1;
        let better = candidates(arena, graph, node, step, &starts, tried).into_iter().find(|s| {
            first_difference(arena, graph, &order, s, steps)
                .is_none_or(|(n, t)| later(&order, (n, t), (node, step)))
        });
        match better {
            Some(found) if tried < 64 => starts = found,
            _ => return Err(explain(arena, graph, node, step)),
        }
    }
    for (node, value) in starts {
        if value != 0.0
            && let Some(id) = constant_of(arena, value)
        {
            graph.nodes[node].initial = Some(id);
        }
    }
    Ok(())
}

fn later(order: &[usize], a: (usize, usize), b: (usize, usize)) -> bool {
    let at = |n: usize| order.iter().position(|o| *o == n);
    (a.1, at(a.0)) > (b.1, at(b.0))
}

/// A constant of the arena with that one value.
fn constant_of(arena: &Arena<'_>, value: f64) -> Option<Id> {
    (0..arena.nodes.len() as u32).map(Id).find(|id| arena.uniform(*id).is_some_and(|v| f64::from(v) == value))
}

fn explain(arena: &Arena<'_>, graph: &StepGraph<'_>, node: usize, step: usize) -> Mismatch {
    let own = graph.nodes.get(node);
    let member = own.and_then(|n| n.members.get(step)).copied().flatten();
    let id = member.or(own.map(|n| n.example));
    // A constant that differs from place to place, in the first copy alone, is a state of an earlier run.
    let leaked = member.is_some_and(|m| {
        let inputs = &arena.node(m).inputs;
        let differs =
            |i: &Id| arena.is_constant(*i) && arena.uniform(*i).is_none() && arena.dims(*i) == arena.dims(m);
        differs(&m) || inputs.iter().any(differs)
    });
    let why = if leaked && step == 0 {
        "the first step starts from a state that differs from neuron to neuron: what an earlier run left \
         in the model was exported with it"
            .to_owned()
    } else {
        let name = id.map_or("", |id| arena.origin_of(id));
        format!("step {step} computes '{name}' in another way than the steps behind it")
    };
    Mismatch { why, at: id, leaked: leaked && step == 0 }
}

/// Nodes of a step, each behind those it reads in the same step.
pub(in super::super) fn order(graph: &StepGraph<'_>) -> Option<Vec<usize>> {
    let mut waits = vec![0usize; graph.nodes.len()];
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for (k, node) in graph.nodes.iter().enumerate() {
        for input in &node.inputs {
            if let Input::Value(Ref { node: source, lag: 0 }) = input {
                waits[k] += 1;
                readers[*source].push(k);
            }
        }
    }
    let mut ready: Vec<usize> = (0..waits.len()).rev().filter(|k| waits[*k] == 0).collect();
    let mut out = Vec::with_capacity(waits.len());
    while let Some(k) = ready.pop() {
        out.push(k);
        for reader in &readers[k] {
            waits[*reader] -= 1;
            if waits[*reader] == 0 {
                ready.push(*reader);
            }
        }
    }
    (out.len() == waits.len()).then_some(out)
}

/// The first value that a copy computes otherwise than the step, over all runs.
fn first_difference(
    arena: &Arena<'_>,
    graph: &StepGraph<'_>,
    order: &[usize],
    starts: &BTreeMap<usize, f64>,
    steps: usize,
) -> Option<(usize, usize)> {
    // Copies behind the first few are equal to the step by construction.
    let steps = steps.min(4);
    (0..RUNS).find_map(|run| {
        let probe = Probe { arena, run };
        let mut copies: HashMap<Id, f64> = HashMap::new();
        let mut past: Vec<Vec<f64>> = Vec::new();
        for t in 0..steps {
            let mut now = vec![0.0f64; graph.nodes.len()];
            for &k in order {
                let node = &graph.nodes[k];
                let read = |i: &Input| match i {
                    Input::Constant(id) => probe.constant(*id),
                    Input::Value(Ref { node, lag: 0 }) => now[*node],
                    Input::Value(Ref { node, lag }) => match t.checked_sub(*lag).and_then(|t| past.get(t)) {
                        Some(values) => values[*node],
                        None => starts.get(node).copied().unwrap_or(0.0),
                    },
                };
                let inputs: Vec<f64> = node.inputs.iter().map(read).collect();
                let value = match &node.kind {
                    Kind::Input { input, time } => probe.random(&(*input, time.map(|_| t))),
                    Kind::Op(op) => {
                        let bias = match node.inputs.get(2) {
                            Some(Input::Constant(id)) => Some(*id),
                            _ => None,
                        };
                        probe.apply(op, &inputs, bias, node.example)
                    }
                };
                now[k] = value;
                let Some(member) = node.members.get(t).copied().flatten() else { continue };
                let copy = probe.copy(member, &mut copies, graph, 0);
                if (copy - value).abs() > 1e-7 * value.abs().max(1.0) && !(copy.is_nan() && value.is_nan()) {
                    return Some((k, t));
                }
            }
            past.push(now);
        }
        None
    })
}

struct Probe<'a, 'm> {
    arena: &'a Arena<'m>,
    run: u64,
}

impl Probe<'_, '_> {
    /// A number between -2 and 2 that depends on what is hashed.
    fn random(&self, what: &impl Hash) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.run, what).hash(&mut hasher);
        (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64 * 4.0 - 2.0
    }

    /// An element of a constant: the same place in all constants, counted from the last axis.
    fn constant(&self, id: Id) -> f64 {
        if let Some(value) = self.arena.uniform(id) {
            return f64::from(value);
        }
        let dims = self.arena.dims(id);
        if dims.iter().product::<usize>() > 1 << 16 {
            return self.random(&id);
        }
        let (mut at, mut stride) = (0, 1);
        for (r, d) in dims.iter().rev().enumerate() {
            at += (self.run as usize * 3 + r + 1) % (*d).max(1) * stride;
            stride *= d;
        }
        let Ok(Some(constant)) = self.arena.value(id) else { return 0.0 };
        match constant.reals() {
            Ok(values) => values.get(at).copied().map_or(0.0, f64::from),
            Err(_) => constant.integers().ok().and_then(|v| v.get(at).copied()).unwrap_or(0) as f64,
        }
    }

    fn apply(&self, op: &Op, inputs: &[f64], bias: Option<Id>, example: Id) -> f64 {
        match op {
            // What a connection gives for nothing is its bias, which exporters fold.
            Op::Layer(_) if inputs.first() == Some(&0.0) && self.is_linear(example) => match bias {
                Some(bias) if matches!(self.arena.operator(example), "Conv") => self.random(&bias),
                Some(bias) => self.constant(bias),
                None => 0.0,
            },
            Op::Elementwise(e) => evaluate(*e, inputs, is_real(self.arena.node(example).ty)),
            Op::Reshape | Op::Expand => inputs.first().copied().unwrap_or(0.0),
            other => {
                let rounded: Vec<i64> = inputs.iter().map(|v| (v * 1e6).round() as i64).collect();
                self.random(&(other, rounded))
            }
        }
    }

    fn is_linear(&self, id: Id) -> bool {
        let names = ["AveragePool", "Conv", "Gemm", "GlobalAveragePool", "MatMul", "MaxPool"];
        names.contains(&self.arena.operator(id))
    }

    /// The number of a value of a copy.
    fn copy(&self, id: Id, known: &mut HashMap<Id, f64>, graph: &StepGraph<'_>, depth: usize) -> f64 {
        if let Some(value) = known.get(&id) {
            return *value;
        }
        let node = self.arena.node(id);
        let value = match &node.op {
            Op::Constant(_) => self.constant(id),
            Op::Input(input) => self.random(&(*input as usize, None::<usize>)),
            Op::Slice { axis, start } if self.of_input(id, *axis, graph).is_some() => {
                let input = self.of_input(id, *axis, graph).unwrap_or(0);
                let len = node.dims.get(*axis).copied().unwrap_or(1).max(1);
                self.random(&(input, Some(start / len)))
            }
            _ if depth > 150 => f64::NAN,
            op => {
                let inputs: Vec<f64> =
                    node.inputs.iter().map(|i| self.copy(*i, known, graph, depth + 1)).collect();
                self.apply(op, &inputs, node.inputs.get(2).copied(), id)
            }
        };
        known.insert(id, value);
        value
    }

    /// The input whose time axis a slice runs along.
    fn of_input(&self, id: Id, axis: usize, graph: &StepGraph<'_>) -> Option<usize> {
        let source = self.arena.node(*self.arena.node(id).inputs.first()?);
        let Op::Input(own) = source.op else { return None };
        let timed =
            graph.nodes.iter().any(|n| n.kind == Kind::Input { input: own as usize, time: Some(axis) });
        timed.then_some(own as usize)
    }
}

/// An operator on numbers.
fn evaluate(e: Elementwise, inputs: &[f64], real: bool) -> f64 {
    let [a, b, c] = [0, 1, 2].map(|k| inputs.get(k).copied().unwrap_or(0.0));
    let bool = |v: bool| f64::from(u8::from(v));
    let (x, y) = (a as i64, b as i64);
    match e {
        Elementwise::Cast(_) if real => a,
        Elementwise::Cast(9) => bool(a != 0.0),
        Elementwise::Cast(_) => a.trunc(),
        Elementwise::Shift { right: true } => (x >> y.clamp(0, 63)) as f64,
        Elementwise::Shift { right: false } => x.wrapping_shl(y.clamp(0, 63) as u32) as f64,
        Elementwise::Nearest => (a * 8.0).round() / 8.0,
        Elementwise::Named(name) => match name {
            "Abs" => a.abs(),
            "Add" => a + b,
            "And" => bool(a != 0.0 && b != 0.0),
            "BitwiseAnd" => (x & y) as f64,
            "BitwiseOr" => (x | y) as f64,
            "BitwiseXor" => (x ^ y) as f64,
            "Ceil" => a.ceil(),
            "Div" if real => a / b,
            "Div" => (a / b).trunc(),
            "Equal" => bool(a == b),
            "Exp" => a.exp(),
            "Floor" => a.floor(),
            "Greater" => bool(a > b),
            "GreaterOrEqual" => bool(a >= b),
            "Less" => bool(a < b),
            "LessOrEqual" => bool(a <= b),
            "Log" => a.ln(),
            "Max" => a.max(b),
            "Min" => a.min(b),
            "Mod" => a.rem_euclid(b),
            "Mul" => a * b,
            "Neg" => -a,
            "Not" => bool(a == 0.0),
            "Or" => bool(a != 0.0 || b != 0.0),
            "Pow" => a.powf(b),
            "Reciprocal" => 1.0 / a,
            "Relu" => a.max(0.0),
            "Round" => a.round_ties_even(),
            "Sigmoid" => 1.0 / (1.0 + (-a).exp()),
            "Sign" => {
                if a == 0.0 {
                    0.0
                } else {
                    a.signum()
                }
            }
            "Sqrt" => a.sqrt(),
            "Sub" => a - b,
            "Tanh" => a.tanh(),
            "Where" => {
                if a != 0.0 {
                    b
                } else {
                    c
                }
            }
            "Xor" => bool((a != 0.0) != (b != 0.0)),
            _ => f64::NAN,
        },
    }
}

/// Start values that may explain a difference: for each state that the value reads, the constants near it.
fn candidates(
    arena: &Arena<'_>,
    graph: &StepGraph<'_>,
    node: usize,
    step: usize,
    starts: &BTreeMap<usize, f64>,
    tried: usize,
) -> Vec<BTreeMap<usize, f64>> {
    if tried > CANDIDATES {
        return Vec::new();
    }
    let (mut states, mut values) = (Vec::new(), Vec::new());
    let mut open = vec![node];
    let mut seen = vec![false; graph.nodes.len()];
    while let Some(k) = open.pop() {
        if std::mem::replace(&mut seen[k], true) {
            continue;
        }
        let own = &graph.nodes[k];
        if !matches!(own.kind, Kind::Op(Op::Elementwise(_) | Op::Reshape | Op::Expand)) {
            continue;
        }
        for input in &own.inputs {
            match input {
                Input::Constant(id) => values.extend(arena.uniform(*id).map(f64::from)),
                Input::Value(r) if r.lag > step => {
                    states.push(r.node);
                    open.push(r.node);
                }
                Input::Value(r) => open.push(r.node),
            }
        }
        for input in
            own.members.get(step).copied().flatten().map(|m| &arena.node(m).inputs).into_iter().flatten()
        {
            values.extend(arena.uniform(*input).map(f64::from));
        }
    }
    states.sort_unstable();
    states.dedup();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let quotients: Vec<f64> = values
        .iter()
        .flat_map(|a| values.iter().filter(|b| **b != 0.0).map(move |b| a / b))
        .filter(|q| constant_of(arena, *q).is_some())
        .collect();
    values.extend(quotients);
    let mut out = Vec::new();
    for state in &states {
        for value in values.iter().take(CANDIDATES) {
            let mut next = starts.clone();
            next.insert(*state, *value);
            out.push(next);
        }
    }
    out
}
