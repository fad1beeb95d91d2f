//! Arrays of `.npz` and `.npy` files.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use npyz::{DType, NpyFile, Order, TypeChar};
use snnc_ir::diag::{Code, Diagnostic};

/// Greatest number of elements that are read of a file, over all its arrays.
const MAX_ELEMENTS: u64 = 1 << 28;

/// An array in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length of each axis.
    pub shape: Vec<usize>,
    data: Data,
}

#[derive(Clone, Debug, PartialEq)]
enum Data {
    U8(Vec<u8>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Array {
    /// Whether the elements are integers by type.
    pub fn is_integer(&self) -> bool {
        !matches!(self.data, Data::F32(_) | Data::F64(_))
    }

    /// All elements as integers; a fraction is cut off.
    pub fn integers(&self) -> Vec<i64> {
        match &self.data {
            Data::U8(v) => v.iter().map(|v| i64::from(*v)).collect(),
            Data::I32(v) => v.iter().map(|v| i64::from(*v)).collect(),
            Data::I64(v) => v.clone(),
            Data::F32(v) => v.iter().map(|v| *v as i64).collect(),
            Data::F64(v) => v.iter().map(|v| *v as i64).collect(),
        }
    }

    /// A range of elements as `f32`.
    pub fn reals(&self, start: usize, len: usize) -> Vec<f32> {
        let range = start..start + len;
        match &self.data {
            Data::U8(v) => v[range].iter().map(|v| f32::from(*v)).collect(),
            Data::I32(v) => v[range].iter().map(|v| *v as f32).collect(),
            Data::I64(v) => v[range].iter().map(|v| *v as f32).collect(),
            Data::F32(v) => v[range].to_vec(),
            Data::F64(v) => v[range].iter().map(|v| *v as f32).collect(),
        }
    }

    /// A range of elements as `i32`; they were checked with [`first_outside`](Self::first_outside).
    pub fn ints(&self, start: usize, len: usize) -> Vec<i32> {
        let range = start..start + len;
        match &self.data {
            Data::U8(v) => v[range].iter().map(|v| i32::from(*v)).collect(),
            Data::I32(v) => v[range].to_vec(),
            Data::I64(v) => v[range].iter().map(|v| *v as i32).collect(),
            Data::F32(v) => v[range].iter().map(|v| *v as i32).collect(),
            Data::F64(v) => v[range].iter().map(|v| *v as i32).collect(),
        }
    }

    /// The first element that is not an integer from `lo` to `hi`.
    pub fn first_outside(&self, lo: f64, hi: f64) -> Option<f64> {
        let outside = |v: f64| !(v.fract() == 0.0 && (lo..=hi).contains(&v));
        match &self.data {
            Data::U8(v) => v.iter().map(|v| f64::from(*v)).find(|v| outside(*v)),
            Data::I32(v) => v.iter().map(|v| f64::from(*v)).find(|v| outside(*v)),
            Data::I64(v) => v.iter().map(|v| *v as f64).find(|v| outside(*v)),
            Data::F32(v) => v.iter().map(|v| f64::from(*v)).find(|v| outside(*v)),
            Data::F64(v) => v.iter().copied().find(|v| outside(*v)),
        }
    }
}

/// The arrays of a `.npz` file by name, in the file's order, or the one of a `.npy` file, named `x`.
///
/// # Errors
/// When the file cannot be read or an array is too large or of a type that is not a number.
pub fn read_archive(path: &Path) -> Result<Vec<(String, Array)>, Diagnostic> {
    let shown = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let file = File::open(path).map_err(|e| {
        Diagnostic::new(Code::FileUnreadable, format!("cannot read '{}': {e}", path.display()))
            .remedy("check the path of the sample file")
    })?;
    let bad = |what: String| {
        Diagnostic::new(Code::BadSample, format!("'{shown}' cannot be read as an array file: {what}"))
            .remedy("write it with numpy.savez or numpy.save")
    };
    let mut reader = BufReader::new(file);
    let mut magic = [0u8; 6];
    let n = reader.read(&mut magic).map_err(|e| bad(e.to_string()))?;
    let file = File::open(path).map_err(|e| bad(e.to_string()))?;
    if magic[..n] == *b"\x93NUMPY" {
        return Ok(vec![("x".into(), read_array(BufReader::new(file), MAX_ELEMENTS).map_err(bad)?)]);
    }
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| bad(e.to_string()))?;
    let mut out = Vec::new();
    let mut left = MAX_ELEMENTS;
    for k in 0..archive.len() {
        let entry = archive.by_index(k).map_err(|e| bad(e.to_string()))?;
        let name = entry.name().map_err(|e| bad(e.to_string()))?.into_owned();
        let name = name.strip_suffix(".npy").map_or_else(|| name.clone(), str::to_owned);
        let array = read_array(entry, left).map_err(|e| bad(format!("array '{name}': {e}")))?;
        left -= array.shape.iter().product::<usize>() as u64;
        out.push((name, array));
    }
    Ok(out)
}

/// Reads an array of at most `most` elements.
fn read_array(reader: impl Read, most: u64) -> Result<Array, String> {
    let npy = NpyFile::new(reader).map_err(|e| e.to_string())?;
    let shape: Vec<u64> = npy.shape().to_vec();
    let len = shape.iter().try_fold(1u64, |n, d| n.checked_mul(*d)).filter(|n| *n <= most);
    if len.is_none() {
        return Err(format!("the file has more than {MAX_ELEMENTS} elements"));
    }
    if npy.order() == Order::Fortran && shape.len() > 1 {
        return Err("it is in Fortran order; save numpy.ascontiguousarray(a)".into());
    }
    let DType::Plain(kind) = npy.dtype() else { return Err("structured arrays are not numbers".into()) };
    let text = |e: std::io::Error| e.to_string();
    let data = match (kind.type_char(), kind.size_field()) {
        (TypeChar::Bool, _) => {
            Data::U8(npy.into_vec::<bool>().map_err(text)?.into_iter().map(u8::from).collect())
        }
        (TypeChar::Uint, 1) => Data::U8(npy.into_vec::<u8>().map_err(text)?),
        (TypeChar::Int, 1) => {
            Data::I32(npy.into_vec::<i8>().map_err(text)?.into_iter().map(i32::from).collect())
        }
        (TypeChar::Uint, 2) => {
            Data::I32(npy.into_vec::<u16>().map_err(text)?.into_iter().map(i32::from).collect())
        }
        (TypeChar::Int, 2) => {
            Data::I32(npy.into_vec::<i16>().map_err(text)?.into_iter().map(i32::from).collect())
        }
        (TypeChar::Int, 4) => Data::I32(npy.into_vec::<i32>().map_err(text)?),
        (TypeChar::Uint, 4) => {
            Data::I64(npy.into_vec::<u32>().map_err(text)?.into_iter().map(i64::from).collect())
        }
        (TypeChar::Int, 8) => Data::I64(npy.into_vec::<i64>().map_err(text)?),
        (TypeChar::Float, 4) => Data::F32(npy.into_vec::<f32>().map_err(text)?),
        (TypeChar::Float, 8) => Data::F64(npy.into_vec::<f64>().map_err(text)?),
        _ => return Err(format!("elements of type {} are not supported", npy.dtype().descr())),
    };
    Ok(Array { shape: shape.into_iter().map(|d| d as usize).collect(), data })
}
