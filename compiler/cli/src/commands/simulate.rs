//! `snnc simulate`.

use std::path::Path;

use snnc_driver::model::{Model, ModelOptions};
use snnc_driver::sample::{Named, Samples, write_archive};
use snnc_driver::simulate::{self, Outcome};
use snnc_driver::{bundle, mapped, pass, registry};
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_ir::graph::{Graph, NodeId};
use snnc_machine::manifest::Manifest;

use crate::args::{Format, Simulate};
use crate::render::output::{err, out};
use crate::render::table::{Align, Table};
use crate::render::units::{grouped, percent};
use crate::render::{Context, plain, verification};

pub(super) fn run(args: &Simulate, context: &Context) -> Result<(), Diagnostics> {
    let (graph, manifest) = network(args, context)?;
    let latency = manifest.as_ref().map_or(0, |m| m.bounds.latency_steps);
    let mut samples = Samples::read(&args.input, &graph).map_err(|d| vec![d])?;
    if let Some(limit) = args.limit {
        samples.truncate(limit);
    }
    let record = recorded(args, &graph).map_err(|d| vec![d])?;
    let total = samples.count;
    let mut progress = |done: usize| {
        if context.shows_progress() && (done.is_multiple_of(64) || done == total) {
            err(&format!("\r{done}/{total} samples{}", if done == total { "\n" } else { "" }));
        }
    };
    let outcome = simulate::run(&graph, &samples, latency, &record, &mut progress).map_err(|d| vec![d])?;
    if let Some(path) = &args.output {
        write(path, &outcome).map_err(|d| vec![d])?;
    }
    let mapped = manifest.map(|m| mapped::check(&m, &graph, &samples, &mut progress));
    let mapped = mapped.transpose().map_err(|d| vec![d])?;
    out(&match context.format {
        Format::Json => format!("{:#}\n", json(&outcome, mapped.as_ref())),
        Format::Text => {
            let line = mapped.as_ref().map_or_else(String::new, |m| format!("\n{}", verification::mapped(m)));
            plain(&(text(&outcome) + &line))
        }
    })?;
    mapped.and_then(|m| m.difference).map_or(Ok(()), |d| Err(vec![d.diagnostic()]))
}

/// The graph to run, with the manifest of a bundle.
fn network(args: &Simulate, context: &Context) -> Result<(Graph, Option<Manifest>), Diagnostics> {
    if args.model.is_dir() {
        let (manifest, graph) = bundle::read(&args.model)?;
        return Ok((graph, Some(manifest)));
    }
    let options = ModelOptions { steps: args.steps, ..ModelOptions::default() };
    let model = Model::read(&args.model, &options)?;
    context.warn(&model.warnings);
    let Some(target) = &args.target else { return Ok((model.graph, None)) };
    let target = registry::target(target, None).map_err(|d| vec![d])?;
    let quantised = target.quantise(&pass::fold::fold(&model.graph))?;
    context.warn(&quantised.warnings);
    Ok((quantised.graph, None))
}

/// The layers whose values are written to a file.
fn recorded(args: &Simulate, graph: &Graph) -> Result<Vec<NodeId>, Diagnostic> {
    if args.output.is_none() {
        return Ok(Vec::new());
    }
    if args.record.is_empty() {
        return Ok(graph.outputs());
    }
    let find = |name: &String| {
        graph.ids().find(|id| graph.node(*id).name == *name).ok_or_else(|| {
            let names: Vec<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
            Diagnostic::new(Code::BadSample, format!("the network has no layer '{name}' to record"))
                .remedy(format!("the layers are: {}", names.join(", ")))
        })
    };
    args.record.iter().map(find).collect()
}

fn write(path: &Path, outcome: &Outcome) -> Result<(), Diagnostic> {
    let lead = [outcome.samples, outcome.steps];
    let shapes: Vec<Vec<usize>> =
        outcome.recorded.iter().map(|r| lead.iter().chain(&r.shape).copied().collect()).collect();
    let arrays: Vec<Named<'_>> = outcome
        .recorded
        .iter()
        .zip(&shapes)
        .map(|(r, shape)| Named { name: &r.name, shape, values: &r.values })
        .collect();
    write_archive(path, &arrays)
}

/// Outputs of single samples that are printed without labels.
const SHOWN: usize = 10;

fn text(outcome: &Outcome) -> String {
    let mut out = format!("{} sample(s), {} steps each\n", outcome.samples, outcome.steps);
    if let Some(correct) = outcome.correct.filter(|_| outcome.samples > 0) {
        let ppm = correct as u64 * 1_000_000 / outcome.samples as u64;
        out.push_str(&format!("accuracy {} ({correct} of {})\n", percent(ppm), outcome.samples));
    } else {
        for (k, class) in outcome.predicted.iter().take(SHOWN).enumerate() {
            let sums: Vec<String> = outcome
                .outputs
                .first()
                .map_or_else(Vec::new, |(_, s)| s[k].iter().map(f64::to_string).collect());
            out.push_str(&format!("sample {k}: class {class}, output sums [{}]\n", sums.join(", ")));
        }
        if outcome.samples > SHOWN {
            out.push_str(&format!("… {} more (--format json prints all)\n", outcome.samples - SHOWN));
        }
    }
    let mut table = Table::new(&[
        ("layer", Align::Left),
        ("neurons", Align::Right),
        ("events", Align::Right),
        ("per neuron and step", Align::Right),
    ]);
    for layer in &outcome.layers {
        table.row(vec![
            layer.name.clone(),
            grouped(layer.size as u64),
            grouped(layer.events),
            rate(layer.events, layer.size as u64 * outcome.samples as u64 * outcome.steps as u64),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render());
    out
}

/// Events per opportunity with four places, rounded half up.
fn rate(events: u64, of: u64) -> String {
    if of == 0 {
        return "-".into();
    }
    let scaled = (u128::from(events) * 10_000 + u128::from(of) / 2) / u128::from(of);
    format!("{}.{:04}", scaled / 10_000, scaled % 10_000)
}

fn json(outcome: &Outcome, mapped: Option<&mapped::Comparison>) -> serde_json::Value {
    let mapped = mapped.map(
        |m| serde_json::json!({"cores": m.cores, "messages": m.messages, "equal": m.difference.is_none()}),
    );
    serde_json::json!({
        "mapped": mapped,
        "samples": outcome.samples,
        "steps": outcome.steps,
        "correct": outcome.correct,
        "predicted": outcome.predicted,
        "outputs": outcome.outputs.iter().map(|(name, sums)| serde_json::json!({"name": name, "sums": sums})).collect::<Vec<_>>(),
        "layers": outcome.layers.iter().map(|l| serde_json::json!({"name": l.name, "neurons": l.size, "events": l.events})).collect::<Vec<_>>(),
    })
}
