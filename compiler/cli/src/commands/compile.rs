//! `snnc compile`.

use std::time::Duration;

use snnc_driver::compile::{self, Earlier, GivenMapping, Options};
use snnc_driver::phase::Phase;
use snnc_driver::report::{self, Report};
use snnc_driver::{Observer, bundle};
use snnc_ir::diag::Diagnostics;

use crate::args::{Compile, Format};
use crate::render::output::{err, out};
use crate::render::{Context, Phases, plain, summary};

pub(super) fn run(args: &Compile, context: &Context) -> Result<(), Diagnostics> {
    let options = options(args)?;
    // A wrong target is told before a large model is read.
    snnc_driver::registry::target(&options.target, options.chip.as_deref()).map_err(|d| vec![d])?;
    let model = super::read_model(&args.model)?;
    let mut watch = Watch { phases: Phases(context), dumps: args.dump_phases.is_some() };
    let done = compile::compile(&model, &options, &mut watch)?;
    context.warn(&done.warnings);
    if let (Some(manifest), Some(against)) = (&done.manifest, &options.against) {
        context.warn(report::unlike(manifest, against).as_slice());
    }
    if let Some(folder) = &args.dump_phases {
        bundle::write_dumps(folder, &done.dumps).map_err(|d| vec![d])?;
    }
    let (Some(manifest), Some(files)) = (&done.manifest, &done.bundle) else {
        if let Some((_, text)) = done.dumps.last() {
            out(text)?;
        }
        return Ok(());
    };
    if let Some(folder) = &args.output {
        bundle::write(folder, files).map_err(|d| vec![d])?;
    }
    match context.format {
        Format::Json => out(&files.manifest)?,
        Format::Text => out(&plain(&summary::text(manifest)))?,
    }
    if let Some(folder) = args.output.as_ref().filter(|_| !context.quiet) {
        err(&format!("wrote {}\n", folder.display()));
    }
    Ok(())
}

fn options(args: &Compile) -> Result<Options, Diagnostics> {
    let options = super::options(&args.target, &args.mapping)?;
    let mapping = args.given.as_deref().map(GivenMapping::read).transpose().map_err(|d| vec![d])?;
    let like = args.like.as_deref().map(Earlier::read).transpose().map_err(|d| vec![d])?;
    let against = args.against.as_deref().map(bundle::read_manifest).transpose().map_err(|d| vec![d])?;
    let emitted = |r: &Report| {
        args.emit.iter().any(|e| e == r.name()) || (against.is_some() && *r == Report::Floorline)
    };
    Ok(Options {
        measured: super::measured(&args.measuring, args.model.steps),
        mapping,
        like,
        seed: args.measuring.seed,
        chip: super::chip_file(args.chip.as_deref())?,
        period_ps: args.period,
        pareto: args.pareto,
        stop_after: args.stop_after,
        reports: Report::ALL.iter().copied().filter(emitted).collect(),
        against,
        verify: args.verify,
        ..options
    })
}

/// Prints phases, and asks for dumps where they are wanted.
struct Watch<'c> {
    phases: Phases<'c>,
    dumps: bool,
}

impl Observer for Watch<'_> {
    fn ended(&mut self, phase: Phase, time: Duration, notes: &[String]) {
        self.phases.ended(phase, time, notes);
    }

    fn samples(&mut self, count: usize, steps: usize) -> Box<dyn Fn(u64) + Sync + '_> {
        self.phases.samples(count, steps)
    }

    fn verified(&mut self, phase: Phase, time: Duration, note: &str) {
        self.phases.verified(phase, time, note);
    }

    fn wants_dumps(&self) -> bool {
        self.dumps
    }
}
