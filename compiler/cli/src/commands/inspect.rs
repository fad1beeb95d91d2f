//! `snnc inspect`.

use snnc_driver::model::Model;
use snnc_ir::diag::Diagnostics;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::weights::{Scale, Storage, Weights};
use snnc_ir::graph::{Graph, Node, NodeId, Number};
use snnc_ir::text;

use crate::args::{Format, Inspect};
use crate::render::output::out;
use crate::render::table::{Align, Table};
use crate::render::units::grouped;
use crate::render::{Context, plain};

pub(super) fn run(args: &Inspect, context: &Context) -> Result<(), Diagnostics> {
    let model = super::read_model(&args.model)?;
    context.warn(&model.warnings);
    out(&if args.ir {
        text::print(&model.graph)
    } else if context.format == Format::Json {
        format!("{:#}\n", json(&model))
    } else {
        plain(&table(&model))
    })
}

fn table(model: &Model) -> String {
    let graph = &model.graph;
    let number = if graph.number == Number::Real { "f32" } else { "integer" };
    let mut out = format!("{}: {} step(s) per inference, {number}\n", graph.name, graph.steps);
    for (domain, version) in &model.opset {
        out.push_str(&format!("operator set {domain} {version}\n"));
    }
    out.push_str(&format!("blake3 {}\n\n", model.hash));
    let mut table = Table::new(&[
        ("layer", Align::Left),
        ("op", Align::Left),
        ("reads", Align::Left),
        ("shape", Align::Right),
        ("weights", Align::Right),
        ("non-zero", Align::Right),
        ("stored as", Align::Left),
    ]);
    for node in &graph.nodes {
        let reads: Vec<&str> = node.inputs.iter().map(|i| graph.node(*i).name.as_str()).collect();
        let weights = node.op.weights().map(|id| graph.weights(id));
        let statistics = weights.map(Weights::statistics);
        table.row(vec![
            node.name.clone(),
            node.op.mnemonic().into(),
            reads.join(", "),
            node.shape.to_string(),
            statistics.as_ref().map_or_else(String::new, |s| grouped(s.count)),
            statistics.as_ref().map_or_else(String::new, |s| grouped(s.nonzero)),
            weights.map_or_else(String::new, stored),
        ]);
    }
    out.push_str(&table.render());
    let neurons: u64 = graph.nodes.iter().filter(|n| matches!(n.op, Op::Neuron(_))).map(size).sum();
    out.push_str(&format!("\n{} neurons\n", grouped(neurons)));
    for (id, node) in neurons_of(graph) {
        out.push_str(&neuron(model, id, node));
    }
    if !model.notes.is_empty() {
        out.push('\n');
    }
    for note in &model.notes {
        out.push_str(&format!("note: {note}\n"));
    }
    out
}

fn neurons_of(graph: &Graph) -> impl Iterator<Item = (NodeId, &Node)> {
    let ids = (0..graph.nodes.len() as u32).map(NodeId);
    ids.zip(&graph.nodes).filter(|(_, n)| matches!(n.op, Op::Neuron(_)))
}

/// A layer of neurons with every field of its model, and how it was read.
fn neuron(model: &Model, id: NodeId, node: &Node) -> String {
    let fields = fields(&model.graph, id);
    let mut out = format!("  {}: {} {fields}\n", node.name, node.op.mnemonic());
    let Some(read) = model.neurons.get(&node.name) else { return out };
    if let Some(form) = read.form {
        let nodes = node.origin.len();
        out.push_str(&format!("    recognised by its form: {form} ({nodes} ONNX nodes)\n"));
    }
    for (input, output, part) in &read.states {
        out.push_str(&format!("    {part}: input '{input}', output '{output}'\n"));
    }
    out
}

/// The fields of a neuron as the text form has them.
fn fields(graph: &Graph, id: NodeId) -> String {
    let line = text::print_node(graph, id);
    let fields = line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(f, _)| f);
    match fields.char_indices().nth(FIELDS) {
        Some((cut, _)) => format!("{}...", &fields[..cut]),
        None => fields.to_owned(),
    }
}

/// Longest printed list of fields.
const FIELDS: usize = 200;

fn size(node: &Node) -> u64 {
    node.shape.len() as u64
}

/// How weights are stored, with the bits that they need.
fn stored(weights: &Weights) -> String {
    let scale = match &weights.scale {
        None => String::new(),
        Some(Scale::PerTensor(s)) => format!(", scale {s:?}"),
        Some(Scale::PerChannel(s)) => format!(", {} scales", s.len()),
    };
    match (&weights.storage, weights.statistics().bits()) {
        (Storage::F32(_), _) | (_, None) => "f32".into(),
        (_, Some(bits)) => format!("{bits}-bit integers{scale}"),
    }
}

fn json(model: &Model) -> serde_json::Value {
    let graph = &model.graph;
    let layers: Vec<serde_json::Value> = (0..graph.nodes.len() as u32)
        .map(NodeId)
        .zip(&graph.nodes)
        .map(|(id, node)| {
            let weights = node.op.weights().map(|id| graph.weights(id));
            let statistics = weights.map(Weights::statistics);
            serde_json::json!({
                "name": node.name,
                "op": node.op.mnemonic(),
                "inputs": node.inputs.iter().map(|i| &graph.node(*i).name).collect::<Vec<_>>(),
                "shape": [node.shape.c, node.shape.h, node.shape.w],
                "onnx_nodes": node.origin,
                "weights": statistics.as_ref().map(|s| s.count),
                "nonzero_weights": statistics.as_ref().map(|s| s.nonzero),
                "weight_bits": statistics.as_ref().and_then(|s| s.bits()),
                "neuron": matches!(node.op, Op::Neuron(_)).then(|| fields(graph, id)),
                "form": model.neurons.get(&node.name).and_then(|n| n.form),
                "states": model.neurons.get(&node.name).map(|n| &n.states),
            })
        })
        .collect();
    serde_json::json!({
        "name": graph.name,
        "steps": graph.steps,
        "number": if graph.number == Number::Real { "f32" } else { "integer" },
        "blake3": model.hash,
        "opset": model.opset,
        "layers": layers,
        "notes": model.notes,
    })
}
