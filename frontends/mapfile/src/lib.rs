//! The one audited use of memory-mapped files.
//!
//! A model of several hundred megabytes is read without a copy of the file: it is mapped and handed out
//! as [`Bytes`], and slices of it keep the mapping alive. What was read and is not needed for now can be
//! given back to the system ([`Mapping::release`]).
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
//! Releasing a part takes its pages out of memory, not out of the address space: whoever reads them next,
//! in any thread, gets them from the file again, as if they had never been read.
//!
//! # What happens when the file is changed meanwhile
//! Overwritten in place: the numbers read may be a mixture of old and new, and the fingerprint says of
//! which bytes it was made. Cut shorter: touching a page behind the new end raises SIGBUS and ends the
//! process (on Windows the operating system refuses to cut a mapped file). Neither can corrupt memory.
//! Replaced by renaming another file over it, as editors and exporters do: the mapping keeps the old file.
#![allow(unsafe_code, reason = "mapping a file is unsafe by nature; this crate exists to hold it")]

use bytes::Bytes;
use memmap2::Mmap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The contents of a file, or bytes that were in memory before.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    bytes: Bytes,
    file: Option<Arc<Mmap>>,
}

/// The mapping as the owner of its bytes.
struct Owner(Arc<Mmap>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Bytes> for Mapping {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, file: None }
    }
}

impl Mapping {
    /// Maps a regular file; an empty file gives empty bytes.
    ///
    /// # Errors
    /// When the file cannot be opened, is not a regular file (a folder, a pipe, a device), or cannot be
    /// mapped.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        // Asked before opening: opening a pipe would wait for its writer.
        check_regular(&std::fs::metadata(path)?)?;
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        check_regular(&metadata)?;
        if metadata.len() == 0 {
            return Ok(Self::default());
        }
        // SAFETY: see the module documentation. The mapping is read-only and outlives `file`.
        let mapping = Arc::new(unsafe { Mmap::map(&file)? });
        Ok(Self { bytes: Bytes::from_owner(Owner(Arc::clone(&mapping))), file: Some(mapping) })
    }

    /// The contents.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Says that `part` of the contents is not needed for now, so that it takes no memory. Reading it again
    /// gives the same bytes, from the file. Does nothing for bytes that are no part of a mapped file.
    pub fn release(&self, part: &[u8]) {
        let Some(file) = &self.file else { return };
        let start = (part.as_ptr() as usize).checked_sub(file.as_ptr() as usize);
        let inside = start.filter(|s| s.checked_add(part.len()).is_some_and(|end| end <= file.len()));
        if let Some(start) = inside.filter(|_| !part.is_empty()) {
            release(file, start, part.len());
        }
    }
}

#[cfg(unix)]
fn release(file: &Mmap, start: usize, length: usize) {
    // SAFETY: the range lies in the mapping. The mapping is of a file and read-only: no page holds anything
    // but what is in the file, so a page that was dropped comes back as it was.
    // That memory could not be given back is no error.
    let _ = unsafe { file.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, length) };
}

#[cfg(not(unix))]
fn release(_file: &Mmap, _start: usize, _length: usize) {}

/// The contents of a regular file, mapped; an empty file gives empty bytes.
///
/// # Errors
/// As [`Mapping::open`].
pub fn map(path: impl AsRef<Path>) -> io::Result<Bytes> {
    Mapping::open(path).map(|mapping| mapping.bytes)
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
    fn what_was_released_reads_as_before() {
        let path = std::env::temp_dir().join(format!("snnc-mapfile-release-{}", std::process::id()));
        let contents: Vec<u8> = (0..100_000u32).map(|k| (k % 251) as u8).collect();
        std::fs::write(&path, &contents).unwrap();
        let mapping = Mapping::open(&path).unwrap();
        assert_eq!(&mapping.bytes()[..], contents);
        mapping.release(mapping.bytes());
        mapping.release(&mapping.bytes()[5000..70_001]);
        // No part of the mapping, though equal.
        mapping.release(&contents);
        assert_eq!(&mapping.bytes()[..], contents);
        assert_eq!(contents[99_999], (99_999u32 % 251) as u8);
        let memory = Mapping::from(Bytes::from(contents.clone()));
        memory.release(memory.bytes());
        assert_eq!(&memory.bytes()[..], contents);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_folder_is_refused() {
        assert_eq!(map(std::env::temp_dir()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
