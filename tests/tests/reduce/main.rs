//! Reduction: what is left fails as the whole did, is small, and cannot be made smaller by a single move.
#![allow(clippy::unwrap_used, clippy::panic)]

mod codes;
mod faults;
mod models;
mod random;

use std::path::Path;

use snnc_driver::compile::Options;
use snnc_driver::model::ModelOptions;
use snnc_driver::reduce::property::Property;
use snnc_driver::reduce::trial::{self, Course};
use snnc_driver::reduce::{self, Attempt, Outcome, Request};
use snnc_ir::diag::Diagnostics;

/// Reduces a file, every try in this process.
fn reduced(path: &Path, property: Property, compile: Option<Options>) -> Result<Outcome, Diagnostics> {
    let scratch = tempfile::tempdir().unwrap();
    let request =
        Request { property, loose: false, tries: 20_000, model: ModelOptions::default(), output: None };
    let mut attempt = |attempt: Attempt<'_>| {
        let course = Course {
            property,
            import_only: attempt.import_only,
            model: ModelOptions::default(),
            compile: compile.clone(),
            seed: 0,
        };
        Ok(trial::run(attempt.path, &course))
    };
    reduce::run(path, &request, scratch.path(), &mut attempt, &mut |_, _, _| {})
}
