//! Large models, and how much memory a process took.

use std::io;
use std::path::{Path, PathBuf};

use prost::Message;
use snnc_frontends::onnx::proto::tensor_proto::{DataLocation, DataType};
use snnc_frontends::onnx::proto::{ModelProto, StringStringEntryProto};
use snnc_tests::onnx_builder::{Builder, int, ints};

/// How the weights of a model are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `Gemm` with `transB`: the order in which the compiler keeps weights.
    Linear,
    /// As `Linear`, all weights in one matrix.
    One,
    /// `MatMul`: to be transposed.
    MatMul,
    /// 8-bit integers behind `DequantizeLinear`.
    Int8,
    /// Half precision: spread out to `f32` when read.
    Half,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 5] = [Self::Linear, Self::One, Self::MatMul, Self::Int8, Self::Half];
}

/// A model of about `bytes` bytes: a convolution and linear layers with LIF neurons between.
pub fn model(bytes: usize, form: Form) -> ModelProto {
    let (ty, size) = match form {
        Form::Int8 => (DataType::Int8, 1),
        Form::Half => (DataType::Float16, 2),
        _ => (DataType::Float, 4),
    };
    let layers = if form == Form::One { 1 } else { 3 };
    // Square matrices; a convolution before gives them their inputs, 16 channels of 4 rows.
    let width = ((bytes / size / layers) as f64).sqrt() as usize / 64 * 64;
    let columns = (width / 64) as i64;
    let raw: Vec<u8> = (0..width * width).flat_map(|k| element(form, k)).collect();
    let mut builder = Builder::default()
        .input("x", &[-1, 2, 4, columns])
        .floats("w", &[16, 2, 3, 3], &(0..288).map(|k| k as f32 / 288.0 - 0.5).collect::<Vec<_>>())
        .scalar("scale", 0.0625)
        .node_with("Conv", &["x", "w"], &["c"], vec![ints("pads", &[1, 1, 1, 1])]);
    builder = lif(builder, "c", "s", &[-1, 16, 4, columns]).node("Flatten", &["s"], &["f0"]);
    for k in 0..layers {
        let (source, stored, y) = (format!("f{k}"), format!("w{k}"), format!("y{k}"));
        builder = builder.raw(&stored, ty, &[width as i64, width as i64], &raw);
        let mut weights = stored.clone();
        if form == Form::Int8 {
            weights = format!("d{k}");
            builder = builder.node("DequantizeLinear", &[&stored, "scale"], &[&weights]);
        } else if form == Form::Half {
            weights = format!("d{k}");
            builder = builder.node_with("Cast", &[&stored], &[&weights], vec![int("to", 1)]);
        }
        builder = match form {
            Form::MatMul => builder.node("MatMul", &[&source, &weights], &[&y]),
            _ => builder.node_with("Gemm", &[&source, &weights], &[&y], vec![int("transB", 1)]),
        };
        builder = lif(builder, &y, &format!("f{}", k + 1), &[-1, width as i64]);
    }
    builder
        .scalar("beta", 0.5)
        .scalar("threshold", 1.0)
        .output(&format!("f{layers}"))
        .metadata("snnc.steps", "4")
        .build()
}

/// Little-endian bytes of weight `k`.
fn element(form: Form, k: usize) -> Vec<u8> {
    let value = (k % 13) as f32 * 0.0625 - 0.375;
    match form {
        Form::Int8 => vec![(k % 13) as u8],
        Form::Half => vec![0, 0x30 | (k % 13) as u8],
        _ => value.to_le_bytes().to_vec(),
    }
}

fn lif(builder: Builder, from: &str, to: &str, dims: &[i64]) -> Builder {
    let (before, after) = (format!("{to}_v"), format!("{to}_vo"));
    builder
        .input(&before, dims)
        .node("ai.snnc::LIF_subtract_next_gt_binary", &[from, &before, "beta", "threshold"], &[to, &after])
        .output(&after)
}

/// Writes a model, its large weights in a file beside it when `external`; gives the path of the model and
/// the bytes of all files.
///
/// # Errors
/// When a file cannot be written.
pub fn write(mut model: ModelProto, folder: &Path, external: bool) -> io::Result<(PathBuf, u64)> {
    let path = folder.join("model.onnx");
    let mut data: Vec<u8> = Vec::new();
    let tensors = model.graph.iter_mut().flat_map(|g| &mut g.initializer);
    for tensor in tensors.filter(|t| external && t.raw_data.len() > 1024) {
        let entry = |key: &str, value: String| StringStringEntryProto { key: key.into(), value };
        data.resize(data.len().next_multiple_of(4096), 0);
        tensor.external_data = vec![
            entry("location", "model.onnx.data".into()),
            entry("offset", data.len().to_string()),
            entry("length", tensor.raw_data.len().to_string()),
        ];
        tensor.data_location = DataLocation::External as i32;
        data.extend(std::mem::take(&mut tensor.raw_data));
    }
    let bytes = model.encode_to_vec();
    let total = bytes.len() + data.len();
    std::fs::write(&path, bytes)?;
    if external {
        std::fs::write(folder.join("model.onnx.data"), data)?;
    }
    Ok((path, total as u64))
}

/// Greatest resident memory of this process so far, in bytes; `None` where the system does not say.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Processor time of the threads of this process so far, in seconds; `None` where the system does not say.
pub fn processor_time() -> Option<f64> {
    let nanoseconds = std::fs::read_dir("/proc/self/task").ok()?.map(|thread| {
        let stat = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<u64>().ok()
    });
    Some(nanoseconds.sum::<Option<u64>>()? as f64 * 1e-9)
}
