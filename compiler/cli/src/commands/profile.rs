//! `snnc profile`.

use snnc_driver::compile::{MeasuredFrom, Options, measure};
use snnc_driver::profile::{self, ActivityProfile};
use snnc_ir::diag::Diagnostics;

use crate::args::{Format, Profile};
use crate::render::output::{err, out};
use crate::render::table::{Align, Table};
use crate::render::units::{grouped, share};
use crate::render::{Context, Phases, plain};

pub(super) fn run(args: &Profile, context: &Context) -> Result<(), Diagnostics> {
    let options = Options {
        chip: super::chip_file(args.chip.as_deref())?,
        measured: Some(MeasuredFrom::Samples {
            path: args.samples.input.clone(),
            reading: args.samples.options(args.model.steps),
            threads: args.samples.reading.threads(),
        }),
        seed: args.samples.seed,
        ..Options::new(&args.target)
    };
    snnc_driver::registry::target(&options.target, options.chip.as_deref()).map_err(|d| vec![d])?;
    let model = super::read_model(&args.model)?;
    let (profile, warnings) = measure(&model, &options, &mut Phases(context))?;
    context.warn(&warnings);
    let Some(profile) = profile else { return Ok(()) };
    profile::write(&args.output, &profile).map_err(|d| vec![d])?;
    match context.format {
        Format::Json => out(&format!("{:#}\n", json(&profile)))?,
        Format::Text => out(&plain(&text(&profile)))?,
    }
    if !context.quiet {
        err(&format!("wrote {}\n", args.output.display()));
    }
    Ok(())
}

fn text(profile: &ActivityProfile) -> String {
    let mut out = format!(
        "{} on {}: {} sample(s) of {} steps, events of the first {} kept one by one\n\n",
        profile.source.model, profile.source.target, profile.samples, profile.steps, profile.traced
    );
    let mut table = Table::new(&[
        ("layer", Align::Left),
        ("neurons", Align::Right),
        ("mean", Align::Right),
        ("median step", Align::Right),
        ("95 % of steps", Align::Right),
        ("busiest step", Align::Right),
        ("busiest channel", Align::Right),
        ("silent", Align::Right),
    ]);
    for layer in &profile.layers {
        let density = layer.density();
        table.row(vec![
            layer.name.clone(),
            grouped(layer.shape.len() as u64),
            share(layer.activity(profile.samples, profile.steps).mean().nominal),
            share(density.median),
            share(density.p95),
            share(density.max),
            share(density.busiest_channel),
            grouped(density.silent),
        ]);
    }
    out.push_str(&table.render());
    out.push_str("\nevents per neuron and step; silent: neurons without any event\n");
    out
}

fn json(profile: &ActivityProfile) -> serde_json::Value {
    let layer = |layer: &profile::LayerProfile| {
        let density = layer.density();
        serde_json::json!({
            "name": layer.name,
            "neurons": layer.shape.len(),
            "events": layer.counts.iter().sum::<u64>(),
            "mean_ppm": layer.activity(profile.samples, profile.steps).mean().nominal,
            "median_step_ppm": density.median,
            "p95_step_ppm": density.p95,
            "max_step_ppm": density.max,
            "busiest_channel_ppm": density.busiest_channel,
            "silent_neurons": density.silent,
        })
    };
    serde_json::json!({
        "model": profile.source.model,
        "target": profile.source.target,
        "samples_blake3": profile.source.samples_blake3,
        "network_blake3": profile.source.network_blake3,
        "samples": profile.samples,
        "steps": profile.steps,
        "traced": profile.traced,
        "layers": profile.layers.iter().map(layer).collect::<Vec<_>>(),
    })
}
