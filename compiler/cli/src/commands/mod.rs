//! One file a subcommand.

mod compile;
mod explain;
mod inspect;
mod ops;
mod pages;
mod schema;
mod simulate;
mod targets;

use snnc_driver::model::{Model, ModelOptions};
use snnc_ir::diag::Diagnostics;

use crate::args::{Command, ModelArgs};
use crate::render::Context;

/// Runs a subcommand.
pub(crate) fn run(command: Command, context: &Context) -> Result<(), Diagnostics> {
    match command {
        Command::Compile(args) => compile::run(&args, context),
        Command::Inspect(args) => inspect::run(&args, context),
        Command::Simulate(args) => simulate::run(&args, context),
        Command::Targets(args) => targets::run(&args),
        Command::Ops => {
            ops::run();
            Ok(())
        }
        Command::Schema => schema::run(),
        Command::Explain(args) => explain::run(&args),
    }
}

fn read_model(args: &ModelArgs) -> Result<Model, Diagnostics> {
    let options = ModelOptions { steps: args.steps, shapes: args.shape.iter().cloned().collect() };
    Model::read(&args.model, &options)
}
