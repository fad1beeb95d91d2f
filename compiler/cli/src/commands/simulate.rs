//! `snnc simulate`.

use snnc_driver::model::{Model, ModelOptions};
use snnc_driver::sample::{Recorder, SampleFile, Source};
use snnc_driver::simulate::{self, Threads, Wanted};
use snnc_driver::{bundle, mapped, pass, registry};
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::sim::{Execution, Simulator};
use snnc_machine::manifest::Manifest;

use crate::args::{Format, Simulate};
use crate::render::output::out;
use crate::render::progress::Progress;
use crate::render::{Context, plain, simulation, verification};

pub(super) fn run(args: &Simulate, context: &Context) -> Result<(), Diagnostics> {
    let (graph, manifest) = network(args, context)?;
    let one = |d: Diagnostic| vec![d];
    let samples =
        SampleFile::open(&args.samples.input, &graph, &args.samples.options(args.steps)).map_err(one)?;
    let record = recorded(args, &graph).map_err(one)?;
    let latency = manifest.as_ref().map_or(0, |m| m.bounds.latency_steps as usize);
    let arrays = simulate::recorded(&graph, &record, &samples, latency);
    let recorder = args.output.as_ref().map(|path| Recorder::new(path, arrays));
    let mut recorder = recorder.transpose().map_err(one)?;
    let wanted = Wanted {
        how: Threads { threads: args.samples.reading.threads(), latency },
        record,
        sums: (context.format == Format::Text).then_some(simulation::SHOWN),
    };
    let progress = Progress::new(samples.count(), samples.steps() + latency, context.shows_progress());
    let machine = Simulator::new(&graph, Execution::EventDriven);
    let outcome =
        simulate::run(&graph, &machine, &samples, &wanted, recorder.as_mut(), &|steps| progress.done(steps));
    drop(progress);
    let outcome = outcome.map_err(one)?;
    context.warn(&outcome.warnings);
    recorder.map_or(Ok(()), Recorder::finish).map_err(one)?;
    let mapped = match &manifest {
        Some(manifest) => {
            let progress =
                Progress::new(samples.count(), samples.steps() + latency, context.shows_progress());
            let threads = args.samples.reading.threads();
            let run = mapped::check(manifest, &graph, &samples, threads, &|steps| progress.done(steps));
            Some(run.map_err(one)?)
        }
        None => None,
    };
    out(&match context.format {
        Format::Json => format!("{:#}\n", simulation::json(&outcome, mapped.as_ref())),
        Format::Text => {
            let line = mapped.as_ref().map_or_else(String::new, |m| format!("\n{}", verification::mapped(m)));
            plain(&(simulation::text(&outcome) + &line))
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
    let target = registry::quantiser(target, None).map_err(|d| vec![d])?;
    let quantised = target.quantise(&pass::fold::fold_for(&model.graph, target.averages()))?;
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
