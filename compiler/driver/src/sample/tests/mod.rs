//! Sample files of every kind, and files that are none.
#![allow(clippy::unwrap_used, clippy::panic)]

mod encodings;
mod events;
mod hostile;
mod pieces;
mod tensors;

use std::io::Write;
use std::path::PathBuf;

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::Graph;
use snnc_ir::sim::Values;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::file::header;
use super::*;

/// A file in a folder of its own.
pub(super) struct Scratch {
    _folder: tempfile::TempDir,
    pub(super) path: PathBuf,
}

impl Scratch {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.npz");
        std::fs::write(&path, bytes).unwrap();
        Self { _folder: folder, path }
    }

    pub(super) fn open(&self, graph: &Graph, options: &Options) -> Result<SampleFile, Diagnostic> {
        SampleFile::open(&self.path, graph, options)
    }

    /// Everything, and what was left out.
    pub(super) fn load(&self, graph: &Graph, options: &Options) -> Result<Samples, Diagnostic> {
        self.open(graph, options)?.load(graph)
    }

    pub(super) fn refused(&self, graph: &Graph, options: &Options) -> String {
        told(&self.load(graph, options).unwrap_err())
    }
}

/// All that a diagnostic says.
pub(super) fn told(d: &Diagnostic) -> String {
    let rule = d.rule.as_ref().map_or(String::new(), |r| format!("{} | {} | {}", r.name, r.limit, r.found));
    format!("{} {} | {rule} | {}", d.code, d.message, d.remedy.clone().unwrap_or_default())
}

/// A `.npy` file.
pub(super) fn npy(descr: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let mut out = header::write(descr, shape);
    out.extend(data);
    out
}

pub(super) fn bytes(shape: &[usize], data: &[u8]) -> Vec<u8> {
    npy("|u1", shape, data)
}

pub(super) fn longs(data: &[i64]) -> Vec<u8> {
    npy("<i8", &[data.len()], &data.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

pub(super) fn floats(shape: &[usize], data: &[f32]) -> Vec<u8> {
    npy("<f4", shape, &data.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

/// A `.npz` file of arrays.
pub(super) fn npz(arrays: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, array) in arrays {
        let options = SimpleFileOptions::default().compression_method(method);
        archive.start_file(format!("{name}.npy"), options).unwrap();
        archive.write_all(array).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

pub(super) fn stored(arrays: &[(&str, Vec<u8>)]) -> Scratch {
    Scratch::new(&npz(arrays, CompressionMethod::Stored))
}

pub(super) fn deflated(arrays: &[(&str, Vec<u8>)]) -> Scratch {
    Scratch::new(&npz(arrays, CompressionMethod::Deflated))
}

/// A network that gives its input out, of a number system, values and a shape.
pub(super) fn network(number: &str, values: &str, shape: &str, steps: u32) -> Graph {
    let text = format!(
        "network \"n\" steps {steps} {number} {{\n  %0 = input \"in\" : {shape} {{values {values}}}\n  \
         %1 = output \"out\" (%0) : {shape}\n}}\n"
    );
    snnc_ir::text::parse(&text).unwrap()
}

/// The values of the only input in every step of a sample.
pub(super) fn steps(samples: &Samples, graph: &Graph, sample: usize) -> Vec<Vec<f64>> {
    (0..samples.steps).map(|t| samples.step(graph, sample, t)[0].to_f64()).collect()
}

#[test]
fn beyond_the_last_step_there_are_zeros() {
    let graph = network("integer", "0..=9", "2x1x1", 1);
    let samples = stored(&[("x", bytes(&[1, 2], &[3, 4]))]).load(&graph, &Options::default()).unwrap();
    assert_eq!(samples.step(&graph, 0, 0), [Values::Integer(vec![3, 4])]);
    assert_eq!(samples.step(&graph, 0, 1), [Values::Integer(vec![0, 0])]);
}
