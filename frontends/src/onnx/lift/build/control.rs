//! `Loop`, `Scan`, `If` and calls of functions: their bodies, once for each time they run.

use super::super::super::attribute::Attributes;
use super::super::super::dims;
use super::super::super::importer::domain;
use super::super::super::proto::{FunctionProto, GraphProto, NodeProto};
use super::super::super::refusal::{Refusal, refuse, refuse_with};
use super::super::arena::Id;
use super::{Builder, MAX_NESTING, Scope, Stop};
use snnc_ir::diag::{Code, Location};

type Control<'m> = fn(&mut Builder<'m>, &'m NodeProto, &[Option<Id>], &str) -> Result<Vec<Id>, Stop>;

/// Greatest number of times that a body runs.
const MAX_RUNS: usize = 4096;

/// How a node with a body is read; `None` for a node without.
pub(super) fn find<'m>(b: &Builder<'m>, node: &NodeProto) -> Option<Control<'m>> {
    if domain(&node.domain) == "ai.onnx" {
        return match node.op_type.as_str() {
            "If" => Some(branch),
            "Loop" => Some(repeat),
            "Scan" => Some(scan),
            _ => None,
        };
    }
    function(b, node).map(|_| call as Control<'m>)
}

fn function<'m>(b: &Builder<'m>, node: &NodeProto) -> Option<&'m FunctionProto> {
    b.model.proto().functions.iter().find(|f| {
        domain(&f.domain) == domain(&node.domain) && f.name == node.op_type && f.overload == node.overload
    })
}

fn stop(refusal: Refusal, name: &str) -> Stop {
    Stop::Refused(refusal, Location::node(name))
}

fn subgraph<'m>(node: &'m NodeProto, name: &str) -> Option<&'m GraphProto> {
    node.attribute.iter().find(|a| a.name == name).and_then(|a| a.g.as_ref())
}

impl<'m> Builder<'m> {
    /// Runs a body with its inputs bound and gives its outputs.
    fn body(&mut self, graph: &'m GraphProto, bound: &[Id], path: &str) -> Result<Vec<Id>, Stop> {
        self.enter(path, false)?;
        self.constants(graph)?;
        for (info, id) in graph.input.iter().zip(bound) {
            self.define(&info.name, *id);
        }
        self.nodes(&graph.node)?;
        let results = graph.output.iter().map(|o| self.get(&o.name)).collect::<Option<Vec<_>>>();
        self.scopes.pop();
        results.ok_or(Stop::Unknown)
    }

    fn enter(&mut self, path: &str, closed: bool) -> Result<(), Stop> {
        if self.scopes.len() >= MAX_NESTING {
            let message = format!("graphs and calls lie more than {MAX_NESTING} deep in one another");
            return Err(stop(refuse(Code::BudgetExceeded, message), path));
        }
        self.scopes.push(Scope { closed, ..Scope::default() });
        Ok(())
    }

    /// Whether a constant is true; `None` for what is no constant.
    fn truth(&self, id: Id) -> Result<Option<bool>, Refusal> {
        Ok(self.arena.integers(id)?.and_then(|v| v.first().map(|v| *v != 0)))
    }
}

/// Runs `f` with the path of a body, and restores the path.
fn within<'m, R>(b: &mut Builder<'m>, path: &str, f: impl FnOnce(&mut Builder<'m>) -> R) -> R {
    let outer = std::mem::replace(&mut b.path, path.to_owned());
    let result = f(b);
    b.path = outer;
    result
}

fn call<'m>(
    b: &mut Builder<'m>,
    node: &'m NodeProto,
    inputs: &[Option<Id>],
    name: &str,
) -> Result<Vec<Id>, Stop> {
    let Some(function) = function(b, node) else { return Err(Stop::Unknown) };
    // A body that refers to the attributes of its call is left to the importer.
    let refers = |n: &NodeProto| n.attribute.iter().any(|a| !a.ref_attr_name.is_empty());
    if function.node.iter().any(refers) {
        return Err(Stop::Unknown);
    }
    within(b, name, |b| {
        b.enter(name, true)?;
        let outer = b.versions.clone();
        b.versions.extend(function.opset_import.iter().map(|o| (domain(&o.domain), o.version)));
        for (parameter, id) in function.input.iter().zip(inputs) {
            if let Some(id) = id {
                b.define(parameter, *id);
            }
        }
        b.nodes(&function.node)?;
        let results = function.output.iter().map(|o| b.get(o)).collect::<Option<Vec<_>>>();
        b.scopes.pop();
        b.versions = outer;
        results.ok_or(Stop::Unknown)
    })
}

fn branch<'m>(
    b: &mut Builder<'m>,
    node: &'m NodeProto,
    inputs: &[Option<Id>],
    name: &str,
) -> Result<Vec<Id>, Stop> {
    let condition = inputs.first().copied().flatten().ok_or(Stop::Unknown)?;
    let Some(taken) = b.truth(condition).map_err(|r| stop(r, name))? else { return Err(Stop::Unknown) };
    let body = subgraph(node, if taken { "then_branch" } else { "else_branch" }).ok_or(Stop::Unknown)?;
    within(b, name, |b| b.body(body, &[], name))
}

fn repeat<'m>(
    b: &mut Builder<'m>,
    node: &'m NodeProto,
    inputs: &[Option<Id>],
    name: &str,
) -> Result<Vec<Id>, Stop> {
    let body = subgraph(node, "body").ok_or(Stop::Unknown)?;
    let refused = |r| stop(r, name);
    let trips = match inputs.first().copied().flatten() {
        None => None,
        Some(id) => match b.arena.integers(id).map_err(refused)? {
            Some(values) => values.first().copied(),
            None => return Err(refused(unbounded())),
        },
    };
    let mut running = match inputs.get(1).copied().flatten() {
        None => true,
        Some(id) => b.truth(id).map_err(refused)?.ok_or_else(|| refused(unbounded()))?,
    };
    let mut carried: Vec<Id> = inputs.iter().skip(2).copied().collect::<Option<_>>().ok_or(Stop::Unknown)?;
    let mut stacks: Vec<Vec<Id>> = vec![Vec::new(); body.output.len().saturating_sub(1 + carried.len())];
    let mut run = 0usize;
    while running && trips.is_none_or(|t| (run as i64) < t) {
        if run >= MAX_RUNS {
            let message = format!("a Loop of more than {MAX_RUNS} runs");
            return Err(refused(refuse_with(Code::BudgetExceeded, message, "export one step, or a Scan")));
        }
        let index = b.arena.int(run as i64).map_err(refused)?;
        let yes = b.yes().map_err(refused)?;
        let bound = [&[index, yes][..], &carried].concat();
        let results = within(b, name, |b| b.body(body, &bound, name))?;
        let Some((condition, results)) = results.split_first() else { return Err(Stop::Unknown) };
        running = b.truth(*condition).map_err(refused)?.ok_or_else(|| refused(unbounded()))?;
        let (next, scanned) = results.split_at_checked(carried.len()).ok_or(Stop::Unknown)?;
        carried = next.to_vec();
        for (stack, id) in stacks.iter_mut().zip(scanned) {
            stack.push(*id);
        }
        run += 1;
    }
    for stack in stacks {
        if stack.is_empty() {
            return Err(Stop::Unknown);
        }
        carried.push(b.arena.stack(&stack, 0).map_err(refused)?);
    }
    Ok(carried)
}

fn unbounded() -> Refusal {
    refuse_with(
        Code::UnsupportedOperator,
        "a Loop whose number of runs depends on the input",
        "export with a fixed number of steps, or one step with its states as inputs and outputs",
    )
}

fn scan<'m>(
    b: &mut Builder<'m>,
    node: &'m NodeProto,
    inputs: &[Option<Id>],
    name: &str,
) -> Result<Vec<Id>, Stop> {
    let refused = |r| stop(r, name);
    let body = subgraph(node, "body").ok_or(Stop::Unknown)?;
    if b.version("") < 9 {
        return Err(Stop::Unknown);
    }
    let attributes = Attributes::new(node);
    let scanned = attributes.int("num_scan_inputs", 1).map_err(refused)?;
    let scanned = usize::try_from(scanned).ok().filter(|n| *n >= 1).ok_or(Stop::Unknown)?;
    let all: Vec<Id> = inputs.iter().copied().collect::<Option<_>>().ok_or(Stop::Unknown)?;
    let split = all.len().checked_sub(scanned).ok_or(Stop::Unknown)?;
    let (initial, sequences) = all.split_at_checked(split).ok_or(Stop::Unknown)?;
    let list = |name: &str| attributes.ints(name).map(|v| v.unwrap_or_default().to_vec());
    let in_axes = list("scan_input_axes").map_err(refused)?;
    let in_directions = list("scan_input_directions").map_err(refused)?;
    let out_axes = list("scan_output_axes").map_err(refused)?;
    let out_directions = list("scan_output_directions").map_err(refused)?;
    let mut sliced = Vec::new();
    let mut steps = None;
    for (k, sequence) in sequences.iter().enumerate() {
        let shape = b.arena.dims(*sequence);
        let axis = dims::axis(in_axes.get(k).copied().unwrap_or(0), shape.len()).map_err(refused)?;
        let len = shape.get(axis).copied().unwrap_or(0);
        if steps.is_some_and(|s| s != len) || len > MAX_RUNS {
            let message = format!("a Scan over {len} places, beside {steps:?}; at most {MAX_RUNS} are read");
            return Err(refused(refuse(Code::BadShape, message)));
        }
        steps = Some(len);
        sliced.push((*sequence, axis, in_directions.get(k).is_some_and(|d| *d != 0)));
    }
    let steps = steps.unwrap_or(0);
    let mut carried = initial.to_vec();
    let mut stacks: Vec<Vec<Id>> = vec![Vec::new(); body.output.len().saturating_sub(carried.len())];
    for run in 0..steps {
        let mut bound = carried.clone();
        for (sequence, axis, backward) in &sliced {
            let at = if *backward { steps - 1 - run } else { run };
            bound.push(b.arena.select(*sequence, *axis, at).map_err(refused)?);
        }
        let results = within(b, name, |b| b.body(body, &bound, name))?;
        let (next, scanned) = results.split_at_checked(carried.len()).ok_or(Stop::Unknown)?;
        carried = next.to_vec();
        for (stack, id) in stacks.iter_mut().zip(scanned) {
            stack.push(*id);
        }
    }
    for (k, mut stack) in stacks.into_iter().enumerate() {
        let Some(first) = stack.first() else { return Err(Stop::Unknown) };
        let rank = b.arena.dims(*first).len() + 1;
        let axis = dims::axis(out_axes.get(k).copied().unwrap_or(0), rank).map_err(refused)?;
        if out_directions.get(k).is_some_and(|d| *d != 0) {
            stack.reverse();
        }
        carried.push(b.arena.stack(&stack, axis).map_err(refused)?);
    }
    Ok(carried)
}
