//! External data, confined to the folder of the model.

use super::super::proto::{ModelProto, TensorProto, tensor_proto::DataLocation};
use bytes::Bytes;
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_mapfile::Mapping;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The file of a model and those that it refers to, by their location as written in the model.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExternalData {
    model: Mapping,
    files: BTreeMap<String, Mapping>,
}

/// Where the bytes of a tensor are.
struct Range<'a> {
    location: &'a str,
    offset: u64,
    length: Option<u64>,
}

impl ExternalData {
    /// Maps every file that a tensor of the model refers to and checks every range.
    /// They lie below one of the folders; a link in one may lead into another.
    pub(super) fn load(file: Mapping, model: &ModelProto, folders: &[&Path]) -> Result<Self, Diagnostics> {
        let mut data = Self { model: file, files: BTreeMap::new() };
        let mut errors: BTreeMap<String, Diagnostic> = BTreeMap::new();
        for tensor in super::tensors(model).into_iter().filter(|t| is_external(t)) {
            let checked = range(tensor).and_then(|range| {
                if !data.files.contains_key(range.location) {
                    let path = confine(folders, range.location)?;
                    let file = Mapping::open(&path)
                        .map_err(|e| format!("'{}' cannot be read: {e}", range.location))?;
                    data.files.insert(range.location.to_owned(), file);
                }
                data.get(tensor).map(drop)
            });
            if let Err(problem) = checked {
                let message = format!("the data of '{}' is outside the model file: {problem}", tensor.name);
                errors.entry(problem).or_insert_with(|| {
                    Diagnostic::new(Code::ExternalData, message)
                        .remedy("keep the .data file beside the model, or export with external_data=False")
                });
            }
        }
        if errors.is_empty() { Ok(data) } else { Err(errors.into_values().collect()) }
    }

    /// The bytes of a tensor with external data.
    pub(crate) fn get(&self, tensor: &TensorProto) -> Result<Bytes, String> {
        let range = range(tensor)?;
        let file =
            self.files.get(range.location).ok_or_else(|| format!("'{}' was not read", range.location))?;
        let file = file.bytes();
        let size = file.len() as u64;
        let rest = size.checked_sub(range.offset);
        match rest.map(|rest| (rest, range.length.unwrap_or(rest))) {
            Some((rest, length)) if length <= rest => {
                // Both fit the file, hence memory.
                let start = range.offset as usize;
                Ok(file.slice(start..start + length as usize))
            }
            _ => Err(format!(
                "bytes {}..{} are needed and '{}' has {size}",
                range.offset,
                range.offset.saturating_add(range.length.unwrap_or(0)),
                range.location
            )),
        }
    }

    /// The bytes of the model's own file.
    pub(crate) fn model(&self) -> &Bytes {
        self.model.bytes()
    }

    /// How many bytes all files have together.
    pub(crate) fn size(&self) -> u64 {
        let files = std::iter::once(&self.model).chain(self.files.values());
        files.map(|f| f.bytes().len() as u64).fold(0, u64::saturating_add)
    }

    /// Says that bytes of one of the files are not needed for now. Few of them are not worth the call.
    pub(crate) fn release(&self, part: &[u8]) {
        if part.len() < 1 << 16 {
            return;
        }
        self.model.release(part);
        self.files.values().for_each(|f| f.release(part));
    }
}

/// Whether the bytes of a tensor are in another file.
pub(crate) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == DataLocation::External as i32
}

fn range(tensor: &TensorProto) -> Result<Range<'_>, String> {
    let get = |key: &str| tensor.external_data.iter().find(|e| e.key == key).map(|e| e.value.as_str());
    let number = |key: &str| match get(key) {
        None => Ok(None),
        Some(text) => text.parse::<u64>().map(Some).map_err(|_| format!("its {key} '{text}' is no number")),
    };
    let location = get("location").ok_or("it has no location")?;
    Ok(Range { location, offset: number("offset")?.unwrap_or(0), length: number("length")? })
}

/// The real path of a location below the first folder that has it. Symbolic links followed, it must lie
/// below one of the folders.
fn confine(folders: &[&Path], location: &str) -> Result<PathBuf, String> {
    let relative = Path::new(location);
    let plain = relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    // A backslash would leave the folder on Windows only; refused everywhere, so that a model means the
    // same everywhere.
    if location.is_empty() || !plain || location.contains('\\') || location.contains('\0') {
        return Err(format!("'{location}' is not a path below the model's folder"));
    }
    let unreadable = |e: std::io::Error| format!("'{location}' cannot be read: {e}");
    let here = |folder: &&Path| {
        if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_path_buf() }
    };
    let roots =
        folders.iter().map(|f| here(f).canonicalize()).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let mut found = Err("the model has no folder to look in".to_owned());
    for root in &roots {
        match root.join(relative).canonicalize() {
            Ok(path) if roots.iter().any(|root| path.starts_with(root)) => return Ok(path),
            Ok(_) => return Err(format!("'{location}' leads out of the model's folder")),
            Err(e) => found = Err(unreadable(e)),
        }
    }
    found
}
