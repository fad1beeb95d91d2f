//! Writing arrays as a `.npz` file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use npyz::WriterBuilder;
use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::sim::Values;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// An array to write, in C order.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Its name in the file.
    pub name: &'a str,
    /// Length of each axis.
    pub shape: &'a [usize],
    /// Its elements: float32 or int32.
    pub values: &'a Values,
}

/// Writes arrays as `.npz`; the same arrays give the same bytes.
///
/// # Errors
/// [`Code::FileUnwritable`].
pub fn write_archive(path: &Path, arrays: &[Named<'_>]) -> Result<(), Diagnostic> {
    write(path, arrays).map_err(|e| {
        Diagnostic::new(Code::FileUnwritable, format!("cannot write '{}': {e}", path.display()))
            .remedy("check that the folder exists and can be written to")
    })
}

fn write(path: &Path, arrays: &[Named<'_>]) -> std::io::Result<()> {
    let mut archive = ZipWriter::new(BufWriter::new(File::create(path)?));
    // Without a time; arrays of more than 4 GiB need the wider form.
    let options = SimpleFileOptions::DEFAULT.large_file(true);
    for array in arrays {
        archive.start_file(format!("{}.npy", array.name), options)?;
        match array.values {
            Values::Real(values) => write_array(&mut archive, array.shape, values)?,
            Values::Integer(values) => write_array(&mut archive, array.shape, values)?,
        }
    }
    archive.finish()?.flush()
}

fn write_array<T: npyz::AutoSerialize + Copy>(
    writer: &mut impl Write,
    shape: &[usize],
    values: &[T],
) -> std::io::Result<()> {
    let shape: Vec<u64> = shape.iter().map(|d| *d as u64).collect();
    let mut array = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(writer).begin_nd()?;
    array.extend(values.iter().copied())?;
    array.finish()
}
