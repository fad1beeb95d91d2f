//! `snnc targets`.

use snnc_driver::registry::{BackEnd, TARGETS, find};
use snnc_ir::diag::Diagnostics;
use snnc_machine::chip::{ChipFile, Constant};

use crate::args::{Targets, TargetsCommand};
use crate::render::output::out;
use crate::render::table::{Align, Table};

pub(super) fn run(args: &Targets) -> Result<(), Diagnostics> {
    match &args.command {
        None => list(),
        Some(TargetsCommand::Show { target }) => show(target),
    }
}

fn list() -> Result<(), Diagnostics> {
    let mut table = Table::new(&[("target", Align::Left), ("chip", Align::Left), ("state", Align::Left)]);
    for entry in TARGETS {
        let chip = ChipFile::parse(entry.chip).map_err(|d| vec![d])?;
        let state = match entry.back_end {
            BackEnd::Maps(_) => "compiles",
            BackEnd::Quantises(_) => "simulates",
            BackEnd::Described => "chip file only",
        };
        table.row(vec![entry.name.into(), chip.title, state.into()]);
    }
    out(&table.render())
}

fn show(target: &str) -> Result<(), Diagnostics> {
    let entry = find(target).map_err(|d| vec![d])?;
    let chip = ChipFile::parse(entry.chip).map_err(|d| vec![d])?;
    let mut text = format!("{} ({})\nchip file blake3 {}\n\n", chip.title, chip.vendor, chip.hash);
    for (name, constant) in &chip.constants {
        text.push_str(&format!("{name}: {}\n{}", constant.what, sides(constant)));
    }
    out(&text)
}

/// One line per side, or one line when the value is known.
fn sides(constant: &Constant) -> String {
    let mut out = String::new();
    let exact = constant.exact().is_some();
    let all = [("lo", &constant.lo), ("nominal", &constant.nominal), ("hi", &constant.hi)];
    for (label, side) in all.into_iter().take(if exact { 1 } else { 3 }) {
        let label = if exact { "value" } else { label };
        match side {
            Some(side) => {
                let value = format!("{} {}", side.shown, constant.unit);
                out.push_str(&format!(
                    "    {label:<7} {value:<14} {:<8}  {}\n",
                    side.kind.to_string(),
                    side.source
                ));
            }
            None => out.push_str(&format!("    {label:<7} unknown\n")),
        }
    }
    out
}
