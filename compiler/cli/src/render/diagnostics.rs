//! Diagnostics in text or JSON on standard error.

use std::collections::BTreeMap;
use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use snnc_ir::diag::{Code, Diagnostic, Severity};

use super::output::err;
use super::{Context, plain};
use crate::args::Format;

/// Diagnostics of one code that are printed whole; the others are counted.
const SHOWN_PER_CODE: usize = 8;

pub(super) fn print(context: &Context, diagnostics: &[Diagnostic]) {
    match context.format {
        Format::Json => diagnostics.iter().for_each(|d| err(&format!("{}\n", json(d)))),
        Format::Text => text(context, diagnostics),
    }
}

fn text(context: &Context, diagnostics: &[Diagnostic]) {
    let mut seen: BTreeMap<Code, usize> = BTreeMap::new();
    for diagnostic in diagnostics {
        let count = seen.entry(diagnostic.code).or_default();
        *count += 1;
        if *count > SHOWN_PER_CODE {
            continue;
        }
        let theme = if context.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(100);
        let mut out = String::new();
        if handler.render_report(&mut out, &Report::new(diagnostic)).is_err() {
            out = diagnostic.to_string();
        }
        err(&out);
    }
    for (code, count) in seen {
        if count > SHOWN_PER_CODE {
            err(&format!("{code}: {} more of this kind ({})\n\n", count - SHOWN_PER_CODE, code.title()));
        }
    }
    if diagnostics.iter().any(|d| d.severity() == Severity::Error)
        && let Some(first) = diagnostics.first()
    {
        err(&format!("For more about a code: snnc explain {}\n", first.code));
    }
}

/// A diagnostic as one JSON object.
pub(crate) fn json(d: &Diagnostic) -> serde_json::Value {
    serde_json::json!({
        "severity": if d.severity() == Severity::Error { "error" } else { "warning" },
        "code": d.code.as_str(),
        "message": d.message,
        "node": d.at.as_ref().map(|at| &at.node),
        "path": d.at.as_ref().map(|at| &at.path),
        "line": d.at.as_ref().and_then(|at| at.line.as_ref()),
        "label": d.label,
        "rule": d.rule.as_ref().map(|r| serde_json::json!({"name": r.name, "limit": r.limit, "found": r.found})),
        "remedy": d.remedy,
    })
}

/// A diagnostic as miette sees it.
struct Report {
    diagnostic: Diagnostic,
    source: Option<NamedSource<String>>,
}

impl Report {
    fn new(diagnostic: &Diagnostic) -> Self {
        let diagnostic = visible(diagnostic);
        let source = diagnostic.at.as_ref().map(|at| {
            let mut path = at.path.clone();
            path.push(at.node.clone());
            NamedSource::new(path.join(" / "), at.line.clone().unwrap_or_else(|| at.node.clone()))
        });
        Self { diagnostic, source }
    }
}

/// The diagnostic with the control characters of the model's names made visible.
fn visible(d: &Diagnostic) -> Diagnostic {
    let mut d = d.clone();
    d.message = plain(&d.message);
    for text in [&mut d.label, &mut d.remedy].into_iter().flatten() {
        *text = plain(text);
    }
    if let Some(at) = &mut d.at {
        at.node = plain(&at.node);
        at.path.iter_mut().for_each(|p| *p = plain(p));
        at.line = at.line.as_deref().map(plain);
    }
    d
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)?;
        match &self.diagnostic.rule {
            Some(rule) => write!(f, "\n{}: limit {}, found {}", rule.name, rule.limit, rule.found),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity() {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.remedy.as_ref().map(|r| Box::new(r) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|s| s as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let len = self.source.as_ref()?.inner().len();
        let label = self.diagnostic.label.clone().unwrap_or_else(|| "here".into());
        Some(Box::new(std::iter::once(LabeledSpan::new(Some(label), 0, len))))
    }
}
