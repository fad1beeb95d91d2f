//! Model files that tests run over: those of this folder, and a corpus beside the workspace that is not
//! part of it.

use std::path::{Path, PathBuf};

/// The folder of the models that are not part of the workspace; `None` where it is not there.
pub fn shared_models() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    folder.is_dir().then_some(folder)
}

/// Every `.onnx` file below a folder, in order; empty where the folder is not there.
pub fn onnx_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        for path in entries.map(|e| e.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "onnx") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
