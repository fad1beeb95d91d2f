//! Files of arrays: `.npy`, and `.npz` with entries stored or deflated.
//!
//! Opening reads headers only. An [`ArrayReader`] then gives the bytes of one array piece by piece; each
//! has the file open for itself, so that several arrays are read side by side.

pub(crate) mod element;
pub(crate) mod header;
mod reader;

pub(crate) use reader::ArrayReader;

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use snnc_ir::diag::{Code, Diagnostic};
use zip::{CompressionMethod, ZipArchive};

use self::header::Header;
use super::bad;

/// A file of arrays whose headers were read and checked against the file's sizes.
#[derive(Clone, Debug)]
pub(crate) struct ArrayFile {
    path: PathBuf,
    /// Name without folders.
    pub(crate) shown: String,
    /// The arrays in the file's order.
    pub(crate) arrays: Vec<Stored>,
}

/// An array in a file.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) header: Header,
    place: Place,
}

/// Where the bytes of an array lie, its header included.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u64,
    /// Bytes in the file.
    packed: u64,
    deflated: bool,
    crc: Option<u32>,
}

impl ArrayFile {
    /// Reads the headers of a file.
    ///
    /// # Errors
    /// When the file cannot be read, is no array file, or is shorter than its headers say.
    pub(crate) fn open(path: &Path) -> Result<Self, Diagnostic> {
        let shown = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let unreadable = |e: std::io::Error| {
            Diagnostic::new(Code::FileUnreadable, format!("cannot read '{}': {e}", path.display()))
                .remedy("check the path of the sample file")
        };
        let about = fs::metadata(path).map_err(unreadable)?;
        if !about.is_file() {
            return Err(unreadable(std::io::Error::other("it is a folder, a pipe or a device")));
        }
        let mut file = Self { path: path.to_owned(), shown, arrays: Vec::new() };
        let mut magic = [0u8; 6];
        let mut opened = File::open(path).map_err(unreadable)?;
        let read = opened.read(&mut magic).map_err(unreadable)?;
        let arrays = if magic[..read] == *b"\x93NUMPY" { file.lone(about.len()) } else { file.entries() };
        file.arrays = arrays.map_err(|what| file.broken(&what))?;
        Ok(file)
    }

    /// That the file is not what it should be.
    pub(crate) fn broken(&self, what: &str) -> Diagnostic {
        bad(format!("'{}' cannot be read as an array file: {what}", self.shown))
            .remedy("write it with numpy.savez or numpy.save")
    }

    /// The array of a `.npy` file.
    fn lone(&self, size: u64) -> Result<Vec<Stored>, String> {
        let file = File::open(&self.path).map_err(|e| e.to_string())?;
        let header = Header::read(&mut BufReader::new(file))?;
        let place = Place { start: 0, packed: size, deflated: false, crc: None };
        fits(&header, size)?;
        Ok(vec![Stored { name: "x".into(), header, place }])
    }

    /// The arrays of a `.npz` file; other entries are passed over.
    fn entries(&self) -> Result<Vec<Stored>, String> {
        let file = File::open(&self.path).map_err(|e| e.to_string())?;
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| e.to_string())?;
        let mut out = Vec::new();
        for k in 0..archive.len() {
            let mut entry = archive.by_index(k).map_err(|e| e.to_string())?;
            let name = entry.name().map_err(|e| e.to_string())?.into_owned();
            let Some(name) = name.strip_suffix(".npy") else { continue };
            let of_array = |e: String| format!("array '{name}': {e}");
            let deflated = match entry.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                other => return Err(of_array(format!("its compression ({other:?}) is not read here"))),
            };
            let header = Header::read(&mut entry).map_err(of_array)?;
            let (size, packed) = (entry.size(), entry.compressed_size());
            // Deflate makes at most 1032 bytes of one.
            if size > packed.saturating_mul(1032).saturating_add(64) {
                return Err(of_array(format!("{packed} compressed bytes cannot be {size} bytes")));
            }
            fits(&header, size).map_err(of_array)?;
            let start = entry.data_start().ok_or_else(|| of_array("it has no place in the file".into()))?;
            let place = Place { start, packed, deflated, crc: Some(entry.crc32()) };
            out.push(Stored { name: name.to_owned(), header, place });
        }
        Ok(out)
    }

    /// The array of a name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.arrays.iter().position(|a| a.name == name)
    }

    /// The names of all arrays, for messages.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.arrays.iter().map(|a| a.name.as_str()).collect();
        names.join(", ")
    }

    /// Reads an array from its first element on.
    ///
    /// # Errors
    /// When the file cannot be opened any more.
    pub(crate) fn reader(&self, array: usize) -> Result<ArrayReader, Diagnostic> {
        ArrayReader::open(self, &self.arrays[array])
    }
}

/// The elements that the header tells of are there, and no more.
fn fits(header: &Header, size: u64) -> Result<(), String> {
    let wanted = header.bytes.saturating_add(header.start);
    match size {
        _ if size < wanted => Err(format!("it ends too early: {wanted} bytes expected, {size} found")),
        _ if size > wanted => {
            Err(format!("it has more bytes than its header says: {wanted} expected, {size} found"))
        }
        _ => Ok(()),
    }
}
