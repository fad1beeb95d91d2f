//! `snnc simulate`.

use snnc_driver::model::{Model, ModelOptions};
use snnc_driver::sample::{Recorder, SampleFile, Source};
use snnc_driver::simulate::{self, Threads, Wanted};
use snnc_driver::{bundle, pass, registry};
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::sim::{Execution, Simulator};

use crate::args::{Format, Simulate};
use crate::render::output::out;
use crate::render::progress::Progress;
use crate::render::{Context, plain, simulation};

pub(super) fn run(args: &Simulate, context: &Context) -> Result<(), Diagnostics> {
    let (graph, latency) = network(args, context)?;
    let one = |d: Diagnostic| vec![d];
    let samples =
        SampleFile::open(&args.samples.input, &graph, &args.samples.options(args.steps)).map_err(one)?;
    let record = recorded(args, &graph).map_err(one)?;
    let latency = latency as usize;
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
    out(&match context.format {
        Format::Json => format!("{:#}\n", simulation::json(&outcome)),
        Format::Text => plain(&simulation::text(&outcome)),
    })
}

/// The graph to run and its latency in steps.
fn network(args: &Simulate, context: &Context) -> Result<(Graph, u32), Diagnostics> {
    if args.model.is_dir() {
        let (manifest, graph) = bundle::read(&args.model)?;
        return Ok((graph, manifest.bounds.latency_steps));
    }
    let options = ModelOptions { steps: args.steps, ..ModelOptions::default() };
    let model = Model::read(&args.model, &options)?;
    context.warn(&model.warnings);
    let Some(target) = &args.target else { return Ok((model.graph, 0)) };
    let target = registry::quantiser(target, None).map_err(|d| vec![d])?;
    let quantised = target.quantise(&pass::fold::fold_for(&model.graph, target.averages()))?;
    context.warn(&quantised.warnings);
    Ok((quantised.graph, 0))
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
