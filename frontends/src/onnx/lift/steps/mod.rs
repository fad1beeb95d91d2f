//! The step that a network repeats: found in its copies, or given as it is.

mod align;
mod graph;
mod normal;
mod pair;
mod probe;

use graph::Output;
pub use graph::Readout;
pub(super) use graph::{Input, Kind, Ref, StepGraph};
pub(super) use probe::order;

use super::super::attribute::Attributes;
use super::super::proto::NodeProto;
use super::super::refusal::{Refusal, refuse_with};
use super::arena::{Arena, Id, Op};
use super::build::Built;
use super::elementwise::Elementwise;
use super::layers;
use align::{Aligner, Mismatch};
use snnc_ir::diag::{Code, Location};
use std::collections::{BTreeMap, BTreeSet};

/// Fewest copies that a step is told from.
const FEWEST: usize = 3;

/// The step of a graph.
pub(super) fn find<'m>(
    built: &mut Built<'m>,
    states: &BTreeMap<String, String>,
) -> Result<StepGraph<'m>, (Refusal, Location)> {
    let mut reason: Option<Mismatch> = None;
    for steps in lengths(&built.arena) {
        match unrolled(built, steps) {
            Ok(Some(graph)) => return Ok(graph),
            Ok(None) => {}
            Err(mismatch) => reason = reason.or(Some(mismatch)),
        }
    }
    let compares = compares(&built.arena);
    if let Some(Mismatch { why, at, leaked }) = reason.filter(|_| compares) {
        let at = at.map_or("", |id| built.arena.origin_of(id)).to_owned();
        let refusal = match leaked {
            true => {
                refuse_with(Code::HiddenState, why, "reset the states of the model before it is exported")
            }
            false => refuse_with(
                Code::UnlikeSteps,
                format!("the network is unrolled over time, and its steps are not alike: {why}"),
                "export one time step with its states as inputs and outputs, at least 4 steps, or a Scan",
            ),
        };
        return Err((refusal, Location::node(at)));
    }
    let graph = single(built, states).map_err(|r| (r, Location::node("")))?;
    // Copies whose outputs none of them hold.
    if compares && graph.pairs.is_empty() && !lengths(&built.arena).is_empty() {
        let refusal = refuse_with(
            Code::UnlikeSteps,
            "the network is unrolled over time, and no output holds a value of every step",
            "give out the spikes of all steps (torch.stack), or their sum",
        );
        return Err((refusal, Location::node("")));
    }
    Ok(graph)
}

/// Whether something is compared that depends on the input: without, nothing spikes.
fn compares(arena: &Arena<'_>) -> bool {
    let names = ["Greater", "GreaterOrEqual", "Less", "LessOrEqual"];
    let compares = |op: &Op| matches!(op, Op::Elementwise(Elementwise::Named(n)) if names.contains(n));
    arena.nodes.iter().any(|n| compares(&n.op))
}

/// Lengths that time may have: of axes of inputs that are taken apart place by place, and of what is put
/// together from as many pieces.
fn lengths(arena: &Arena<'_>) -> Vec<usize> {
    let mut out = BTreeSet::new();
    for node in &arena.nodes {
        match node.op {
            Op::Slice { axis, .. } => {
                let source = node.inputs.first().map(|i| arena.node(*i));
                let (Some(source), Some(len)) = (source, node.dims.get(axis)) else { continue };
                if matches!(source.op, Op::Input(_)) {
                    out.extend(source.dims.get(axis).and_then(|d| d.checked_div(*len)));
                }
            }
            Op::Concat(axis) => {
                let first = node.inputs.first().and_then(|i| arena.dims(*i).get(axis));
                if node.inputs.iter().all(|i| arena.dims(*i).get(axis) == first) {
                    out.insert(node.inputs.len());
                }
            }
            _ => {}
        }
    }
    let mut lengths: Vec<usize> = out.into_iter().filter(|n| *n >= FEWEST).collect();
    lengths.reverse();
    lengths
}

/// The step of a graph that holds `steps` copies of it; `None` where no output reads so many.
fn unrolled<'m>(built: &mut Built<'m>, steps: usize) -> Result<Option<StepGraph<'m>>, Mismatch> {
    let outputs = built.outputs.clone();
    let mut roots: Vec<(&'m str, Vec<Id>, Readout)> = Vec::new();
    let mut finals: Vec<(&'m str, Id)> = Vec::new();
    for (name, id) in outputs {
        match sequence(&mut built.arena, id, steps) {
            Some((members, readout)) => roots.push((name, members, readout)),
            None => finals.push((name, id)),
        }
    }
    if roots.is_empty() {
        return Ok(None);
    }
    let mut aligner = Aligner::new(&built.arena, steps);
    let mut graph = StepGraph { steps: Some(steps), ..StepGraph::default() };
    let mut found = Vec::new();
    for (name, members, readout) in &roots {
        found.push((*name, aligner.root(members)?, *readout));
    }
    graph.nodes = aligner.finish();
    for (name, input, readout) in found {
        match input {
            Input::Value(value) => graph.outputs.push(Output { name, value, readout }),
            Input::Constant(id) => {
                return Err(Mismatch {
                    why: format!("output '{name}' is a constant"),
                    at: Some(id),
                    leaked: false,
                });
            }
        }
    }
    normal::normalise(&mut graph);
    probe::check(&built.arena, &mut graph, steps)?;
    // A value that is read once, at the end: the last step of something that is known, or a final state.
    for (name, id) in finals {
        let known = graph.nodes.iter().position(|n| n.members.last().copied().flatten() == Some(id));
        match known {
            Some(node) => {
                graph.outputs.push(Output { name, value: Ref { node, lag: 0 }, readout: Readout::Last });
            }
            None => graph.unread.push(name),
        }
    }
    Ok(Some(graph))
}

/// The values of an output in all steps, when an axis of it is time.
fn sequence(arena: &mut Arena<'_>, id: Id, steps: usize) -> Option<(Vec<Id>, Readout)> {
    if let Some(found) = over_time(arena, id, steps) {
        return Some(found);
    }
    if let Some(terms) = summed(arena, id, steps) {
        return Some((terms, Readout::Sum));
    }
    split(arena, id, steps).map(|members| (members, Readout::Each))
}

fn split(arena: &mut Arena<'_>, id: Id, steps: usize) -> Option<Vec<Id>> {
    let dims = arena.dims(id).to_vec();
    for (axis, size) in dims.iter().enumerate() {
        if size % steps != 0 || *size == 0 {
            continue;
        }
        let len = size / steps;
        let parts: Option<Vec<Id>> = (0..steps).map(|t| arena.slice(id, axis, t * len, len).ok()).collect();
        let parts = parts?;
        let apart = |id: &Id| !matches!(arena.node(*id).op, Op::Slice { .. }) || timed(arena, *id);
        if parts.iter().all(apart) && parts.first() != parts.last() {
            return Some(parts);
        }
    }
    None
}

/// Whether a value is a part of a graph input.
fn timed(arena: &Arena<'_>, id: Id) -> bool {
    let source = arena.node(id).inputs.first().map(|i| arena.node(*i));
    source.is_some_and(|s| matches!(s.op, Op::Input(_)))
}

/// A sum or mean along the axis of the steps.
fn over_time(arena: &mut Arena<'_>, id: Id, steps: usize) -> Option<(Vec<Id>, Readout)> {
    let mut id = id;
    while let Op::Reshape = arena.node(id).op {
        id = *arena.node(id).inputs.first()?;
    }
    let node = arena.node(id).clone();
    let Op::Layer(template) = node.op else { return None };
    let template = arena.templates.get(template as usize)?.clone();
    let readout = match template.op_type.as_str() {
        "ReduceSum" => Readout::Sum,
        "ReduceMean" => Readout::Mean,
        _ => return None,
    };
    let proto =
        NodeProto { op_type: template.op_type, attribute: template.attributes, ..NodeProto::default() };
    let x = *node.inputs.first()?;
    let attributes = Attributes::new(&proto);
    let axes = layers::reduced(arena, &attributes, &node.inputs, arena.dims(x).len()).ok()?;
    let [axis] = axes[..] else { return None };
    if arena.dims(x).get(axis) != Some(&steps) {
        return None;
    }
    let members: Option<Vec<Id>> = (0..steps).map(|t| arena.slice(x, axis, t, 1).ok()).collect();
    members.map(|m| (m, readout))
}

/// The terms of a sum of as many values as there are steps.
fn summed(arena: &Arena<'_>, id: Id, steps: usize) -> Option<Vec<Id>> {
    let mut terms = Vec::new();
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        let node = arena.node(id);
        match node.op {
            Op::Elementwise(Elementwise::Named("Add")) if terms.len() + open.len() < steps => {
                open.extend(node.inputs.iter().rev());
            }
            _ => terms.push(id),
        }
    }
    (terms.len() == steps).then_some(terms)
}

/// The step of a graph in step form.
fn single<'m>(built: &Built<'m>, states: &BTreeMap<String, String>) -> Result<StepGraph<'m>, Refusal> {
    let mut aligner = Aligner::new(&built.arena, 1);
    let mut graph = StepGraph::default();
    let mut found = Vec::new();
    for (name, id) in &built.outputs {
        if let Ok(Input::Value(value)) = aligner.root(&[*id]) {
            found.push(Output { name, value, readout: Readout::Each });
        }
    }
    graph.nodes = aligner.finish();
    graph.outputs = found;
    let inputs: Vec<&str> = built.inputs.iter().map(|(name, _)| *name).collect();
    pair::pair(&mut graph, &inputs, states)?;
    normal::normalise(&mut graph);
    Ok(graph)
}
