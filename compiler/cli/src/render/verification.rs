//! What `--verify` has shown, and the comparison of a bundle with its network.

use snnc_driver::mapped::Comparison;
use snnc_machine::manifest::{QuantisationLoss, Verification};

use super::units::{grouped, percent};

/// Lines of the summary of a compilation.
pub(super) fn text(v: &Verification) -> String {
    let phases: Vec<&str> = v.equal.iter().map(|e| e.phase.as_str()).collect();
    let samples = if v.source == "generated" { "generated sample(s)" } else { "sample(s)" };
    let mut out = format!(
        "verified         {}: the same before and after, {} {samples} of {} steps\n",
        phases.join(", "),
        v.samples,
        v.steps
    );
    if let Some(loss) = &v.quantisation {
        out.push_str(&quantisation(loss, v.samples));
    }
    out
}

fn quantisation(loss: &QuantisationLoss, samples: u64) -> String {
    let output = |o: &snnc_machine::manifest::OutputLoss| {
        format!(
            "'{}' differs by {} of its range on average, {} at most",
            o.output,
            percent(o.mean_ppm),
            percent(o.max_ppm)
        )
    };
    let mut lines: Vec<String> = loss.outputs.iter().map(output).collect();
    lines.push(format!("the same class for {} of {samples} sample(s)", loss.same_class));
    if let (Some(before), Some(after)) = (loss.correct_before, loss.correct_after)
        && samples > 0
    {
        let part = |correct: u64| percent(correct * 1_000_000 / samples);
        lines.push(format!("accuracy {} before, {} after", part(before), part(after)));
    }
    let between = |l: &&snnc_machine::manifest::LayerLoss| l.events_before != l.events_after;
    let changed: Vec<String> = loss
        .layers
        .iter()
        .filter(between)
        .map(|l| format!("{} {} to {}", l.layer, grouped(l.events_before), grouped(l.events_after)))
        .collect();
    lines.push(match changed.as_slice() {
        [] => "events of every layer as before".into(),
        all => format!("events: {}", all.join(", ")),
    });
    format!("quantisation     {}\n", lines.join("\n                 "))
}

/// The line of a bundle that was run on its cores.
pub(crate) fn mapped(run: &Comparison) -> String {
    let result = match &run.difference {
        None => "equal to the unmapped network in all samples and steps".to_owned(),
        Some(d) => format!("not equal to the unmapped network: '{}', {}", d.layer, d.label()),
    };
    format!("mapped run: {} core(s), {} message(s), {result}\n", run.cores, grouped(run.messages))
}
