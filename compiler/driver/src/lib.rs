//! The phases of the compiler, in order, and everything else that a command does.
//!
//! - [`phase`]: the one table of phases.
//! - [`model`]: reading a network, whatever file holds it.
//! - [`pass`]: passes over the graph that know no chip.
//! - [`registry`]: the chips.
//! - [`compile`]: a compilation.
//! - [`compare`]: one model on several targets.
//! - [`bundle`]: reading and writing the folder of a result.
//! - [`report`]: files for people beside a bundle.
//! - [`sample`], [`simulate`]: samples, and running them.
//! - [`mapped`]: running a bundle core by core.
//! - [`verify`]: running a network before and after each phase.
//! - [`activity`], [`profile`]: stated and measured activity.
//! - [`activity`]: stated activity.
//! - [`reduce`]: the smallest network that still fails.
//!
//! The driver renders nothing: it returns data and diagnostics.
#![forbid(unsafe_code)]

pub mod activity;
pub mod bundle;
pub mod compare;
pub mod compile;
pub mod mapped;
pub mod model;
pub mod pass;
pub mod phase;
pub mod profile;
pub mod reduce;
pub mod registry;
pub mod report;
pub mod sample;
pub mod simulate;
pub mod verify;

use std::time::Duration;

/// Watches a compilation.
pub trait Observer {
    /// A phase has ended.
    fn ended(&mut self, phase: phase::Phase, time: Duration, notes: &[String]);

    /// Samples are about to be run, each for so many steps. What comes back is told the steps done, of all samples
    /// and from any thread, and is dropped at the end of the run.
    fn samples(&mut self, _count: usize, _steps: usize) -> Box<dyn Fn(u64) + Sync + '_> {
        Box::new(|_| {})
    }

    /// What a phase made was verified, and what was found.
    fn verified(&mut self, _phase: phase::Phase, _time: Duration, _note: &str) {}

    /// The phases that follow are those of this target; told where there are several.
    fn target(&mut self, _name: &str) {}

    /// Whether what each phase made is to be kept as text.
    fn wants_dumps(&self) -> bool {
        false
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn ended(&mut self, _phase: phase::Phase, _time: Duration, _notes: &[String]) {}
}
