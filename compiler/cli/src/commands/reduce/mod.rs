//! `snnc reduce`.

mod child;

use std::io::IsTerminal;

use clap::CommandFactory;
use clap::error::ErrorKind;
use snnc_driver::compile::Options;
use snnc_driver::model::ModelOptions;
use snnc_driver::reduce::trial::{self, Course};
use snnc_driver::reduce::{self, Attempt, Extent, Outcome, Request};
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};

use crate::args::{Args, Format, Reduce};
use crate::render::output::{err, out};
use crate::render::table::{Align, Table};
use crate::render::units::grouped;
use crate::render::{Context, plain};

pub(super) fn run(args: &Reduce, context: &Context) -> Result<(), Diagnostics> {
    if args.once {
        return once(args);
    }
    if args.target.is_none() && !args.mapping.is_default() {
        let text = "--activity, --objective, --max-cores and --chips are for a compilation: give --target";
        Args::command().error(ErrorKind::MissingRequiredArgument, text).exit();
    }
    // Options that cannot be used are told before anything is tried.
    let course = course(args)?;
    if let Some(options) = &course.compile {
        snnc_driver::registry::target(&options.target, options.chip.as_deref()).map_err(|d| vec![d])?;
    }
    let scratch = tempfile::tempdir().map_err(|e| {
        vec![
            Diagnostic::new(Code::FileUnwritable, format!("cannot make a folder for candidates: {e}"))
                .remedy("set TMPDIR to a folder that can be written"),
        ]
    })?;
    let request = Request {
        property: args.until,
        loose: args.loose,
        tries: args.tries,
        model: course.model,
        output: args.output.clone(),
    };
    let mut attempt = |attempt: Attempt<'_>| child::attempt(args, attempt);
    let shows = context.shows_progress() && std::io::stderr().is_terminal();
    let mut progress = |tries: u64, kind: &'static str, now: Extent| {
        if shows {
            let line = format!(
                "{} tries ({kind}): {} nodes, {} weights, {} bytes",
                grouped(tries),
                grouped(now.nodes),
                grouped(now.weights),
                grouped(now.bytes)
            );
            err(&format!("\r{line:<78}"));
        }
    };
    let outcome = reduce::run(&args.model.model, &request, scratch.path(), &mut attempt, &mut progress);
    if shows {
        err(&format!("\r{:<78}\r", ""));
    }
    let outcome = outcome?;
    match context.format {
        Format::Json => out(&format!("{:#}\n", json(&outcome)))?,
        Format::Text => out(&plain(&text(&outcome)))?,
    }
    if let Some(path) = outcome.written.as_ref().filter(|_| !context.quiet) {
        err(&format!("wrote {}\n", path.display()));
    }
    Ok(())
}

/// One try, in a process of its own.
fn once(args: &Reduce) -> Result<(), Diagnostics> {
    let trial = trial::run(&args.model.model, &course(args)?);
    let text = serde_json::to_string(&trial).map_err(|e| {
        vec![Diagnostic::new(Code::FileUnwritable, format!("the result of a try cannot be written: {e}"))]
    })?;
    out(&text)
}

fn course(args: &Reduce) -> Result<Course, Diagnostics> {
    let chip = super::chip_file(args.chip.as_deref())?;
    let options = args.target.as_ref().map(|t| super::options(t, &args.mapping)).transpose()?;
    let compile = options.map(|options| Options { chip, ..options });
    Ok(Course {
        property: args.until,
        import_only: args.import_only,
        model: ModelOptions { steps: args.model.steps, shapes: args.model.shape.iter().cloned().collect() },
        compile,
        seed: args.seed,
    })
}

fn text(outcome: &Outcome) -> String {
    let mut table = Table::new(&[("", Align::Left), ("before", Align::Right), ("after", Align::Right)]);
    let neurons = |e: Extent| e.neurons.map_or_else(|| "-".to_owned(), grouped);
    let (before, after) = (outcome.before, outcome.after);
    for (name, before, after) in [
        ("nodes", grouped(before.nodes), grouped(after.nodes)),
        ("neurons", neurons(before), neurons(after)),
        ("weights", grouped(before.weights), grouped(after.weights)),
        ("bytes", grouped(before.bytes), grouped(after.bytes)),
    ] {
        table.row(vec![name.to_owned(), before, after]);
    }
    let end = if outcome.minimal {
        "no single move makes it smaller"
    } else {
        "not the smallest: give more --tries"
    };
    let mut text = String::new();
    if outcome.written.is_none() {
        text.push_str(&outcome.candidate.text());
        text.push('\n');
    }
    text.push_str(&table.render());
    text.push_str(&format!("\n{}\n{} tries; {end}\n", outcome.failure, grouped(outcome.tries)));
    text
}

fn json(outcome: &Outcome) -> serde_json::Value {
    let extent = |e: Extent| serde_json::json!({"nodes": e.nodes, "neurons": e.neurons, "weights": e.weights, "bytes": e.bytes});
    serde_json::json!({
        "failure": outcome.failure,
        "before": extent(outcome.before),
        "after": extent(outcome.after),
        "tries": outcome.tries,
        "minimal": outcome.minimal,
        "written": outcome.written.as_ref().map(|p| p.display().to_string()),
        "network": outcome.candidate.text(),
    })
}
