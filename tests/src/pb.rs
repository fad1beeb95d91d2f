//! Inputs and outputs in the ONNX test layout: `input_k.pb` and `output_k.pb`, one tensor each.

use prost::Message;
use snnc_frontends::onnx::proto::TensorProto;
use snnc_frontends::onnx::proto::tensor_proto::DataType;
use std::io;
use std::path::Path;

/// A tensor as numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name of the graph input or output.
    pub name: String,
    /// Dimensions, batch and time included.
    pub dims: Vec<usize>,
    /// Values in row-major order; integers above 2^24 are rounded.
    pub values: Vec<f32>,
}

/// The tensors of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Case {
    /// `input_0.pb`, `input_1.pb`, ...
    pub inputs: Vec<Tensor>,
    /// `output_0.pb`, `output_1.pb`, ...
    pub outputs: Vec<Tensor>,
}

/// Reads the tensors of a folder.
///
/// # Errors
/// When a file cannot be read or holds a tensor of another type than numbers.
pub fn load(folder: &Path) -> io::Result<Case> {
    Ok(Case { inputs: series(folder, "input")?, outputs: series(folder, "output")? })
}

fn series(folder: &Path, prefix: &str) -> io::Result<Vec<Tensor>> {
    let mut out = Vec::new();
    loop {
        let path = folder.join(format!("{prefix}_{}.pb", out.len()));
        if !path.is_file() {
            return Ok(out);
        }
        out.push(tensor(&std::fs::read(path)?)?);
    }
}

/// Decodes one tensor.
///
/// # Errors
/// When the bytes are no tensor of numbers.
pub fn tensor(bytes: &[u8]) -> io::Result<Tensor> {
    let bad = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let t = TensorProto::decode(bytes).map_err(|e| bad(e.to_string()))?;
    let raw = &t.raw_data;
    let values: Vec<f32> = match DataType::try_from(t.data_type).unwrap_or(DataType::Undefined) {
        DataType::Float if raw.is_empty() => t.float_data.clone(),
        DataType::Float => words(raw, f32::from_le_bytes),
        DataType::Double if raw.is_empty() => t.double_data.iter().map(|v| *v as f32).collect(),
        DataType::Double => words(raw, |w| f64::from_le_bytes(w) as f32),
        DataType::Int64 if raw.is_empty() => t.int64_data.iter().map(|v| *v as f32).collect(),
        DataType::Int64 => words(raw, |w| i64::from_le_bytes(w) as f32),
        DataType::Int32 | DataType::Int8 | DataType::Uint8 | DataType::Bool if raw.is_empty() => {
            t.int32_data.iter().map(|v| *v as f32).collect()
        }
        DataType::Int32 => words(raw, |w| i32::from_le_bytes(w) as f32),
        DataType::Int8 => raw.iter().map(|b| f32::from(*b as i8)).collect(),
        DataType::Uint8 | DataType::Bool => raw.iter().map(|b| f32::from(*b)).collect(),
        other => return Err(bad(format!("a tensor of type {}", other.as_str_name()))),
    };
    let dims: Vec<usize> = t.dims.iter().map(|d| usize::try_from(*d).unwrap_or(0)).collect();
    if dims.iter().product::<usize>() != values.len() {
        return Err(bad(format!("'{}' has shape {dims:?} and {} values", t.name, values.len())));
    }
    Ok(Tensor { name: t.name, dims, values })
}

fn words<const N: usize>(raw: &[u8], f: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    raw.chunks_exact(N).filter_map(|c| c.try_into().ok()).map(f).collect()
}
