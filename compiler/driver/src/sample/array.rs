//! Whole arrays in memory.

use std::path::Path;

use snnc_ir::diag::Diagnostic;

use super::bad;
use super::file::element::{Element, Scalar};
use super::file::header::Records;
use super::file::{ArrayFile, Stored};

/// Most bytes that are read of a file into memory, over all its arrays.
pub(super) const MAX_HELD: u64 = 1 << 30;

/// An array of numbers in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length of each axis.
    pub shape: Vec<usize>,
    element: Element,
    raw: Vec<u8>,
}

impl Array {
    /// Whether the elements are integers by type.
    pub fn is_integer(&self) -> bool {
        self.element.kind.is_integer()
    }

    /// All elements as integers; a fraction is cut off.
    pub fn integers(&self) -> Vec<i64> {
        let cut = |v: Scalar| v.to_integer().unwrap_or_else(|| v.to_f64() as i64);
        self.element.all(&self.raw, cut)
    }

    /// A range of elements as `f32`.
    pub fn reals(&self, start: usize, len: usize) -> Vec<f32> {
        self.element.all(self.bytes(start, len), |v| v.to_f64() as f32)
    }

    /// A range of elements as `i32`; a fraction is cut off, and the range ends at those of `i32`.
    pub fn ints(&self, start: usize, len: usize) -> Vec<i32> {
        self.element.all(self.bytes(start, len), |v| v.to_f64() as i32)
    }

    fn bytes(&self, start: usize, len: usize) -> &[u8] {
        &self.raw[start * self.element.size()..][..len * self.element.size()]
    }
}

/// The arrays of numbers of a `.npz` file by name, in the file's order, or the one of a `.npy` file, named
/// `x`. Arrays of other things are passed over.
///
/// # Errors
/// When the file cannot be read, or its arrays are too large to be held in memory together.
pub fn read_archive(path: &Path) -> Result<Vec<(String, Array)>, Diagnostic> {
    let file = ArrayFile::open(path)?;
    let mut left = MAX_HELD;
    let numbers = |a: &Stored| matches!(a.header.records, Records::Numbers(_));
    let of_numbers = (0..file.arrays.len()).filter(|k| numbers(&file.arrays[*k]));
    of_numbers.map(|k| Ok((file.arrays[k].name.clone(), read(&file, k, &mut left)?))).collect()
}

/// Reads a whole array of numbers, and takes its bytes from those that are left.
pub(super) fn read(file: &ArrayFile, array: usize, left: &mut u64) -> Result<Array, Diagnostic> {
    let stored = &file.arrays[array];
    let element = numbers(stored)?;
    let Some(rest) = left.checked_sub(stored.header.bytes) else {
        return Err(bad(format!("array '{}' is too large to be held in memory", stored.name))
            .rule("bytes", *left, stored.header.bytes)
            .remedy("save fewer samples to a file"));
    };
    *left = rest;
    let raw = file.reader(array)?.read(stored.header.bytes)?;
    Ok(Array { shape: stored.header.shape.clone(), element, raw })
}

/// The element of an array that must be one of numbers, in C order.
pub(super) fn numbers(stored: &Stored) -> Result<Element, Diagnostic> {
    let name = &stored.name;
    if stored.header.fortran {
        return Err(bad(format!("array '{name}' is in Fortran order"))
            .remedy("save numpy.ascontiguousarray(a) in its place"));
    }
    match &stored.header.records {
        Records::Numbers(element) => Ok(*element),
        Records::Fields(..) => Err(bad(format!("array '{name}' has fields, and numbers are wanted"))
            .remedy("save each field as an array of its own, or events with the fields t, x, y and p")),
        Records::Other(descr) => Err(bad(format!("array '{name}' has elements of type {descr}"))
            .rule("type", "bool, integers of 8 to 64 bits, floats of 16 to 64 bits", descr)
            .remedy("convert it, for example with a.astype(numpy.float32)")),
    }
}
