//! Lists of numbers: short ones in the text, long ones in a companion blob.

use super::scalar::Scalar;
use std::cell::Cell;
use std::fmt::Write;

/// Longest list of numbers that is printed in the text.
pub const INLINE: usize = 64;

/// Longest list in a line for people, and how many numbers of a longer one are shown.
const SHOWN: usize = 8;

/// Each list in the blob starts at a multiple of this.
const ALIGN: usize = 8;

/// What happens to a list that is too long for the text.
pub(super) enum Lists {
    /// It goes into these bytes, and the text refers to it.
    Blob(Vec<u8>),
    /// It is printed in the text all the same.
    Inline,
    /// Its first numbers are shown and their count.
    Abridged,
}

impl Lists {
    /// Appends a list, or a reference to it.
    pub(super) fn write<S: Scalar>(&mut self, out: &mut String, values: &[S]) {
        // Writing into a string cannot fail.
        let _ = match self {
            Self::Blob(bytes) if values.len() > INLINE => {
                bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
                let start = bytes.len();
                values.iter().for_each(|v| v.put(bytes));
                write!(out, "blob {start}..{}", bytes.len())
            }
            Self::Abridged if values.len() > SHOWN => {
                let shown: Vec<String> = values.iter().take(SHOWN - 1).map(|v| format!("{v:?}")).collect();
                write!(out, "[{}, … {} values]", shown.join(", "), values.len())
            }
            _ => write!(out, "{values:?}"),
        };
    }
}

/// The blob of a text that is being read.
pub(super) struct Blob<'t> {
    bytes: &'t [u8],
    /// Bytes read so far. Each may be read once, so that a small text cannot ask for more memory than
    /// the blob has bytes.
    spent: Cell<usize>,
}

impl<'t> Blob<'t> {
    pub(super) fn new(bytes: &'t [u8]) -> Self {
        Self { bytes, spent: Cell::new(0) }
    }

    /// The numbers at a range of bytes.
    pub(super) fn read<S: Scalar>(&self, start: usize, end: usize) -> Result<Vec<S>, String> {
        let Some(range) = self.bytes.get(start..end) else {
            return Err(match self.bytes.len() {
                0 => format!("bytes {start}..{end} of the blob are needed and there is none"),
                size => format!("bytes {start}..{end} are needed and the blob has {size}"),
            });
        };
        let spent = self.spent.get().saturating_add(range.len());
        if spent > self.bytes.len() {
            return Err("the blob is referred to more than once".into());
        }
        self.spent.set(spent);
        if range.len() % S::SIZE != 0 {
            return Err(format!("{} bytes are no whole number of {}-byte values", range.len(), S::SIZE));
        }
        let values = range.chunks_exact(S::SIZE).map(S::take).collect::<Option<Vec<S>>>();
        values.ok_or_else(|| format!("a value of bytes {start}..{end} is too large"))
    }
}
