//! Reading a network from whatever file holds it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use snnc_frontends::{onnx, text};
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_ir::graph::Graph;

/// How a model file is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelOptions {
    /// Steps per inference; overrides what the file says.
    pub steps: Option<u32>,
    /// Shapes for inputs whose dimensions are not fixed.
    pub shapes: BTreeMap<String, Vec<u64>>,
}

/// A network with where it comes from.
#[derive(Clone, Debug)]
pub struct Model {
    /// The verified graph.
    pub graph: Graph,
    /// File name without folders.
    pub file: String,
    /// blake3 of the file and its external data, in hex.
    pub hash: String,
    /// Operator set versions by domain; empty for the text form.
    pub opset: BTreeMap<String, i64>,
    /// How the neurons of a layer were recognised, and their states in the file, by layer.
    pub neurons: BTreeMap<String, Recognised>,
    /// What was understood beside the layers, and what was left out and why.
    pub notes: Vec<String>,
    /// Warnings of the front end.
    pub warnings: Vec<Diagnostic>,
    /// How long reading it took.
    pub time: Duration,
}

/// How a layer of neurons was read from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recognised {
    /// The form of neuron; absent where an operator says what it is.
    pub form: Option<&'static str>,
    /// States that are graph inputs and outputs: input, output, part.
    pub states: Vec<(String, String, &'static str)>,
}

/// Operators that the ONNX front end reads, by domain and name, except the neurons of `ai.snnc`.
pub fn onnx_operators() -> impl Iterator<Item = (&'static str, &'static str)> {
    onnx::operators()
}

impl Model {
    /// Reads a `.snn` file as text, everything else as ONNX.
    ///
    /// # Errors
    /// Everything that the front end refuses.
    pub fn read(path: &Path, options: &ModelOptions) -> Result<Self, Diagnostics> {
        let started = Instant::now();
        let file = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        if path.is_dir() {
            return Err(vec![
                Diagnostic::new(Code::FileUnreadable, format!("'{}' is a folder", path.display()))
                    .remedy("name a model file (.onnx or .snn)"),
            ]);
        }
        if path.extension().is_some_and(|e| e == "snn") {
            let mut graph = text::read(path)?;
            if let Some(steps) = options.steps {
                graph.steps = steps;
            }
            // The printed form and its weights stand for the file, wherever they are kept.
            let (printed, weights) = snnc_ir::text::print_with_blob(&graph);
            let hash = blake3::Hasher::new().update(printed.as_bytes()).update(&weights).finalize();
            let hash = hash.to_hex().to_string();
            return Ok(Self {
                graph,
                file,
                hash,
                opset: BTreeMap::new(),
                neurons: BTreeMap::new(),
                notes: Vec::new(),
                warnings: Vec::new(),
                time: started.elapsed(),
            });
        }
        let model = onnx::read(path)?;
        let options = onnx::Options { steps: options.steps, shapes: options.shapes.clone() };
        let imported = onnx::import(&model, &options)?;
        let neurons = recognised(&imported);
        let onnx::Imported { graph, opset, fingerprint, notes, warnings, .. } = imported;
        let time = started.elapsed();
        Ok(Self { graph, file, hash: fingerprint, opset, neurons, notes, warnings, time })
    }
}

fn recognised(imported: &onnx::Imported) -> BTreeMap<String, Recognised> {
    let mut out: BTreeMap<String, Recognised> = BTreeMap::new();
    let name = |id| imported.graph.node(id).name.clone();
    for (layer, form) in &imported.neurons {
        out.entry(name(*layer)).or_default().form = Some(form);
    }
    for held in &imported.states {
        let part = match held.part {
            onnx::StatePart::Membrane => "membrane",
            onnx::StatePart::Current => "current",
            onnx::StatePart::Reference => "reference",
        };
        let state = (held.input.clone(), held.output.clone(), part);
        out.entry(name(held.layer)).or_default().states.push(state);
    }
    out
}
