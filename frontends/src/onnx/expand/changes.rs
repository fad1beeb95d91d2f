//! Changes in whole units: a delta or sigma-delta neuron, a factor of `1 / 2^k` and a Floor become one neuron.
//!
//! lava drops the low bits of a change as it sends it, and notes the whole change as sent. The neuron gets the
//! attribute [`UNIT`], `2^k`, and gives out what the Floor gave out; its states are those of before.

use super::values::Values;
use crate::onnx::ai_snnc::{self, UNIT};
use crate::onnx::file::Model;
use crate::onnx::proto::attribute_proto::AttributeType;
use crate::onnx::proto::{AttributeProto, GraphProto, NodeProto};
use crate::onnx::refusal::{Refusal, refuse, refuse_with};
use snnc_ir::diag::Code;
use snnc_ir::neuron::MAX_UNIT;
use std::collections::BTreeSet;

/// A neuron with what is behind it, by the indices of the nodes.
struct Found {
    neuron: usize,
    factor: Option<usize>,
    floor: usize,
    unit: u32,
}

/// Whether there may be something to rewrite.
///
/// # Errors
/// When a node has the attribute already: it is not for files.
pub(super) fn is_needed(model: &Model) -> Result<bool, Refusal> {
    let functions = model.proto().functions.iter().flat_map(|f| &f.node);
    let nodes = || model.graph().into_iter().flat_map(|g| &g.node).chain(functions.clone());
    let (mut floor, mut changes) = (false, false);
    for node in nodes() {
        floor |= is_standard(node, "Floor");
        if ai_snnc::gives_changes(node) {
            changes = true;
            if node.attribute.iter().any(|a| a.name == UNIT) {
                let message = format!("{}: attribute '{UNIT}' is not supported", node.op_type);
                return Err(refuse(Code::UnsupportedAttribute, message));
            }
        }
    }
    Ok(floor && changes)
}

/// Rewrites every neuron whose changes nothing but a Floor reads; whether there was one.
///
/// # Errors
/// When a Floor behind changes cannot become a part of the neuron.
pub(super) fn rewrite(model: &mut Model) -> Result<bool, Refusal> {
    let Some(graph) = model.proto.graph.as_ref() else { return Ok(false) };
    let mut values = Values::new(graph, &model.external);
    let neurons = graph.node.iter().enumerate().filter(|(_, n)| ai_snnc::gives_changes(n));
    let found: Vec<Found> = neurons.filter_map(|(k, node)| find(&mut values, k, node)).collect();
    check_rest(graph, &values, &found)?;
    let Some(graph) = model.proto.graph.as_mut() else { return Ok(false) };
    let mut gone: BTreeSet<usize> = BTreeSet::new();
    for Found { neuron, factor, floor, unit } in &found {
        let result = graph.node.get(*floor).and_then(|n| n.output.first()).cloned();
        let behind = factor.iter().chain([floor]).filter_map(|k| graph.node.get(*k));
        let strings = behind.map(|n| n.name.clone().into_bytes()).collect();
        let Some(node) = graph.node.get_mut(*neuron) else { continue };
        if let (Some(output), Some(result)) = (node.output.first_mut(), result) {
            *output = result;
            node.attribute.push(AttributeProto {
                name: UNIT.into(),
                r#type: AttributeType::Int.into(),
                i: i64::from(*unit),
                strings,
                ..AttributeProto::default()
            });
            gone.extend(factor.iter().chain([floor]));
        }
    }
    let mut at = 0..;
    graph.node.retain(|_| at.next().is_none_or(|k| !gone.contains(&k)));
    Ok(!found.is_empty())
}

/// Says of a Floor that is left behind changes why it is.
fn check_rest(graph: &GraphProto, values: &Values<'_>, found: &[Found]) -> Result<(), Refusal> {
    let taken: BTreeSet<usize> = found.iter().map(|f| f.floor).collect();
    for (k, node) in graph.node.iter().enumerate().filter(|(_, n)| is_standard(n, "Floor")) {
        let Some(neuron) = (0..=1).find_map(|factors| behind_changes(graph, values, node, factors)) else {
            continue;
        };
        if !taken.contains(&k) {
            let message = format!(
                "the Floor '{}' behind the changes of '{}' is no unit that these are given out in",
                node.name, neuron.name
            );
            return Err(refuse_with(
                Code::UnrecognisedNeuron,
                message,
                "between them may be one factor 1/2^k for all, k at most 23, and nothing else may read the changes",
            ));
        }
    }
    Ok(())
}

/// The neuron whose changes a node reads, through so many factors.
fn behind_changes<'g>(
    graph: &'g GraphProto,
    values: &Values<'_>,
    node: &NodeProto,
    factors: usize,
) -> Option<&'g NodeProto> {
    node.input.iter().take(2).find_map(|input| {
        let source = graph.node.get(values.source(input)?)?;
        if factors > 0 {
            let factor = is_standard(source, "Mul") || is_standard(source, "Div");
            return behind_changes(graph, values, source, factors - 1).filter(|_| factor);
        }
        (ai_snnc::gives_changes(source) && source.output.first() == Some(input)).then_some(source)
    })
}

fn find(values: &mut Values<'_>, neuron: usize, node: &NodeProto) -> Option<Found> {
    let (next, reader) = only_reader(values, node)?;
    if is_standard(reader, "Floor") {
        return Some(Found { neuron, factor: None, floor: next, unit: 1 });
    }
    let unit = divisor(values, reader, node.output.first()?)?;
    let (floor, last) = only_reader(values, reader)?;
    is_standard(last, "Floor").then_some(Found { neuron, factor: Some(next), floor, unit })
}

/// The one node that reads what a node gives out first.
fn only_reader<'g>(values: &Values<'g>, node: &NodeProto) -> Option<(usize, &'g NodeProto)> {
    let [reader] = *values.readers(node.output.first().filter(|o| !o.is_empty())?) else { return None };
    Some((reader, values.node(reader)?))
}

/// The power of two that a node divides a value by.
fn divisor(values: &mut Values<'_>, node: &NodeProto, value: &str) -> Option<u32> {
    let [a, b] = node.input.as_slice() else { return None };
    let mut one = |name: &str| {
        let (dims, values) = values.constant(name)?;
        // Further dimensions would change those of the value.
        (dims.len() <= 1 && values.len() == 1).then(|| values.first().copied())?
    };
    let by = match () {
        () if is_standard(node, "Div") && a == value => one(b)?,
        () if is_standard(node, "Mul") => 1.0 / one(if a == value { b } else { a })?,
        () => return None,
    };
    let power = by >= 1.0 && by <= f64::from(MAX_UNIT) && by.log2().fract() == 0.0;
    power.then_some(by as u32)
}

fn is_standard(node: &NodeProto, op: &str) -> bool {
    node.op_type == op && matches!(node.domain.as_str(), "" | "ai.onnx")
}
