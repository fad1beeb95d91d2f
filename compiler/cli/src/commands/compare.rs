//! `snnc compare`.

use snnc_driver::compare::{compare, ready};
use snnc_driver::compile::Options;
use snnc_ir::diag::{Diagnostic, Diagnostics};

use crate::args::{Compare, Format};
use crate::exit::Exit;
use crate::render::output::out;
use crate::render::{Context, Phases, comparison, plain};

pub(super) fn run(args: &Compare, context: &Context) -> Result<Exit, Diagnostics> {
    let targets = if args.target.is_empty() { ready() } else { args.target.clone() };
    // Only the target differs; the first stands for all where an option is refused.
    let options = Options {
        measured: super::measured(&args.measuring, args.model.steps),
        seed: args.measuring.seed,
        ..super::options(targets.first().map_or("", String::as_str), &args.mapping)?
    };
    let model = super::read_model(&args.model)?;
    let rows = compare(&model, &targets, &options, &mut Phases(context));
    let mut warnings: Vec<Diagnostic> = Vec::new();
    for warning in rows.iter().flat_map(|r| &r.warnings) {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    context.warn(&warnings);
    out(&match context.format {
        Format::Json => format!("{:#}\n", comparison::json(&rows)),
        Format::Text => plain(&comparison::text(&model, &rows, args)),
    })?;
    Ok(if rows.iter().any(|r| r.outcome.is_ok()) { Exit::Success } else { Exit::Failure })
}
