//! What a person sees.

pub(crate) mod certificate;
pub(crate) mod comparison;
pub(crate) mod diagnostics;
pub(crate) mod explanation;
pub(crate) mod facts;
pub(crate) mod front;
pub(crate) mod output;
pub(crate) mod progress;
pub(crate) mod simulation;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod units;
pub(crate) mod verification;

use std::io::IsTerminal;
use std::time::Duration;

use snnc_driver::Observer;
use snnc_driver::phase::Phase;
use snnc_ir::diag::Diagnostic;

use crate::args::{Color, Format, Global};
use crate::exit::Exit;
use progress::Progress;

/// How to print in this run.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) verbose: u8,
    pub(crate) quiet: bool,
    pub(crate) format: Format,
    color: bool,
}

impl Context {
    pub(crate) fn new(global: &Global) -> Self {
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        Self { verbose: global.verbose, quiet: global.quiet, format: global.format, color }
    }

    /// Prints the diagnostics of a failed run and gives its exit status.
    pub(crate) fn report(&self, diagnostics: Vec<Diagnostic>) -> Exit {
        let exit = Exit::of(&diagnostics);
        diagnostics::print(self, &diagnostics);
        exit
    }

    /// Prints warnings, unless the run is to be quiet.
    pub(crate) fn warn(&self, warnings: &[Diagnostic]) {
        if !self.quiet {
            diagnostics::print(self, warnings);
        }
    }

    /// Whether to tell the progress of long work.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }
}

/// Text from a model file with its control characters made visible, so that a name cannot steer a
/// terminal.
pub(crate) fn plain(text: &str) -> String {
    if !text.contains(|c: char| c.is_control() && c != '\n') {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

/// Prints the phases as they end.
pub(crate) struct Phases<'c>(pub(crate) &'c Context);

impl Phases<'_> {
    fn line(&self, phase: Phase, name: &str, time: Duration, what: &str) {
        let micros = time.as_micros();
        let (number, millis, rest) = (phase.number(), micros / 1000, micros % 1000);
        output::err(&plain(&format!("{number:>2} {name:<10} {millis:>6}.{rest:03} ms  {what}\n")));
    }
}

impl Observer for Phases<'_> {
    fn target(&mut self, name: &str) {
        if self.0.verbose > 0 {
            output::err(&format!("{name}\n"));
        }
    }

    fn samples(&mut self, count: usize, steps: usize) -> Box<dyn Fn(u64) + Sync + '_> {
        let progress = Progress::new(count, steps, self.0.shows_progress());
        Box::new(move |steps| progress.done(steps))
    }

    fn verified(&mut self, phase: Phase, time: Duration, note: &str) {
        if self.0.verbose > 0 {
            self.line(phase, "verified", time, note);
        }
    }

    fn ended(&mut self, phase: Phase, time: Duration, notes: &[String]) {
        if self.0.verbose == 0 {
            return;
        }
        self.line(phase, phase.name(), time, phase.what());
        if self.0.verbose > 1 {
            for note in notes {
                output::err(&format!("              {note}\n"));
            }
        }
    }
}
