//! The folder of a result.

use std::fs;
use std::path::Path;

use snnc_frontends::text;
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_ir::graph::Graph;
use snnc_machine::manifest::Manifest;

use crate::compile::Bundle;

/// Name of the manifest in its folder.
pub const MANIFEST: &str = "manifest.json";
/// Name of the network in its folder.
pub const NETWORK: &str = "network.snn";
/// Name of the weights in their folder.
pub const WEIGHTS: &str = "weights.bin";

/// Writes a bundle; the folder is made if it is not there. Nothing outside it is touched.
///
/// # Errors
/// [`Code::FileUnwritable`].
pub fn write(folder: &Path, bundle: &Bundle) -> Result<(), Diagnostic> {
    make(folder)?;
    put(folder, MANIFEST, bundle.manifest.as_bytes())?;
    put(folder, NETWORK, bundle.network.as_bytes())?;
    put(folder, WEIGHTS, &bundle.weights)?;
    for (name, text) in &bundle.reports {
        put(folder, name, text.as_bytes())?;
    }
    Ok(())
}

/// Writes numbered files, one per phase, and makes the folder if it is not there.
///
/// # Errors
/// [`Code::FileUnwritable`].
pub fn write_dumps(folder: &Path, dumps: &[(crate::phase::Phase, String)]) -> Result<(), Diagnostic> {
    make(folder)?;
    for (phase, text) in dumps {
        put(folder, &format!("{:02}-{phase}.txt", phase.number()), text.as_bytes())?;
    }
    Ok(())
}

fn make(folder: &Path) -> Result<(), Diagnostic> {
    fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
    let path = folder.join(name);
    fs::write(&path, bytes).map_err(|e| unwritable(&path, &e))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(Code::FileUnwritable, format!("cannot write '{}': {error}", path.display()))
        .remedy("name a folder that can be written with -o")
}

/// Reads the manifest and the network of a bundle, and checks that they belong together.
///
/// # Errors
/// When a file is missing, is not what it should be, or does not match the manifest's hash.
pub fn read(folder: &Path) -> Result<(Manifest, Graph), Diagnostics> {
    let manifest_path = folder.join(MANIFEST);
    let text = fs::read_to_string(&manifest_path).map_err(|e| {
        vec![
            Diagnostic::new(Code::FileUnreadable, format!("cannot read '{}': {e}", manifest_path.display()))
                .remedy("name the folder that `snnc compile -o` wrote"),
        ]
    })?;
    let manifest: Manifest =
        serde_json::from_str(&text).map_err(|e| vec![bad(format!("'{MANIFEST}': {e}"))])?;
    for (name, hash) in [(NETWORK, &manifest.network.snn_blake3), (WEIGHTS, &manifest.network.weights_blake3)]
    {
        let bytes = fs::read(folder.join(name)).map_err(|e| vec![bad(format!("'{name}': {e}"))])?;
        if blake3::hash(&bytes).to_hex().as_str() != hash {
            return Err(vec![bad(format!("'{name}' is not the file that the manifest was written with"))]);
        }
    }
    let graph = text::read(&folder.join(NETWORK))?;
    Ok((manifest, graph))
}

fn bad(what: String) -> Diagnostic {
    Diagnostic::new(Code::BadText, format!("the bundle cannot be read: {what}"))
        .remedy("write it again with `snnc compile -o`")
}
