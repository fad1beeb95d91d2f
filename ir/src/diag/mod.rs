//! Diagnostics: what every library returns and only the command line renders.

mod closest;
mod code;

pub use closest::{closest, distance};
pub use code::{Code, Severity};

use std::fmt;

/// Where in the user's model a diagnostic points.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Name of the ONNX node, or of the layer.
    pub node: String,
    /// Path through subgraphs and functions, outermost first; empty at the top level.
    pub path: Vec<String>,
    /// The line of the printed IR (or a one-line form of the ONNX node) that the label points at.
    pub line: Option<String>,
}

impl Location {
    /// A node of the top-level graph.
    pub fn node(name: impl Into<String>) -> Self {
        Self { node: name.into(), path: Vec::new(), line: None }
    }

    /// The same place with a line of the printed IR.
    #[must_use]
    pub fn with_line(mut self, line: impl Into<String>) -> Self {
        self.line = Some(line.into());
        self
    }
}

/// A rule with its limit and what was found, as text with units.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// What is limited, e.g. "neurons per core".
    pub name: String,
    /// The limit.
    pub limit: String,
    /// The value found.
    pub found: String,
}

/// One thing to tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code; `docs/errors/<code>.md` explains it.
    pub code: Code,
    /// One sentence that names the cause.
    pub message: String,
    /// Where, when it is somewhere.
    pub at: Option<Location>,
    /// What the label at that place says.
    pub label: Option<String>,
    /// The rule that was broken.
    pub rule: Option<Rule>,
    /// What to change; passes when followed.
    pub remedy: Option<String>,
}

impl Diagnostic {
    /// A diagnostic with a code and a sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), at: None, label: None, rule: None, remedy: None }
    }

    /// Where it is.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.at = Some(location);
        self
    }

    /// What the label says.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The rule that was broken.
    #[must_use]
    pub fn rule(
        mut self,
        name: impl Into<String>,
        limit: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        self.rule = Some(Rule { name: name.into(), limit: limit.to_string(), found: found.to_string() });
        self
    }

    /// What to change.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Error or warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if let Some(at) = &self.at {
            write!(f, " (node '{}')", at.node)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

/// The diagnostics of a run that failed; at least one is an error.
pub type Diagnostics = Vec<Diagnostic>;
