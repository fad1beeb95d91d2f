//! One file a subcommand.

mod compare;
mod compile;
mod explain;
mod inspect;
mod ops;
mod pages;
mod profile;
mod reduce;
mod schema;
mod simulate;
mod targets;

use std::fs;
use std::path::Path;

use snnc_driver::compile::{MeasuredFrom, Options};
use snnc_driver::model::{Model, ModelOptions};
use snnc_driver::registry::find;
use snnc_eqsat::extract::Objective;
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_machine::chip::ChipFile;

use crate::args::{Command, Mapping, Measuring, ModelArgs, ObjectiveArg};
use crate::exit::Exit;
use crate::render::Context;

/// Runs a subcommand.
pub(crate) fn run(command: Command, context: &Context) -> Result<Exit, Diagnostics> {
    match command {
        Command::Compare(args) => return compare::run(&args, context),
        Command::Compile(args) => compile::run(&args, context),
        Command::Inspect(args) => inspect::run(&args, context),
        Command::Profile(args) => profile::run(&args, context),
        Command::Reduce(args) => reduce::run(&args, context),
        Command::Simulate(args) => simulate::run(&args, context),
        Command::Targets(args) => targets::run(&args),
        Command::Ops => ops::run(),
        Command::Schema(args) => schema::run(&args),
        Command::Explain(args) => explain::run(&args, context),
    }?;
    Ok(Exit::Success)
}

fn read_model(args: &ModelArgs) -> Result<Model, Diagnostics> {
    let options = ModelOptions { steps: args.steps, shapes: args.shape.iter().cloned().collect() };
    Model::read(&args.model, &options)
}

/// The options of a compilation for a target, those of one run left at their defaults.
fn options(target: &str, args: &Mapping) -> Result<Options, Diagnostics> {
    let objective = match args.objective {
        ObjectiveArg::Time => Objective::Time,
        ObjectiveArg::Cores => Objective::Cores,
        ObjectiveArg::Energy => return Err(vec![no_energy(target)]),
    };
    Ok(Options {
        activity: args.activity.clone(),
        objective,
        max_cores: args.max_cores,
        chips: args.chips,
        effort: args.effort,
        ..Options::new(target)
    })
}

/// Where activity is measured, when it is; `steps` as they were given.
fn measured(args: &Measuring, steps: Option<u32>) -> Option<MeasuredFrom> {
    match (&args.input, &args.profile) {
        (Some(path), _) => Some(MeasuredFrom::Samples {
            path: path.clone(),
            reading: args.reading.options(steps, args.seed),
            threads: args.reading.threads(),
        }),
        (None, Some(path)) => Some(MeasuredFrom::Profile(path.clone())),
        (None, None) => None,
    }
}

/// The text of a chip file.
fn chip_file(path: Option<&Path>) -> Result<Option<String>, Diagnostics> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|e| {
            vec![
                Diagnostic::new(Code::FileUnreadable, format!("cannot read '{}': {e}", path.display()))
                    .remedy("check the path given with --chip"),
            ]
        })
    };
    path.map(read).transpose()
}

fn no_energy(target: &str) -> Diagnostic {
    let some = find(target)
        .and_then(|entry| ChipFile::parse(entry.chip))
        .is_ok_and(|chip| chip.constants.values().any(|c| c.unit.is_energy()));
    let message = if some {
        format!("the energies that are public for '{target}' do not cover every event")
    } else {
        format!("no energy per event is public for '{target}'")
    };
    Diagnostic::new(Code::UnsourcedObjective, message)
        .remedy("use --objective time, or --objective cores: fewer cores draw less power")
}
