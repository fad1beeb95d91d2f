//! One model on several targets.

use snnc_driver::compare::Compared;
use snnc_driver::model::Model;
use snnc_ir::diag::Diagnostic;
use snnc_machine::manifest::Manifest;

use super::diagnostics;
use super::summary::{neurons, place, range};
use super::table::{Align, Table};
use super::units::{gap, grouped, time};
use crate::args::{Compare, ObjectiveArg};

/// Remedies of one target that are printed; the others are counted.
const SHOWN: usize = 3;

pub(crate) fn text(model: &Model, rows: &[Compared], args: &Compare) -> String {
    let mut table = Table::new(&[
        ("target", Align::Left),
        ("fits", Align::Left),
        ("neurons", Align::Right),
        ("cores", Align::Right),
        ("chips", Align::Right),
        ("time per step", Align::Left),
        ("nominal", Align::Right),
        ("gap", Align::Right),
        ("state", Align::Left),
        ("bottleneck, or what is in the way", Align::Left),
    ]);
    for row in rows {
        table.row(match &row.outcome {
            Ok(manifest) => fitting(&row.target, manifest),
            Err(refused) => refusing(&row.target, refused),
        });
    }
    let mut out =
        format!("{}, {} step(s) per inference\n\n{}", model.file, model.graph.steps, table.render());
    for row in rows {
        if let Err(refused) = &row.outcome {
            out.push_str(&format!("\n{} needs\n{}", row.target, needs(refused)));
            out.push_str(&format!("  all of it: {}\n", command(&row.target, args)));
        }
    }
    if rows.iter().any(|r| r.outcome.is_ok()) {
        out.push_str(
            "\nAll times are estimates for the chip alone; nothing was measured on a board. What they rest on:\n\
             snnc targets show TARGET.\n",
        );
    }
    out
}

fn fitting(target: &str, manifest: &Manifest) -> Vec<String> {
    let bounds = &manifest.bounds;
    let nominal = &bounds.nominal;
    let period = match bounds.period_ps {
        Some(p) if p.upper.is_none() => format!("at least {}", time(p.lower)),
        other => range(other),
    };
    vec![
        target.into(),
        "yes".into(),
        grouped(neurons(manifest)),
        manifest.cores.len().to_string(),
        chips(manifest).to_string(),
        period,
        time(nominal.period_ps),
        gap(bounds.optimality.gap_ppm),
        nominal.state.text().into(),
        format!("{}, {}", nominal.binding.resource.text(), place(&nominal.binding)),
    ]
}

fn refusing(target: &str, refused: &[Diagnostic]) -> Vec<String> {
    let first = refused.first().map_or_else(String::new, |d| format!("{} {}", d.code, one_line(&d.message)));
    let others = match refused.len() {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let mut cells = vec![target.to_owned(), "no".into()];
    cells.resize(9, String::new());
    cells.push(format!("{first}{others}"));
    cells
}

/// What would have to change: the remedies, each once.
fn needs(refused: &[Diagnostic]) -> String {
    let mut remedies: Vec<String> = Vec::new();
    for d in refused {
        let rule = d
            .rule
            .as_ref()
            .map_or_else(String::new, |r| format!(" ({}: {}, here {})", r.name, r.limit, r.found));
        let remedy = d.remedy.as_deref().unwrap_or_else(|| d.code.title());
        let line = format!("  {} {}{rule}\n", d.code, one_line(remedy));
        if !remedies.contains(&line) {
            remedies.push(line);
        }
    }
    let left = remedies.len().saturating_sub(SHOWN);
    remedies.truncate(SHOWN);
    if left > 0 {
        remedies.push(format!("  … and {left} more\n"));
    }
    remedies.concat()
}

fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The command that tells of one target what `compare` leaves out.
fn command(target: &str, args: &Compare) -> String {
    let (model, mapping) = (&args.model, &args.mapping);
    let mut words = vec!["snnc".into(), "compile".into(), model.model.display().to_string()];
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.into_iter().flat_map(|v| [format!("--{name}"), v]));
    };
    option("target", Some(target.into()));
    option("steps", model.steps.map(|n| n.to_string()));
    for (name, dims) in &model.shape {
        let dims: Vec<String> = dims.iter().map(u64::to_string).collect();
        option("shape", Some(format!("{name}={}", dims.join(","))));
    }
    option("activity", mapping.activity.clone());
    option("objective", (mapping.objective == ObjectiveArg::Cores).then(|| "cores".into()));
    option("max-cores", mapping.max_cores.map(|n| n.to_string()));
    option("chips", (mapping.chips > 1).then(|| mapping.chips.to_string()));
    words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "_-./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

pub(crate) fn json(rows: &[Compared]) -> serde_json::Value {
    rows.iter().map(row).collect()
}

fn row(row: &Compared) -> serde_json::Value {
    let manifest = row.outcome.as_ref().ok();
    let bounds = manifest.map(|m| &m.bounds);
    let diagnostics = row.outcome.as_ref().err().unwrap_or(&row.warnings);
    serde_json::json!({
        "target": row.target,
        "fits": manifest.is_some(),
        "neurons": manifest.map(neurons),
        "cores": manifest.map(|m| m.cores.len()),
        "chips": manifest.map(chips),
        "period_of": bounds.map(|b| b.period_of),
        "period_ps": bounds.and_then(|b| b.period_ps),
        "nominal": bounds.map(|b| &b.nominal),
        "gap_ppm": bounds.map(|b| b.optimality.gap_ppm),
        "diagnostics": diagnostics.iter().map(diagnostics::json).collect::<Vec<_>>(),
    })
}

/// Chips in use.
fn chips(manifest: &Manifest) -> u32 {
    manifest.cores.iter().map(|c| c.chip).max().map_or(0, |last| last.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (word, text) in
            [("a/b.onnx", "a/b.onnx"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''"), ("$x", "'$x'")]
        {
            assert_eq!(quoted(word), text);
        }
    }

    #[test]
    fn remedies_are_told_once_and_counted() {
        let d = |text: &str| Diagnostic::new(snnc_ir::diag::Code::UnsupportedLayer, "m").remedy(text);
        let text = needs(&[d("a"), d("a"), d("b"), d("c"), d("d"), d("e")]);
        assert_eq!(text, "  E0501 a\n  E0501 b\n  E0501 c\n  … and 2 more\n");
    }
}
