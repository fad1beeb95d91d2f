//! The bytes of one array, piece by piece.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Take};

use crc32fast::Hasher;
use flate2::bufread::DeflateDecoder;
use snnc_ir::diag::Diagnostic;

use super::{ArrayFile, Stored};
use crate::sample::bad;

/// Most bytes that are reserved before they are read.
const RESERVED: usize = 1 << 26;

/// Reads the elements of an array in order.
pub(crate) struct ArrayReader {
    bytes: Bytes,
    hasher: Hasher,
    crc: Option<u32>,
    /// Bytes of elements that are left.
    left: u64,
    /// What is read, for messages.
    shown: String,
}

enum Bytes {
    Plain(Take<BufReader<File>>),
    Deflated(Box<DeflateDecoder<Take<BufReader<File>>>>),
}

impl fmt::Debug for ArrayReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrayReader")
            .field("shown", &self.shown)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(bytes) => bytes.read(buffer),
            Self::Deflated(bytes) => bytes.read(buffer),
        }
    }
}

impl ArrayReader {
    pub(super) fn open(file: &ArrayFile, array: &Stored) -> Result<Self, Diagnostic> {
        let failed = |e: std::io::Error| file.broken(&e.to_string());
        let mut opened = BufReader::with_capacity(1 << 16, File::open(&file.path).map_err(failed)?);
        opened.seek(SeekFrom::Start(array.place.start)).map_err(failed)?;
        let packed = opened.take(array.place.packed);
        let bytes = if array.place.deflated {
            Bytes::Deflated(Box::new(DeflateDecoder::new(packed)))
        } else {
            Bytes::Plain(packed)
        };
        let shown = format!("array '{}' of '{}'", array.name, file.shown);
        let mut reader =
            Self { bytes, hasher: Hasher::new(), crc: array.place.crc, left: array.header.start, shown };
        // Through the header, which counts for the check sum, to the elements.
        let crc = reader.crc.take();
        reader.read(array.header.start)?;
        (reader.left, reader.crc) = (array.header.bytes, crc);
        Ok(reader)
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// When the array ends too early or its check sum is another.
    pub(crate) fn read(&mut self, count: u64) -> Result<Vec<u8>, Diagnostic> {
        let broken = |shown: &str, what: &str| {
            bad(format!("{shown} cannot be read: {what}"))
                .remedy("write the file again with numpy.savez or numpy.save")
        };
        let mut out = Vec::with_capacity(usize::try_from(count).unwrap_or(RESERVED).min(RESERVED));
        let read = (&mut self.bytes).take(count.min(self.left)).read_to_end(&mut out);
        read.map_err(|e| broken(&self.shown, &e.to_string()))?;
        if (out.len() as u64) < count {
            return Err(broken(&self.shown, "it ends too early"));
        }
        self.left -= count;
        self.hasher.update(&out);
        if self.left == 0 && self.crc.take().is_some_and(|crc| crc != self.hasher.clone().finalize()) {
            return Err(broken(&self.shown, "its check sum is wrong"));
        }
        Ok(out)
    }
}
