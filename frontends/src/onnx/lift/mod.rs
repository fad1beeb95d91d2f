//! Neurons and time found in graphs that mark neither.
//!
//! A training library exports a spiking neuron as subtractions, comparisons and casts, and time as
//! copies of them, as a Loop or as a Scan. The way back has five parts:
//!
//! 1. [`build`] makes one [`arena`] of values of the graph: calls inlined, loops unrolled, constants
//!    folded, steps taken out of values that hold all of them ([`shape`]).
//! 2. [`steps`] finds the step that all copies repeat, with what it takes from the step before.
//! 3. [`algebra`] writes what lies between two layers as polynomials over what enters.
//! 4. [`forms`] reads a neuron model from the polynomials, one form a file.
//! 5. [`emit`] writes the step as a graph of layers and neurons, which the importer reads like any other.

mod algebra;
mod arena;
mod build;
mod elementwise;
mod emit;
mod forms;
mod layers;
mod names;
mod print;
mod shape;
mod steps;

pub(super) use emit::DOMAIN;
pub(super) use forms::Slot;
pub use steps::Readout;

use super::file::Model;
use super::importer::Options;
use super::proto::{GraphProto, NodeProto};
use super::refusal::Refusal;
use algebra::Algebra;
use build::{Built, Stop};

use snnc_ir::diag::{Code, Location};
use snnc_ir::neuron::{Model as Neuron, Spiking};
use std::collections::BTreeMap;

/// A graph with its neurons.
pub(super) struct Lifted {
    /// Layers, neurons and delays, in step form.
    pub model: Model,
    pub neurons: Vec<LiftedNeuron>,
    /// Outputs that are no outputs of the network, and why.
    pub left_out: Vec<String>,
    /// How the file reads its outputs over time.
    pub readouts: Vec<(String, Readout)>,
    /// Copies that the step was found in; `None` where the file holds one step.
    pub copies: Option<usize>,
}

/// A neuron that was found.
#[derive(Clone, Debug)]
pub(super) struct LiftedNeuron {
    pub model: Neuron<f32>,
    /// Name of its form.
    pub form: &'static str,
    /// ONNX nodes that it was read from.
    pub origin: Vec<String>,
    /// Graph inputs and outputs that hold its states.
    pub states: Vec<(String, String, Slot)>,
}

/// What became of a graph.
pub(super) enum Outcome {
    /// Nothing to find: layers, and neurons that say what they are.
    Plain,
    Lifted(Box<Lifted>),
    Refused(Refusal, Location),
}

/// Steps that stand for a number of steps that the file leaves open.
const OPEN: usize = 4;

/// Finds the neurons of a model.
pub(super) fn lift(model: &Model, options: &Options) -> Outcome {
    let Some(source) = model.graph() else { return Outcome::Plain };
    if !source.node.iter().any(|n| is_flat(model, n)) {
        return Outcome::Plain;
    }
    search(model, source, options)
}

/// Finds the neurons of a model that the importer refused as it is.
pub(super) fn retry(model: &Model, options: &Options) -> Option<Box<Lifted>> {
    let source = model.graph()?;
    match search(model, source, options) {
        Outcome::Lifted(lifted) if !lifted.neurons.is_empty() => Some(lifted),
        _ => None,
    }
}

fn search(model: &Model, source: &GraphProto, options: &Options) -> Outcome {
    let mut symbols = BTreeMap::new();
    let first = attempt(model, source, options, &symbols);
    // Time may be a dimension that the file leaves open.
    if let Attempt::Failed(..) = first {
        for name in open_dimensions(source) {
            symbols.clear();
            symbols.insert(name, OPEN);
            if let Attempt::Done(mut lifted) = attempt(model, source, options, &symbols) {
                // How many steps there are is not known from the copies that were made here.
                lifted.model.proto.metadata_props.retain(|p| p.key != "snnc.steps");
                return Outcome::Lifted(lifted);
            }
        }
    }
    match first {
        Attempt::Done(lifted) => Outcome::Lifted(lifted),
        Attempt::Unknown => Outcome::Plain,
        Attempt::Failed(refusal, at) if is_told_here(refusal.code) => Outcome::Refused(refusal, at),
        // Of shapes and malformed nodes the importer says more: it groups all of them.
        Attempt::Failed(..) => Outcome::Plain,
    }
}

/// Whether a refusal is about neurons, states, time or what finding them costs.
fn is_told_here(code: Code) -> bool {
    matches!(
        code,
        Code::UnrecognisedNeuron
            | Code::HiddenState
            | Code::UnlikeSteps
            | Code::StateNotPaired
            | Code::BudgetExceeded
    )
}

enum Attempt {
    Done(Box<Lifted>),
    Unknown,
    Failed(Refusal, Location),
}

/// Bytes of stack: deep networks are followed by recursion, whose depth is limited.
const STACK: usize = 256 << 20;

/// Tries to find the neurons, with a stack that suffices wherever the caller runs.
fn attempt(
    model: &Model,
    source: &GraphProto,
    options: &Options,
    symbols: &BTreeMap<String, usize>,
) -> Attempt {
    std::thread::scope(|scope| {
        let run = || found(model, source, options, symbols);
        match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => Attempt::Unknown,
        }
    })
}

fn found(
    model: &Model,
    source: &GraphProto,
    options: &Options,
    symbols: &BTreeMap<String, usize>,
) -> Attempt {
    let mut built: Built<'_> = match build::build(model, source, &options.shapes, symbols) {
        Ok(built) => built,
        Err(Stop::Unknown) => return Attempt::Unknown,
        Err(Stop::Refused(refusal, at)) => return Attempt::Failed(refusal, at),
    };
    let states = listed(model);
    let graph = match steps::find(&mut built, &states) {
        Ok(graph) => graph,
        Err((refusal, at)) => return Attempt::Failed(refusal, at),
    };
    let Some(order) = steps::order(&graph) else { return Attempt::Unknown };
    let algebra = Algebra::new(&built.arena, &graph, &order);
    match emit::emit(model, &algebra, &built.inputs) {
        Err((refusal, at)) => Attempt::Failed(refusal, at),
        Ok(emitted) => {
            let neurons = emitted.neurons.iter().map(|n| LiftedNeuron {
                model: started(&algebra, n),
                form: n.found.form,
                origin: n.origin.clone(),
                states: emit::held(&graph, &n.found)
                    .into_iter()
                    .map(|(i, o, slot)| (i.to_owned(), o.to_owned(), slot))
                    .collect(),
            });
            Attempt::Done(Box::new(Lifted {
                neurons: neurons.collect(),
                model: emitted.model,
                left_out: emitted.left_out,
                readouts: emitted.readouts,
                copies: graph.steps,
            }))
        }
    }
}

/// The neuron with the start values of its states.
fn started(algebra: &Algebra<'_, '_>, neuron: &emit::Neuron) -> Neuron<f32> {
    let start = |slot: Slot| {
        let (node, _) = neuron.found.states.iter().find(|(_, s)| *s == slot)?;
        let value = algebra.arena.uniform(algebra.graph.nodes[*node].initial?)?;
        Some(snnc_ir::graph::param::Param::Scalar(value))
    };
    let mut model = neuron.found.model.clone();
    match &mut model {
        Neuron::Spiking(Spiking { initial, current, .. }) => {
            *initial = start(Slot::Membrane).or(initial.take());
            if let Some(current) = current {
                current.initial = start(Slot::Current);
            }
        }
        Neuron::Integrator(integrator) => integrator.initial = start(Slot::Membrane),
        _ => {}
    }
    model
}

/// Pairs of states in the metadata; the importer reports what is wrong with them.
fn listed(model: &Model) -> BTreeMap<String, String> {
    let entry = model.proto().metadata_props.iter().find(|p| p.key == "snnc.states");
    let pairs: Vec<(String, String)> =
        entry.and_then(|e| serde_json::from_str(&e.value).ok()).unwrap_or_default();
    pairs.into_iter().collect()
}

/// Names of dimensions that the file leaves open.
fn open_dimensions(source: &GraphProto) -> Vec<String> {
    use super::proto::tensor_shape_proto::dimension::Value as Dim;
    use super::proto::type_proto::Value;
    let mut out = Vec::new();
    for info in &source.input {
        let Some(Value::TensorType(tensor)) = info.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
            continue;
        };
        for dim in tensor.shape.iter().flat_map(|s| &s.dim) {
            if let Some(Dim::DimParam(name)) = &dim.value
                && !out.contains(name)
            {
                out.push(name.clone());
            }
        }
    }
    out
}

/// Whether a node is one of those that neurons and time are written with, or hides them.
fn is_flat(model: &Model, node: &NodeProto) -> bool {
    let operator = matches!(
        node.op_type.as_str(),
        "Greater"
            | "GreaterOrEqual"
            | "Less"
            | "LessOrEqual"
            | "Loop"
            | "Scan"
            | "Where"
            | "Floor"
            | "Sub"
            | "Gather"
            | "Slice"
            | "BitShift"
            | "Div"
    );
    let call = |f: &super::proto::FunctionProto| {
        f.name == node.op_type && f.domain == node.domain && !super::ai_snnc::is_known(node)
    };
    match super::importer::domain(&node.domain) {
        "ai.onnx" => operator,
        _ => model.proto().functions.iter().any(call),
    }
}
