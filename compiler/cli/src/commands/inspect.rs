//! `snnc inspect`.

use snnc_driver::model::Model;
use snnc_ir::diag::Diagnostics;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::weights::{Scale, Storage, Weights};
use snnc_ir::graph::{Node, Number};
use snnc_ir::text;

use crate::args::{Format, Inspect};
use crate::render::table::{Align, Table};
use crate::render::units::grouped;
use crate::render::{Context, plain};

pub(super) fn run(args: &Inspect, context: &Context) -> Result<(), Diagnostics> {
    let model = super::read_model(&args.model)?;
    context.warn(&model.warnings);
    if args.ir {
        print!("{}", text::print(&model.graph));
    } else if context.format == Format::Json {
        println!("{:#}", json(&model));
    } else {
        print!("{}", plain(&table(&model)));
    }
    Ok(())
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
    out
}

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
    let layers: Vec<serde_json::Value> = graph
        .nodes
        .iter()
        .map(|node| {
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
    })
}
