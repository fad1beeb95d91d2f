//! The one audited use of memory-mapped files.
//!
//! A model of several hundred megabytes is read without copying its weights: the file is mapped and
//! handed out as [`Bytes`], and slices of it keep the mapping alive.
//!
//! # Safety argument
//! A mapping is a `&[u8]` over memory that another process can change by writing to the file, which is
//! why `memmap2` calls it unsafe. Three things make it acceptable here:
//! - the mapping is read-only and private to this process, so nothing is ever written through it;
//! - every reader above takes single bytes out of it (protobuf varints, `from_le_bytes` of copied
//!   arrays): no reference with a validity rule (`str`, `bool`, an enum) points into the mapping, so
//!   bytes that change give other numbers, never a broken value;
//! - a length is checked against the slice, which does not change, never against the file again.
//!
//! # What happens when the file is changed meanwhile
//! Overwritten in place: the numbers read may be a mixture of old and new, and the fingerprint says of
//! which bytes it was made. Cut shorter: touching a page behind the new end raises SIGBUS and ends the
//! process (on Windows the operating system refuses to cut a mapped file). Neither can corrupt memory.
//! Replaced by renaming another file over it, as editors and exporters do: the mapping keeps the old file.
#![allow(unsafe_code, reason = "mapping a file is unsafe by nature; this crate exists to hold it")]

use bytes::Bytes;
use std::fs::File;
use std::io;
use std::path::Path;

/// The contents of a regular file, mapped; an empty file gives empty bytes.
///
/// # Errors
/// When the file cannot be opened, is not a regular file (a folder, a pipe, a device), or cannot be
/// mapped.
pub fn map(path: impl AsRef<Path>) -> io::Result<Bytes> {
    let path = path.as_ref();
    // Asked before opening: opening a pipe would wait for its writer.
    check_regular(&std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    check_regular(&metadata)?;
    if metadata.len() == 0 {
        return Ok(Bytes::new());
    }
    // SAFETY: see the module documentation. The mapping is read-only and outlives `file`.
    let mapping = unsafe { memmap2::Mmap::map(&file)? };
    Ok(Bytes::from_owner(mapping))
}

fn check_regular(metadata: &std::fs::Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_what_is_in_the_file() {
        let path = std::env::temp_dir().join(format!("snnc-mapfile-{}", std::process::id()));
        std::fs::write(&path, b"spikes").unwrap();
        let bytes = map(&path).unwrap();
        assert_eq!(&bytes[..], b"spikes");
        std::fs::write(&path, b"").unwrap();
        assert!(map(&path).unwrap().is_empty());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(map(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_folder_is_refused() {
        assert_eq!(map(std::env::temp_dir()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
