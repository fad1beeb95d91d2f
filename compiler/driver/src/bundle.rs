//! The folder of a result.

use std::fs;
use std::io::Read;
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

/// The largest manifest that is read; 140 000 cores take about 300 MB.
const MOST_BYTES: u64 = 512 << 20;

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

/// Reads a manifest: the one in the folder of a bundle, or a file.
///
/// # Errors
/// [`Code::FileUnreadable`] when there is no such file, [`Code::BadManifest`] when it is no manifest.
pub fn read_manifest(path: &Path) -> Result<Manifest, Diagnostic> {
    let path = if path.is_dir() { path.join(MANIFEST) } else { path.to_owned() };
    let unreadable = |e: &std::io::Error| {
        Diagnostic::new(Code::FileUnreadable, format!("cannot read '{}': {e}", path.display()))
            .remedy("name the folder that `snnc compile -o` wrote, or the manifest.json in it")
    };
    let bad = |what: String| {
        Diagnostic::new(Code::BadManifest, format!("'{}' is no manifest: {what}", path.display()))
            .remedy("write it again with `snnc compile -o`")
    };
    let file = fs::File::open(&path).map_err(|e| unreadable(&e))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(bad(format!("it has more than {} MiB, which no manifest has", MOST_BYTES >> 20)));
    }
    serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))
}

/// Reads the manifest and the network of a bundle, and checks that they belong together.
///
/// # Errors
/// When a file is missing, is not what it should be, or does not match the manifest's hash.
pub fn read(folder: &Path) -> Result<(Manifest, Graph), Diagnostics> {
    let manifest = read_manifest(folder).map_err(|d| vec![d])?;
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
