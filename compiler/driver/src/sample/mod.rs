//! Sample inputs: `.npz` and `.npy` files with spike tensors, event lists or images.
//!
//! A [`SampleFile`] is opened once: headers, shapes and labels are checked and nothing else is read. Its
//! samples then come in [`Piece`]s of bounded size, in order: whole samples while they are small, some
//! steps of one when it is large. A piece has the bytes of the file and makes values of them step by step.
//! [`Samples`] holds all pieces of a small file for access in any order. What runs samples takes either, as
//! a [`Source`].

mod array;
mod encode;
mod event;
mod file;
mod layout;
mod options;
mod piece;
mod reader;
mod source;
mod write;

#[cfg(test)]
mod tests;

pub use array::{Array, read_archive};
pub use options::{Encode, Options};
pub use piece::Piece;
pub use reader::{Pieces, Size};
pub use source::{SampleFile, Samples, Source};
pub use write::{Recorder, Shaped};

use std::path::Path;

use snnc_ir::diag::{Code, Diagnostic};

/// blake3 of a sample file, in hex.
///
/// # Errors
/// [`Code::FileUnreadable`].
pub fn hash(path: &Path) -> Result<String, Diagnostic> {
    let mut hasher = blake3::Hasher::new();
    let read = std::fs::File::open(path).and_then(|file| hasher.update_reader(file).map(|_| ()));
    read.map_err(|e| {
        Diagnostic::new(Code::FileUnreadable, format!("cannot read '{}': {e}", path.display()))
            .remedy("check the path of the sample file")
    })?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn bad(message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::BadSample, message)
}
