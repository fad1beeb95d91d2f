//! What is read of a manifest that some version of snnc wrote: its cores, and nothing that may have changed since.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::manifest::{Role, Slice};

/// Greatest size of a mapping or manifest, in bytes.
pub(super) const MAX_BYTES: u64 = 1 << 26;
/// Most JSON objects in it; what is read of it takes memory in proportion to them.
pub(super) const MAX_OBJECTS: usize = 1 << 20;
/// Most parts of a mapping, as many as cores that can be run.
pub(super) const MAX_PARTS: usize = 1 << 15;

#[derive(Debug, Deserialize)]
pub(super) struct RecordedManifest {
    pub(super) inputs: RecordedInputs,
    pub(super) layers: Vec<RecordedLayer>,
    pub(super) cores: Vec<RecordedCore>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RecordedInputs {
    pub(super) target: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct RecordedLayer {
    pub(super) name: String,
    pub(super) encoding: String,
    pub(super) tile: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct RecordedCore {
    pub(super) id: u32,
    pub(super) chip: u32,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) parts: Vec<RecordedPart>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RecordedPart {
    pub(super) layer: String,
    pub(super) role: Role,
    pub(super) slice: Slice,
}

/// What a file says that it is.
#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
}

/// Reads a file of bounded size.
///
/// # Errors
/// [`Code::FileUnreadable`], and `code` for a file that is too large or no text.
pub(super) fn text_of(path: &Path, option: &str, code: Code) -> Result<String, Diagnostic> {
    let shown = path.display();
    let unreadable = |e: std::io::Error| {
        Diagnostic::new(Code::FileUnreadable, format!("cannot read '{shown}': {e}"))
            .remedy(format!("check the path given with {option}"))
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Diagnostic::new(code, format!("'{shown}' is too large"))
            .rule("bytes", MAX_BYTES, format!("over {MAX_BYTES}"))
            .remedy("name a mapping or a manifest.json that `snnc compile -o` wrote"));
    }
    String::from_utf8(bytes).map_err(|_| {
        Diagnostic::new(code, format!("'{shown}' is no text"))
            .remedy("name a mapping or a manifest.json that `snnc compile -o` wrote")
    })
}

/// The schema that a JSON text names.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn schema_of(text: &str) -> Result<String, String> {
    if text.bytes().filter(|b| *b == b'{').count() > MAX_OBJECTS {
        return Err(format!("it has more than {MAX_OBJECTS} objects"));
    }
    let head: Head = serde_json::from_str(text).map_err(|e| e.to_string())?;
    head.schema.ok_or_else(|| "it names no `schema`".to_owned())
}

/// What a manifest says.
///
/// # Errors
/// What is wrong with it.
pub(super) fn manifest_of(text: &str) -> Result<RecordedManifest, String> {
    let manifest: RecordedManifest = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let parts: usize = manifest.cores.iter().map(|c| c.parts.len()).sum();
    if parts.max(manifest.cores.len()) > MAX_PARTS {
        return Err(format!("it has more than {MAX_PARTS} parts or cores"));
    }
    match manifest.cores.iter().flat_map(|c| &c.parts).find(|p| p.role != Role::Compute) {
        Some(part) => {
            Err(format!("a part of layer '{}' has another role than compute", super::shown(&part.layer)))
        }
        None => Ok(manifest),
    }
}
