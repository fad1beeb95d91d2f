//! The summary of a compilation.

use snnc_driver::report::usage::{Usage, filled_ppm};
use snnc_machine::floorline::{State, Term};
use snnc_machine::manifest::{Binding, Layer, Manifest, Range};

use super::table::{Align, Table};
use super::units::{gap, grouped, thousandths, time};
use super::{certificate, front};

pub(crate) fn text(manifest: &Manifest) -> String {
    let mut out = header(manifest);
    out.push('\n');
    out.push_str(&layers(manifest));
    out.push('\n');
    out.push_str(&front::text(manifest));
    out.push_str(&bounds(manifest));
    if let Some(v) = &manifest.verification {
        out.push_str(&super::verification::text(v));
    }
    out
}

fn header(manifest: &Manifest) -> String {
    let chips = manifest.cores.iter().map(|c| c.chip).max().unwrap_or(0).saturating_add(1);
    format!(
        "{} on {}: {} neurons on {} core(s) of {} chip(s), {} step(s) per inference\n",
        manifest.inputs.model.name,
        manifest.inputs.target,
        grouped(neurons(manifest)),
        manifest.cores.len(),
        chips,
        manifest.inputs.options.steps
    )
}

/// Neurons of a mapping, its inputs left out.
pub(super) fn neurons(manifest: &Manifest) -> u64 {
    manifest.layers.iter().filter(|l| l.op != "input").fold(0, |sum, l| sum.saturating_add(l.neurons))
}

fn layers(manifest: &Manifest) -> String {
    let mut table = Table::new(&[
        ("layer", Align::Left),
        ("op", Align::Left),
        ("shape", Align::Right),
        ("encoding", Align::Left),
        ("tile", Align::Left),
        ("cores", Align::Right),
        ("fullest", Align::Right),
        ("synops/core", Align::Right),
        ("updates/core", Align::Right),
        ("nominal", Align::Right),
        ("state", Align::Left),
    ]);
    let usage = Usage::of(manifest);
    for layer in &manifest.layers {
        table.row(row(&usage, layer));
    }
    table.render()
}

fn row(usage: &Usage<'_>, layer: &Layer) -> Vec<String> {
    let shape = layer.shape.map(|d| d.to_string()).join("x");
    let Some(bound) = &layer.bound else {
        let mut cells = vec![layer.name.clone(), layer.op.clone(), shape];
        cells.resize(11, String::new());
        return cells;
    };
    let peak = usage.peak(&layer.name);
    let fullest = usage.fullest(&layer.name);
    vec![
        layer.name.clone(),
        layer.op.clone(),
        shape,
        layer.encoding.clone(),
        layer.tile.clone(),
        cores(usage.shares(&layer.name).len() as u64, usage.shared(&layer.name) as u64),
        fullest.map_or_else(String::new, |(name, m)| format!("{name} {} %", filled_ppm(m) / 10_000)),
        thousandths(peak.synops.nominal),
        thousandths(peak.updates.nominal),
        time(bound.nominal_ps),
        bound.state.text().into(),
    ]
}

/// Cores of a layer, and how many of them it shares with other layers: their sum over layers is more than there are.
pub(super) fn cores(count: u64, shared: u64) -> String {
    match shared {
        0 => count.to_string(),
        all if all == count => format!("{count} shared"),
        some => format!("{count}, {some} shared"),
    }
}

fn bounds(manifest: &Manifest) -> String {
    let b = &manifest.bounds;
    let mut out = String::new();
    out.push_str(&format!("time per step    {}\n", range(b.period_ps)));
    out.push_str(&format!(
        "inference        {}, {} step(s) of latency\n",
        range(b.inference_time_ps),
        b.latency_steps
    ));
    out.push_str(&format!(
        "bottleneck       {} ({}): {}; nominal {} per step\n",
        b.nominal.state.text(),
        b.nominal.binding.resource.text(),
        place(&b.nominal.binding),
        time(b.nominal.period_ps)
    ));
    out.push_str(&format!("                 {}\n", b.nominal.state.advice()));
    if b.state != b.nominal.state {
        out.push_str(&format!("lower bound from {} ({})\n", b.binding.resource.text(), place(&b.binding)));
    }
    out.push_str(&certificate::text(manifest));
    out.push_str(&trace(manifest));
    out.push_str(&certificate::deadline(b));
    out.push_str(&format!(
        "All times are estimates for the chip alone, for steps with the activity given; nothing was measured on a\n\
         board. {} constants and rules behind them are derived, inferred or assumed: see `assumptions` in the\n\
         manifest, or snnc targets show {}.\n",
        manifest.assumptions.len(),
        manifest.inputs.target
    ));
    out
}

pub(super) fn range(range: Option<Range>) -> String {
    range.map_or_else(
        || "unknown".into(),
        |r| match r.upper {
            Some(upper) => format!("{} to {}", time(r.lower), time(upper)),
            None => format!("at least {}; a constant without ceiling leaves no upper bound", time(r.lower)),
        },
    )
}

pub(super) fn place(binding: &Binding) -> String {
    match (&binding.layer, binding.core) {
        (Some(layer), Some(core)) => format!("core {core}, layer {layer}"),
        _ if binding.resource == Term::Barrier => "the whole chip".into(),
        _ => "the mesh".into(),
    }
}

/// What the traced steps take, one by one.
fn trace(manifest: &Manifest) -> String {
    let Some(t) = &manifest.bounds.trace else {
        return match manifest.inputs.activity.source.as_str() {
            "measured" => "steps one by one too many steps or events in a sample: only the mean step is bounded, from below\n".into(),
            _ => String::new(),
        };
    };
    let steps = t.samples.saturating_mul(t.steps);
    let mut states: Vec<(State, u64)> = t.states.iter().map(|(state, n)| (*state, *n)).collect();
    states.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let states: Vec<String> = states
        .into_iter()
        .map(|(state, n)| format!("{} {} %", state.text(), n * 100 / steps.max(1)))
        .collect();
    format!(
        "steps one by one {} of {} sample(s): inference nominal {}, no mapping is below {}: gap {}\n                 \
         {} of the steps; busiest step {}\n",
        grouped(steps),
        grouped(t.samples),
        time(t.nominal_inference_ps),
        time(t.independent_lower_ps),
        gap(t.gap_ppm),
        states.join(", "),
        range(Some(t.busiest_step_ps)),
    )
}

#[cfg(test)]
mod tests;
