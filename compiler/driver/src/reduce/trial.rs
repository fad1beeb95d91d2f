//! One try: what happens to a model file.

use std::path::Path;

use serde::{Deserialize, Serialize};
use snnc_ir::diag::Diagnostic;

use super::difference;
use super::panics::caught;
use super::property::Property;
use crate::compile::{self, Options};
use crate::model::{Model, ModelOptions};
use crate::{Silent, registry};

/// What a try does with a file.
#[derive(Clone, Debug)]
pub struct Course {
    /// What is looked for; it decides how far the try goes.
    pub property: Property,
    /// Whether the file is only to be read.
    pub import_only: bool,
    /// How the file is read.
    pub model: ModelOptions,
    /// How it is compiled; not at all when absent.
    pub compile: Option<Options>,
    /// Of the input on which runs are compared.
    pub seed: u64,
}

/// What came of a try.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Whether the file was read as a network.
    pub imported: bool,
    /// Code and message of every diagnostic, warnings too.
    pub diagnostics: Vec<(String, String)>,
    /// Source position and message of a panic, or how the process ended that made the try.
    pub panic: Option<String>,
    /// The runs that differ, and where.
    pub difference: Option<(String, String)>,
}

impl Trial {
    fn add(&mut self, diagnostics: &[Diagnostic]) {
        self.diagnostics.extend(diagnostics.iter().map(|d| (d.code.to_string(), d.message.clone())));
    }

    /// In a few words, for a message.
    pub fn summary(&self) -> String {
        if let Some(panic) = &self.panic {
            return format!("a panic: {panic}");
        }
        if let Some((of, at)) = &self.difference {
            return format!("a difference, {of}: {at}");
        }
        let mut codes: Vec<&str> = self.diagnostics.iter().map(|(code, _)| code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        if codes.is_empty() { "no diagnostic".into() } else { codes.join(", ") }
    }
}

/// Reads a file and goes on as far as the property needs. Panics are caught; a stack that overflows is not.
pub fn run(path: &Path, course: &Course) -> Trial {
    let mut trial = Trial::default();
    if let Err(panic) = caught(|| steps(path, course, &mut trial)) {
        trial.panic = Some(panic);
    }
    trial
}

fn steps(path: &Path, course: &Course, trial: &mut Trial) {
    let model = match Model::read(path, &course.model) {
        Ok(model) => model,
        Err(errors) => return trial.add(&errors),
    };
    trial.imported = true;
    if course.import_only {
        return;
    }
    if matches!(course.property, Property::Code(_) | Property::Panic) {
        match &course.compile {
            None => trial.add(&model.warnings),
            Some(options) => match compile::compile(&model, options, &mut Silent) {
                Ok(done) => trial.add(&done.warnings),
                Err(errors) => {
                    trial.add(&model.warnings);
                    trial.add(&errors);
                }
            },
        }
    }
    if matches!(course.property, Property::Difference | Property::Panic) {
        let target =
            course.compile.as_ref().map(|o| registry::target(&o.target, o.chip.as_deref())).transpose();
        match target
            .map_err(|d| vec![d])
            .and_then(|t| difference::find(&model.graph, t.as_deref(), course.seed))
        {
            Err(errors) => trial.add(&errors),
            Ok(found) => {
                trial.difference = found.map(|d| {
                    (d.of, format!("'{}', neuron {}, step {}: {}", d.layer, d.neuron, d.step, d.values))
                });
            }
        }
    }
}
