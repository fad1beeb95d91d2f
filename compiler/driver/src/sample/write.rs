//! Writing what layers gave out as a `.npz` file, while it comes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::sim::Values;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::file::header;

/// An array that is written: its name and the length of each axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shaped {
    /// Its name in the file.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Whether the elements are int32; float32 otherwise.
    pub integer: bool,
}

/// Takes the elements of several arrays as they come and writes the `.npz` file at the end.
///
/// Elements wait in unnamed files beside the one to be written, so that nothing of them is held in memory
/// and a run that fails leaves the file as it was.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    /// The file to be written, and whether it was made for this.
    target: File,
    made: bool,
    arrays: Vec<(Shaped, BufWriter<File>)>,
}

impl Recorder {
    /// Makes sure that the file can be written.
    ///
    /// # Errors
    /// [`Code::FileUnwritable`].
    pub fn new(path: &Path, arrays: Vec<Shaped>) -> Result<Self, Diagnostic> {
        Self::begin(path, arrays).map_err(|e| unwritable(path, &e))
    }

    fn begin(path: &Path, arrays: Vec<Shaped>) -> io::Result<Self> {
        let made = !path.try_exists()?;
        let target = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        let mut out = Self { path: path.to_owned(), target, made, arrays: Vec::new() };
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        for array in arrays {
            out.arrays.push((array, BufWriter::new(tempfile::tempfile_in(folder)?)));
        }
        Ok(out)
    }

    /// Adds elements to the `k`-th array.
    ///
    /// # Errors
    /// [`Code::FileUnwritable`].
    pub fn add(&mut self, k: usize, values: &Values) -> Result<(), Diagnostic> {
        let waiting = &mut self.arrays[k].1;
        let written = match values {
            Values::Real(v) => v.iter().try_for_each(|v| waiting.write_all(&v.to_le_bytes())),
            Values::Integer(v) => v.iter().try_for_each(|v| waiting.write_all(&v.to_le_bytes())),
        };
        written.map_err(|e| unwritable(&self.path, &e))
    }

    /// Writes the file; the same elements give the same bytes.
    ///
    /// # Errors
    /// [`Code::FileUnwritable`].
    pub fn finish(mut self) -> Result<(), Diagnostic> {
        let written = self.write();
        self.made = self.made && written.is_err();
        written.map_err(|e| unwritable(&self.path, &e))
    }

    fn write(&mut self) -> io::Result<()> {
        if self.target.metadata()?.is_file() {
            self.target.set_len(0)?;
        }
        let mut archive = ZipWriter::new(BufWriter::new(&self.target));
        // Without a time; arrays of more than 4 GiB need the wider form.
        let options = SimpleFileOptions::DEFAULT.large_file(true);
        for (array, waiting) in &mut self.arrays {
            archive.start_file(format!("{}.npy", array.name), options)?;
            archive.write_all(&header::write(if array.integer { "<i4" } else { "<f4" }, &array.shape))?;
            waiting.flush()?;
            let file = waiting.get_mut();
            file.rewind()?;
            io::copy(&mut BufReader::new(file), &mut archive)?;
        }
        archive.finish()?.flush()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.made {
            // Nothing was written: there was no such file before.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::new(Code::FileUnwritable, format!("cannot write '{}': {error}", path.display()))
        .remedy("check that the folder exists and can be written to, and the space there")
}
