//! One model on several targets.

use snnc_ir::diag::Diagnostic;
use snnc_machine::manifest::Manifest;

use crate::compile::{Options, compile};
use crate::model::Model;
use crate::registry::TARGETS;
use crate::{Observer, phase::Phase};

/// What came of a target.
#[derive(Debug)]
pub struct Compared {
    /// Its name.
    pub target: String,
    /// The mapping, or everything that the first phase in the way refused.
    pub outcome: Result<Manifest, Vec<Diagnostic>>,
    /// Warnings of a compilation that went to its end.
    pub warnings: Vec<Diagnostic>,
}

/// The targets that a network can be compiled for, in the order of the documents.
pub fn ready() -> Vec<String> {
    TARGETS.iter().filter(|t| t.maps()).map(|t| t.name.to_owned()).collect()
}

/// Compiles a model for every target with the same options, each target once, in the order given. The
/// options' own target is not looked at. A refusal ends nothing but its own target.
pub fn compare(
    model: &Model,
    targets: &[String],
    options: &Options,
    observer: &mut dyn Observer,
) -> Vec<Compared> {
    let mut out: Vec<Compared> = Vec::new();
    for target in targets {
        if out.iter().any(|c| c.target == *target) {
            continue;
        }
        let options = Options { target: target.clone(), stop_after: None, ..options.clone() };
        observer.target(target);
        let (outcome, warnings) = match compile(model, &options, &mut Quiet(observer)) {
            // Without a phase to stop after a run goes to its end.
            Ok(done) => match done.manifest {
                Some(manifest) => (Ok(manifest), done.warnings),
                None => (Err(Vec::new()), done.warnings),
            },
            Err(refused) => (Err(refused), Vec::new()),
        };
        out.push(Compared { target: target.clone(), outcome, warnings });
    }
    out
}

/// Passes phases on; what they made is not wanted here.
struct Quiet<'o>(&'o mut dyn Observer);

impl Observer for Quiet<'_> {
    fn ended(&mut self, phase: Phase, time: std::time::Duration, notes: &[String]) {
        self.0.ended(phase, time, notes);
    }
}
