//! Reduction: the smallest network that still fails as a given one does.
//!
//! A model that is read as a network is reduced in the IR ([`graph`]), any other ONNX file as a message
//! ([`onnx`]). Both are [delta debugging](search): moves that make the candidate smaller, each tested by
//! writing the candidate to a file and trying that.

pub mod difference;
pub mod graph;
pub mod onnx;
mod panics;
pub mod property;
pub mod search;
mod store;
pub mod trial;

pub use panics::caught;
pub use store::{Candidate, Extent};

use std::path::{Path, PathBuf};

use snnc_frontends::onnx::message;
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};

use crate::model::{Model, ModelOptions};
use property::{Failure, Property};
use search::{Judge, Reduced, Subject, reduce};
use trial::Trial;

/// What is asked of a reduction.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is to stay.
    pub property: Property,
    /// Whether any failure of that kind will do ([`Property::failures`]).
    pub loose: bool,
    /// Most candidates to test.
    pub tries: u64,
    /// How the model is read.
    pub model: ModelOptions,
    /// Where the result goes, with the extension of its form; nowhere when absent.
    pub output: Option<PathBuf>,
}

/// A file to try.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The file.
    pub path: &'a Path,
    /// Whether it is read as the given model is; a network that was read has its steps and shapes.
    pub as_given: bool,
    /// Whether it is only to be read.
    pub import_only: bool,
}

/// Tries a file.
pub type Try<'t> = dyn FnMut(Attempt<'_>) -> Result<Trial, Diagnostic> + 't;

/// Watches a reduction: candidates tested, kind of move, size of the smallest so far.
pub type Progress<'p> = dyn FnMut(u64, &'static str, Extent) + 'p;

/// What came of a reduction.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The smallest that fails.
    pub candidate: Candidate,
    /// The size of what was given, as a file of the same form.
    pub before: Extent,
    /// The size of the smallest.
    pub after: Extent,
    /// Candidates that were tested.
    pub tries: u64,
    /// Whether no single move makes it smaller.
    pub minimal: bool,
    /// How the result fails.
    pub failure: String,
    /// Where it was written.
    pub written: Option<PathBuf>,
}

/// Why a model that fails has no candidate that does.
const CHANGED: &str = "it no longer fails when it is written again";

/// Reduces a model. Candidates are written to `scratch`, a folder of its own.
///
/// # Errors
/// [`Code::PropertyNotFound`] when the model does not fail as asked, [`Code::NotReducible`] when it is no
/// file that can be changed, and files that cannot be read or written.
pub fn run(
    path: &Path,
    request: &Request,
    scratch: &Path,
    attempt: &mut Try<'_>,
    progress: &mut Progress<'_>,
) -> Result<Outcome, Diagnostics> {
    let one = |d| vec![d];
    let given = Attempt { path, as_given: true, import_only: false };
    let first = attempt(given).map_err(one)?;
    let wanted = request.property.failures(&first, request.loose).into_iter().next();
    let wanted = wanted.ok_or_else(|| vec![absent(request.property, &first)])?;
    let mut task = Task { request, wanted, scratch, attempt, progress, trouble: None };
    // A process that ended so said nothing of how far it came.
    let imported = first.imported
        || first.panic.is_some()
            && (task.attempt)(Attempt { import_only: true, ..given }).map_err(one)?.imported;
    if imported {
        let model = caught(|| Model::read(path, &request.model)).map_err(|p| vec![unreadable(&p)])??;
        let candidate = Candidate::Network(model.graph);
        if task.fails(&candidate) {
            return task.reduce(candidate);
        }
        task.check()?;
    }
    if path.extension().is_some_and(|e| e == "snn") {
        return Err(vec![unreadable(if imported {
            CHANGED
        } else {
            "it is a text that is not read as a network"
        })]);
    }
    let candidate = Candidate::File(Box::new(message(path).map_err(|d| undecodable(&d))?));
    if !task.fails(&candidate) {
        task.check()?;
        return Err(vec![unreadable(CHANGED)]);
    }
    task.reduce(candidate)
}

fn absent(property: Property, found: &Trial) -> Diagnostic {
    let message = match property {
        Property::Code(code) => format!("the model does not fail with {code}"),
        Property::Panic => "the model brings about no panic".to_owned(),
        Property::Difference => "the runs of the model do not differ".to_owned(),
    };
    let remedy = match property {
        Property::Code(code) if code.as_str()[1..].starts_with("07") => {
            "give a code that reading or compiling a model can have, not one of samples and activity"
        }
        Property::Code(_) => {
            "give a code that was found; codes from E0401 on need --target and the options of the compilation that failed"
        }
        _ => "give the options with which it fails; the phases behind the import are run with --target only",
    };
    Diagnostic::new(Code::PropertyNotFound, message).rule("failure", property, found.summary()).remedy(remedy)
}

fn unreadable(why: &str) -> Diagnostic {
    Diagnostic::new(Code::NotReducible, format!("the model cannot be made smaller: {why}"))
        .remedy("send the file as it is, or correct what `snnc inspect` tells of it")
}

fn undecodable(why: &[Diagnostic]) -> Diagnostics {
    let why: Vec<String> = why.iter().map(|d| d.message.clone()).collect();
    vec![unreadable(&why.join("; "))]
}

/// A reduction under way.
struct Task<'a, 't, 'p> {
    request: &'a Request,
    wanted: Failure,
    scratch: &'a Path,
    attempt: &'a mut Try<'t>,
    progress: &'a mut Progress<'p>,
    /// Why a candidate could not be tried.
    trouble: Option<Diagnostic>,
}

impl Task<'_, '_, '_> {
    /// Whether a candidate fails as the given model does.
    fn fails(&mut self, candidate: &Candidate) -> bool {
        let tried = candidate.write(&self.scratch.join("candidate")).and_then(|path| {
            let as_given = matches!(candidate, Candidate::File(_));
            (self.attempt)(Attempt { path: &path, as_given, import_only: false })
        });
        match tried {
            Ok(trial) => self.alike(&trial),
            Err(trouble) => {
                self.trouble.get_or_insert(trouble);
                false
            }
        }
    }

    fn alike(&self, trial: &Trial) -> bool {
        self.request.property.failures(trial, self.request.loose).iter().any(|f| f.is_like(&self.wanted))
    }

    /// What kept candidates from being tried.
    fn check(&mut self) -> Result<(), Diagnostics> {
        self.trouble.take().map_or(Ok(()), |d| Err(vec![d]))
    }

    fn reduce(mut self, start: Candidate) -> Result<Outcome, Diagnostics> {
        let before = start.extent();
        let (candidate, tries, minimal) = match start {
            Candidate::Network(graph) => {
                let Reduced { subject, tries, minimal } =
                    self.search(graph::Network(graph), graph::KINDS, |n: &graph::Network| {
                        Candidate::Network(n.0.clone())
                    });
                (Candidate::Network(subject.0), tries, minimal)
            }
            Candidate::File(model) => {
                let Reduced { subject, tries, minimal } =
                    self.search(onnx::File(*model), onnx::KINDS, |f: &onnx::File| {
                        Candidate::File(Box::new(f.0.clone()))
                    });
                (Candidate::File(Box::new(subject.0)), tries, minimal)
            }
        };
        self.check()?;
        // What is handed out is read once more, from where it stands.
        let stem = self.request.output.clone().unwrap_or_else(|| self.scratch.join("reduced"));
        let one = |d| vec![d];
        let path = candidate.write_whole(&stem).map_err(one)?;
        let as_given = matches!(candidate, Candidate::File(_));
        let trial = (self.attempt)(Attempt { path: &path, as_given, import_only: false }).map_err(one)?;
        if !self.alike(&trial) {
            return Err(vec![unreadable("what was written does not fail as the candidate did")]);
        }
        let after = candidate.extent();
        let failure = self.told(&trial);
        let written = self.request.output.is_some().then_some(path);
        Ok(Outcome { candidate, before, after, tries, minimal, failure, written })
    }

    /// The failure in the words of a try.
    fn told(&self, trial: &Trial) -> String {
        let same = |d: &&(String, String)| {
            let one = Trial { diagnostics: vec![(*d).clone()], ..Trial::default() };
            self.alike(&one)
        };
        match self.request.property {
            Property::Code(_) => trial
                .diagnostics
                .iter()
                .find(same)
                .map_or_else(|| trial.summary(), |(code, message)| format!("{code}: {message}")),
            Property::Panic | Property::Difference => trial.summary(),
        }
    }

    fn search<S: Subject>(
        &mut self,
        start: S,
        kinds: &[search::Kind<S>],
        as_candidate: fn(&S) -> Candidate,
    ) -> Reduced<S> {
        let limit = self.request.tries;
        let mut on = Under { task: self, as_candidate };
        reduce(start, kinds, limit, &mut on)
    }
}

/// A search of a task.
struct Under<'u, 'a, 't, 'p, S> {
    task: &'u mut Task<'a, 't, 'p>,
    as_candidate: fn(&S) -> Candidate,
}

impl<S> Judge<S> for Under<'_, '_, '_, '_, S> {
    fn fails(&mut self, subject: &S) -> bool {
        self.task.trouble.is_none() && self.task.fails(&(self.as_candidate)(subject))
    }

    fn tried(&mut self, tries: u64, kind: &'static str, current: &S) {
        // The size is looked at now and then: that can take longer than a try.
        if tries.is_multiple_of(16) {
            (self.task.progress)(tries, kind, (self.as_candidate)(current).extent());
        }
    }
}
