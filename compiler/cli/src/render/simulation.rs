//! What a run over samples gave.

use serde_json::{Value, json};
use snnc_driver::mapped::Comparison;
use snnc_driver::simulate::{LayerActivity, Outcome};

use super::table::{Align, Table};
use super::units::{grouped, percent};

/// Outputs of single samples that are printed without labels.
pub(crate) const SHOWN: usize = 10;

/// Percentiles over steps that are told.
const PERCENTILES: [u64; 3] = [50, 95, 99];

pub(crate) fn text(outcome: &Outcome) -> String {
    let mut out = format!("{} sample(s), {} steps each\n", outcome.samples, outcome.steps);
    if let Some(correct) = outcome.correct.filter(|_| outcome.samples > 0) {
        let ppm = correct as u64 * 1_000_000 / outcome.samples as u64;
        out.push_str(&format!("accuracy {} ({correct} of {})\n", percent(ppm), outcome.samples));
    } else {
        for (k, class) in outcome.predicted.iter().take(SHOWN).enumerate() {
            let sums: Vec<String> = outcome
                .outputs
                .first()
                .map_or_else(Vec::new, |(_, s)| s[k].iter().take(SHOWN_SUMS).map(f64::to_string).collect());
            let more = outcome.outputs.first().map_or(0, |(_, s)| s[k].len() - sums.len());
            let more = if more > 0 { format!(", … {more} more") } else { String::new() };
            out.push_str(&format!("sample {k}: class {class}, output sums [{}{more}]\n", sums.join(", ")));
        }
        if outcome.samples > SHOWN {
            out.push_str(&format!("… {} more (--format json prints all)\n", outcome.samples - SHOWN));
        }
    }
    out.push('\n');
    out.push_str(&table(outcome));
    for layer in all(outcome) {
        out.push_str(&saturations(layer));
    }
    out
}

/// Sums of a sample that are printed.
const SHOWN_SUMS: usize = 20;

fn all(outcome: &Outcome) -> impl Iterator<Item = &LayerActivity> {
    outcome.layers.iter().chain(&outcome.readouts)
}

fn table(outcome: &Outcome) -> String {
    let clipped = all(outcome).any(|l| l.tally.clipped > 0);
    let overflows = all(outcome).any(|l| l.tally.overflows > 0);
    let mut columns = vec![("layer", Align::Left)];
    let names = ["neurons", "events", "density", "p95", "p99", "max", "synops", "per step"];
    columns.extend(names.map(|n| (n, Align::Right)));
    columns.extend(clipped.then_some(("clipped", Align::Right)));
    columns.extend(overflows.then_some(("overflows", Align::Right)));
    let mut table = Table::new(&columns);
    for layer in all(outcome) {
        let (tally, size) = (&layer.tally, layer.size as u64);
        let mut row = vec![
            layer.name.clone(),
            short(size),
            short(tally.events),
            rate(tally.events, size.saturating_mul(tally.count())),
            rate(tally.percentile(95), size),
            rate(tally.percentile(99), size),
            rate(tally.max(), size),
            short(tally.synops),
            short(tally.synops.checked_div(tally.count()).unwrap_or(0)),
        ];
        row.extend(clipped.then(|| short(tally.clipped)));
        row.extend(overflows.then(|| short(tally.overflows)));
        table.row(row);
    }
    table.render()
}

/// What to do about sums and states that did not fit.
fn saturations(layer: &LayerActivity) -> String {
    let mut out = String::new();
    let (name, tally) = (&layer.name, &layer.tally);
    if tally.clipped > 0 {
        out.push_str(&format!(
            "\nwarning: {} sum(s) of '{name}' did not fit 32 bits and stayed at the end of their range; scale its \
             weights or inputs down\n",
            short(tally.clipped)
        ));
    }
    if tally.overflows > 0 {
        out.push_str(&format!(
            "\nwarning: {} state(s) of '{name}' left their width, and saturated or wrapped; scale its weights and \
             thresholds down together, or give the states more bits\n",
            short(tally.overflows)
        ));
    }
    out
}

/// A number in groups of digits, or with three digits where that is long.
fn short(value: u64) -> String {
    let units = [("k", 1u64), ("M", 1_000), ("G", 1_000_000), ("T", 1_000_000_000), ("P", 1_000_000_000_000)];
    if value < 10_000_000 {
        return grouped(value);
    }
    let thousands = value / 1000;
    let (unit, size) = units.into_iter().rev().find(|(_, size)| thousands >= *size).unwrap_or(("k", 1));
    let hundredths = (u128::from(value) / (u128::from(size) * 10)) as u64;
    match hundredths {
        0..1000 => format!("{}.{:02} {unit}", hundredths / 100, hundredths % 100),
        1000..10_000 => format!("{}.{} {unit}", hundredths / 100, hundredths % 100 / 10),
        _ => format!("{} {unit}", grouped(hundredths / 100)),
    }
}

/// Events per opportunity with four places, rounded half up.
fn rate(events: u64, of: u64) -> String {
    if of == 0 {
        return "-".into();
    }
    let scaled = (u128::from(events) * 10_000 + u128::from(of) / 2) / u128::from(of);
    format!("{}.{:04}", scaled / 10_000, scaled % 10_000)
}

pub(crate) fn json(outcome: &Outcome, mapped: Option<&Comparison>) -> Value {
    let outputs = outcome.outputs.iter().map(|(name, sums)| json!({"name": name, "sums": sums}));
    let mapped =
        mapped.map(|m| json!({"cores": m.cores, "messages": m.messages, "equal": m.difference.is_none()}));
    json!({
        "mapped": mapped,
        "samples": outcome.samples,
        "steps": outcome.steps,
        "correct": outcome.correct,
        "predicted": outcome.predicted,
        "confusion": outcome.confusion.as_ref().map(|c| json!({"counts": c.counts, "other_labels": c.others})),
        "outputs": outputs.collect::<Vec<_>>(),
        "layers": outcome.layers.iter().map(layer).collect::<Vec<_>>(),
        "readouts": outcome.readouts.iter().map(layer).collect::<Vec<_>>(),
    })
}

fn layer(layer: &LayerActivity) -> Value {
    let (tally, size) = (&layer.tally, layer.size as f64);
    let steps = tally.count();
    let over_steps = |mean: f64, max: f64, of: &dyn Fn(u64) -> f64| {
        let [p50, p95, p99] = PERCENTILES.map(|p| of(tally.percentile(p)));
        json!({"mean": mean, "max": max, "p50": p50, "p95": p95, "p99": p99})
    };
    let density = |events: u64| events as f64 / size;
    let mean = |total: u64, each: f64| if steps == 0 { 0.0 } else { total as f64 / (each * steps as f64) };
    json!({
        "name": layer.name,
        "neurons": layer.size,
        "events": tally.events,
        "density": over_steps(mean(tally.events, size), density(tally.max()), &density),
        "synops": tally.synops,
        "synops_per_step": {"mean": mean(tally.synops, 1.0), "max": tally.synops_max},
        "clipped": tally.clipped,
        "overflows": tally.overflows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_have_three_digits() {
        for (value, text) in [
            (9_999_999, "9_999_999"),
            (10_000_000, "10.0 M"),
            (123_456_789, "123 M"),
            (1_234_567_890, "1.23 G"),
            (98_765_432_100_000, "98.7 T"),
            (u64::MAX, "18_446 P"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
