//! Checks of the model as a whole.

use super::ai_snnc;
use super::importer::{Importer, domain};
use super::ops;
use super::refusal::{Refusal, refuse, refuse_with};
use snnc_ir::diag::{Code, Location};
use snnc_ir::graph::Number;
use snnc_ir::graph::op::{Bias, Op};
use snnc_ir::graph::verify::{MAX_ELEMENTS, verify};
use snnc_ir::graph::weights::{Scale, Storage};
use std::collections::BTreeSet;

/// Every domain that a node uses must be imported.
pub(crate) fn check_domains(im: &mut Importer<'_>) {
    let imported: BTreeSet<&str> = im.model.proto().opset_import.iter().map(|o| domain(&o.domain)).collect();
    let used: BTreeSet<&str> = im.source.node.iter().map(|n| domain(&n.domain)).collect();
    for missing in used.difference(&imported) {
        let message =
            format!("the model uses operators of '{missing}' and does not import it (opset_import)");
        im.refusals.model(refuse_with(
            Code::BadGraph,
            message,
            "export again; the file may have been cut or edited",
        ));
    }
}

/// A later version of `ai.snnc` may mean more by a name than is known here.
pub(crate) fn check_version(im: &mut Importer<'_>) {
    let mut imported = im.model.proto().opset_import.iter();
    if let Some(other) = imported.find(|o| o.domain == ai_snnc::DOMAIN && o.version != ai_snnc::VERSION) {
        let message = format!("version {} of ai.snnc is not known", other.version);
        let remedy = format!("export with version {}, or use a newer snnc", ai_snnc::VERSION);
        im.refusals.model(refuse_with(Code::UnsupportedOperator, message, remedy));
    }
}

/// No two initialisers, and no two outputs of a node, have the same name: which of them is meant is not
/// known. Outputs of two nodes are compared when they are read.
pub(crate) fn check_names(im: &mut Importer<'_>) {
    for name in twice(im.source.initializer.iter().map(|t| t.name.as_str())) {
        let refusal = refuse(Code::BadGraph, format!("the graph has more than one initialiser '{name}'"));
        im.refusals.node(refusal, Location::node(name));
    }
    for (k, node) in im.source.node.iter().enumerate().filter(|(_, n)| n.output.len() > 1) {
        for name in twice(node.output.iter().map(String::as_str).filter(|o| !o.is_empty())) {
            let refusal = refuse(Code::BadGraph, format!("'{name}' is given more than once"));
            im.refusals.node(refusal, super::call::Call::new(node, k).location());
        }
    }
}

fn twice<'m>(names: impl Iterator<Item = &'m str>) -> BTreeSet<&'m str> {
    let mut seen = BTreeSet::new();
    names.filter(|name| !seen.insert(*name)).collect()
}

/// Nodes that wait for each other.
pub(crate) fn check_cycle(im: &mut Importer<'_>, stuck: &[usize]) {
    let nodes = stuck.iter().filter_map(|k| Some((*k, im.source.node.get(*k)?)));
    let calls: Vec<_> = nodes.map(|(k, n)| super::call::Call::new(n, k)).collect();
    let Some(first) = calls.first() else { return };
    let names: Vec<&str> = calls.iter().take(3).map(|c| c.name.as_str()).collect();
    let more = if calls.len() > 3 { ", ..." } else { "" };
    let message = format!("{} node(s) lie on or behind a cycle: {}{more}", calls.len(), names.join(", "));
    let remedy = "export one time step, with what flows back as a state input and output";
    im.refusals.node(refuse_with(Code::BadGraph, message, remedy), first.location());
    for call in &calls {
        im.neurons |= ops::is_neuron(call.node);
        for output in &call.node.output {
            im.define(Some(output), super::value::Value::Refused);
        }
    }
}

/// The network that was made: it has neurons, uses its inputs, knows its steps and passes the verifier.
pub(crate) fn check_result(im: &mut Importer<'_>) {
    if !im.neurons {
        let refusal = no_neuron(im);
        im.refusals.model(refusal);
    }
    if !im.refusals.is_empty() {
        return;
    }
    let consumers = im.graph.consumers();
    let inputs = im.graph.inputs();
    for id in inputs.into_iter().filter(|id| consumers.get(id.index()).is_none_or(Vec::is_empty)) {
        let name = im.graph.node(id).name.clone();
        let message = format!("input '{name}' is not used: the exporter lost the path from it");
        let remedy = "export again with the other exporter (dynamo=True or False), or remove the input";
        im.refusals.node(refuse_with(Code::BadGraph, message, remedy), Location::node(name));
    }
    let stateful = im.graph.nodes.iter().any(|n| matches!(&n.op, Op::Neuron(neuron) if neuron.has_state()));
    match im.steps.resolve(stateful) {
        Ok(steps) => im.graph.steps = steps,
        Err(refusal) => im.refusals.model(refusal),
    }
    let refusals = im.refusals.len();
    check_sizes(im);
    check_whole(im);
    if im.graph.outputs().is_empty() {
        let message = "the graph has no output but states of neurons";
        let remedy = "export the spikes, or the membrane that is read, as an output of the graph";
        im.refusals.model(refuse_with(Code::BadGraph, message, remedy));
    }
    if im.refusals.len() > refusals {
        return;
    }
    let errors = verify(&im.graph).err().unwrap_or_default();
    if !errors.is_empty() && !check_finite(im) {
        return;
    }
    for error in errors {
        let mut nodes = im.graph.nodes.iter();
        let node = nodes.find(|n| n.name == error.node && matches!(n.op, Op::Neuron(_)));
        // What a neuron's parameters are is in the hands of the file, what the graph is like is not.
        let refusal = match node {
            Some(_) => refuse(Code::UnsupportedAttribute, format!("neuron: {}", error.problem)),
            None => refuse(Code::Unverified, error.problem),
        };
        im.refusals.node(refusal, Location::node(error.node));
    }
}

/// Whether no layer has weights or a bias that products of finite numbers, such as integers and their scale,
/// have made infinite.
fn check_finite(im: &mut Importer<'_>) -> bool {
    let before = im.refusals.len();
    for node in &im.graph.nodes {
        let bias = match &node.op {
            Op::Conv2d(op) => op.bias.as_ref(),
            Op::Linear(op) => op.bias.as_ref(),
            _ => continue,
        };
        let bias = matches!(bias, Some(Bias::Real(p)) if p.values().iter().any(|v| !v.is_finite()));
        let weights = node.op.weights().and_then(|id| im.graph.weights.get(id.0 as usize));
        let weights = weights.is_some_and(|w| match (&w.storage, &w.scale) {
            (Storage::F32(values), _) => values.iter().any(|v| !v.is_finite()),
            (_, Some(Scale::PerTensor(scale))) => !scale.is_finite(),
            (_, Some(Scale::PerChannel(scales))) => scales.iter().any(|s| !s.is_finite()),
            _ => false,
        });
        for (what, _) in [("a weight", weights), ("the bias", bias)].into_iter().filter(|(_, found)| *found) {
            let message = format!("{what} of '{}' is not finite once its factors are in", node.name);
            let remedy = "look at the scales of the layer and at what is multiplied into it, such as a batch \
                          normalisation: a product is beyond single precision";
            im.refusals.node(refuse_with(Code::BadGraph, message, remedy), Location::node(&node.name));
        }
    }
    im.refusals.len() == before
}

/// Why averages are refused in integer networks.
pub(crate) const AVERAGE: &str = "an average is not an integer: use weights of 1, MaxPool, or an average over a power \
                                  of two elements times their number";

/// No sum of an integer network is divided.
fn check_whole(im: &mut Importer<'_>) {
    for node in im.graph.nodes.iter().filter(|_| im.graph.number == Number::Integer) {
        if matches!(&node.op, Op::SumPool(pool) if pool.divisor != 1) {
            im.refusals.node(refuse(Code::UnsupportedAttribute, AVERAGE), Location::node(&node.name));
        }
    }
}

/// No value is larger than a network may have it.
fn check_sizes(im: &mut Importer<'_>) {
    for node in &im.graph.nodes {
        if node.shape.is_empty() || node.shape.len() > MAX_ELEMENTS {
            let message = format!("a value of shape {} is empty or too large", node.shape);
            let remedy = "export with the sizes that the network has when it runs";
            let mut refusal = refuse_with(Code::BadShape, message, remedy);
            *refusal = refusal.clone().rule("elements of a value", MAX_ELEMENTS, node.shape.len());
            im.refusals.node(refusal, Location::node(&node.name));
        }
    }
}

fn no_neuron(im: &Importer<'_>) -> Refusal {
    let compare = ["Greater", "GreaterOrEqual", "Less", "LessOrEqual"];
    let mut nodes = im.source.node.iter().enumerate();
    match nodes.find(|(_, n)| compare.contains(&n.op_type.as_str())) {
        Some((k, node)) => refuse_with(
            Code::NoSpikingNeuron,
            format!(
                "the network has no ai.snnc neuron; '{}' may be part of one that is written out in \
                 standard operators",
                super::call::Call::new(node, k).name
            ),
            "export with one ai.snnc node per layer of neurons; see docs/ai.snnc.md",
        ),
        None => refuse_with(
            Code::NoSpikingNeuron,
            "the network has no ai.snnc neuron and no quantised activation",
            "train or convert it to spiking neurons and export them as ai.snnc nodes (docs/ai.snnc.md), or \
             quantise it in the QDQ format for a frame-based target",
        ),
    }
}
