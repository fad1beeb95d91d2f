//! Reader of the `.snn` text form: a file, with `weights.bin` beside it where the text refers to it.

use bytes::Bytes;
use snnc_ir::diag::{Code, Diagnostic, Diagnostics, Location};
use snnc_ir::graph::Graph;
use snnc_ir::graph::verify::{VerifyError, verify};
use snnc_ir::text::{BLOB_FILE, TextError, parse_with_blob, print_node, refers_to_blob};
use std::path::Path;

/// Greatest size of a text file, in bytes.
const MAX_TEXT: usize = 256 << 20;

/// Most characters of a line that a diagnostic shows.
const MAX_LINE: usize = 160;

/// Reads a network in the text form and verifies it.
///
/// # Errors
/// When a file cannot be read (`E0001`, `E0005`) or is too large (`E0006`), the text is not of the form
/// (`E0301`, with line and column), or the network breaks rules (`E0302`, each of them).
pub fn read(path: &Path) -> Result<Graph, Diagnostics> {
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let bytes = snnc_mapfile::map(path).map_err(|e| {
        let message = format!("cannot read '{}': {e}", path.display());
        vec![Diagnostic::new(Code::FileUnreadable, message).remedy("check the path and its permissions")]
    })?;
    if bytes.len() > MAX_TEXT {
        return Err(vec![
            Diagnostic::new(Code::BudgetExceeded, format!("'{name}' is too large for a text file"))
                .rule("bytes", MAX_TEXT, bytes.len())
                .remedy(format!("keep large weights in {BLOB_FILE}, as `snnc compile -o` writes them")),
        ]);
    }
    // A copy: what is in the file may change, what was found to be text may not.
    let text = String::from_utf8(bytes.to_vec()).map_err(|e| {
        let message = format!("'{name}' is not text: byte {} is not UTF-8", e.utf8_error().valid_up_to());
        let remedy = "name a .snn file, or an .onnx file with that extension";
        vec![Diagnostic::new(Code::BadText, message).remedy(remedy)]
    })?;
    let blob = if refers_to_blob(&text) { blob(path)? } else { Bytes::new() };
    let graph = parse_with_blob(&text, &blob).map_err(|e| vec![malformed(&name, &text, &e)])?;
    verify(&graph)
        .map_err(|errors| errors.into_iter().map(|e| unverified(&graph, e)).collect::<Diagnostics>())?;
    Ok(graph)
}

/// The blob, which is in the folder of the text and nowhere else.
fn blob(path: &Path) -> Result<Bytes, Diagnostics> {
    let mapped = || -> Result<Bytes, String> {
        let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().map_err(|e| e.to_string())?;
        let blob = folder.join(BLOB_FILE).canonicalize().map_err(|e| e.to_string())?;
        if !blob.starts_with(&folder) {
            return Err("it leads out of the folder of the text".into());
        }
        snnc_mapfile::map(&blob).map_err(|e| e.to_string())
    };
    mapped().map_err(|problem| {
        let message = format!("the text refers to '{BLOB_FILE}' beside it, which cannot be read: {problem}");
        let remedy = format!("keep {BLOB_FILE} in the folder of the text, as `snnc compile -o` wrote it");
        vec![Diagnostic::new(Code::ExternalData, message).remedy(remedy)]
    })
}

fn malformed(name: &str, text: &str, error: &TextError) -> Diagnostic {
    let line = text.lines().nth(error.line.saturating_sub(1)).unwrap_or_default();
    // A list of weights can be long: what is shown starts a little before the place.
    let skip = if line.chars().count() <= MAX_LINE { 0 } else { error.column.saturating_sub(MAX_LINE / 2) };
    let shown: String = line.chars().skip(skip).take(MAX_LINE).collect();
    Diagnostic::new(Code::BadText, format!("{name}:{}:{}: {}", error.line, error.column, error.message))
        .at(Location::node(name).with_line(shown.trim()))
        .label(format!("column {}", error.column))
        .remedy("correct this line; docs/text-form.md has the grammar")
}

fn unverified(graph: &Graph, error: VerifyError) -> Diagnostic {
    let at = Location::node(&error.node);
    let node = graph.ids().zip(&graph.nodes).find(|(_, node)| node.name == error.node);
    let at = match node {
        Some((id, _)) => at.with_line(print_node(graph, id)),
        None => at,
    };
    Diagnostic::new(Code::Unverified, error.problem)
        .at(at)
        .remedy("correct this node; docs/text-form.md says what each operator takes")
}
