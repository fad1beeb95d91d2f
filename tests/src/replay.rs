//! Recorded runs of a model, replayed on the network that was read from it.

use snnc_frontends::onnx::{Imported, Readout, StatePart};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Integrator, Model, Neuron, Spec, Spiking};
use snnc_ir::sim::{Execution, Simulator, Values};

use crate::pb::{Case, Tensor};

/// Greatest difference of a real value, beside [`RELATIVE`].
pub const ABSOLUTE: f64 = 1e-5;

/// Greatest difference of a real value for each unit of its size: sums are taken in another order.
pub const RELATIVE: f64 = 1e-4;

/// How far a threshold is moved to see whether a membrane came near it.
const NEAR: f32 = 1e-5;

/// How a replay ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// So many outputs are those of the recording.
    Equal(usize),
    /// An output differs, and does not when thresholds are moved by [`NEAR`].
    NearThreshold(String),
    /// An output differs.
    Differs(String),
    /// The recording cannot be replayed, and why.
    NotComparable(&'static str),
}

/// How the steps of a sequence lie in a tensor.
#[derive(Clone, Copy, Debug)]
enum Layout {
    /// One step after the other.
    Blocks,
    /// The last axis is time.
    Interleaved,
}

/// Replays a recording; of a batch, every sample.
pub fn replay(imported: &Imported, case: &Case) -> Verdict {
    let len = imported.graph.inputs().first().map_or(1, |id| imported.graph.node(*id).shape.len());
    let samples = case.inputs.first().map_or(1, |t| t.values.len() / len.max(1));
    let steps = imported.graph.steps as usize;
    // A sequence of one sample, or one sample that every step reads.
    if samples < 2 || (steps > 1 && samples == steps) {
        return one(imported, case);
    }
    let mut verdict = Verdict::NotComparable("no sample is recorded");
    for k in 0..samples {
        let inputs = case.inputs.iter().map(|t| sample(t, k, samples, 1)).collect();
        // Outputs hold the samples of one step after those of the step before.
        let outputs = case.outputs.iter().map(|t| sample(t, k, samples, steps)).collect();
        verdict = one(imported, &Case { inputs, outputs });
        if !matches!(verdict, Verdict::Equal(_)) {
            break;
        }
    }
    verdict
}

/// One sample of a batch, in every step.
fn sample(tensor: &Tensor, k: usize, samples: usize, steps: usize) -> Tensor {
    let len = tensor.values.len() / samples / steps;
    let parts = tensor.values.chunks(len.max(1)).skip(k).step_by(samples);
    Tensor { values: parts.flatten().copied().collect(), ..tensor.clone() }
}

fn one(imported: &Imported, case: &Case) -> Verdict {
    let inputs = imported.graph.inputs();
    let [input] = inputs[..] else { return Verdict::NotComparable("more than one input") };
    let name = &imported.graph.node(input).name;
    let Some(recorded) = case.inputs.iter().find(|t| t.name == *name).or(case.inputs.first()) else {
        return Verdict::NotComparable("no input is recorded");
    };
    let graph = match with_states(imported, case) {
        Ok(graph) => graph,
        Err(why) => return Verdict::NotComparable(why),
    };
    let mut worst = None;
    for layout in [Layout::Blocks, Layout::Interleaved] {
        match run(imported, &graph, recorded, case, layout, Execution::EventDriven) {
            Ok(0) => return Verdict::NotComparable("no output is recorded"),
            Ok(count) => {
                return match run(imported, &graph, recorded, case, layout, Execution::Dense) {
                    Ok(_) => Verdict::Equal(count),
                    Err(why) => Verdict::Differs(format!("every tap gathered: {why}")),
                };
            }
            Err(e) => worst = worst.or(Some(e)),
        }
    }
    let why = worst.unwrap_or_default();
    for factor in [1.0 - NEAR, 1.0 + NEAR] {
        let moved = moved(&graph, factor);
        let equal = |layout| run(imported, &moved, recorded, case, layout, Execution::EventDriven).is_ok();
        if equal(Layout::Blocks) || equal(Layout::Interleaved) {
            return Verdict::NearThreshold(why);
        }
    }
    Verdict::Differs(why)
}

/// The network with every threshold multiplied.
fn moved(graph: &Graph, factor: f32) -> Graph {
    let mut graph = graph.clone();
    for node in &mut graph.nodes {
        if let Op::Neuron(neuron) = &mut node.op
            && let Neuron::Real(Spec { model: Model::Spiking(m), .. }) = neuron.as_mut()
        {
            m.threshold = m.threshold.map(|t| t * factor);
        }
    }
    graph
}

/// The network whose states start as recorded.
fn with_states(imported: &Imported, case: &Case) -> Result<Graph, &'static str> {
    let mut graph = imported.graph.clone();
    for held in &imported.states {
        let Some(tensor) = case.inputs.iter().find(|t| t.name == held.input) else { continue };
        let Some(node) = graph.nodes.get_mut(held.layer.index()) else { continue };
        let Op::Neuron(neuron) = &mut node.op else { continue };
        let start = Param::PerNeuron(tensor.values.clone());
        let silent = tensor.values.iter().all(|v| *v == 0.0);
        let Neuron::Real(Spec { model, .. }) = neuron.as_mut() else {
            return Err("states of integer neurons are not set");
        };
        match (model, held.part) {
            (Model::Spiking(Spiking { initial, .. }), StatePart::Membrane) => *initial = Some(start),
            (Model::Spiking(Spiking { current: Some(current), .. }), StatePart::Current) => {
                current.initial = Some(start);
            }
            (Model::Integrator(Integrator { initial, .. }), _) => *initial = Some(start),
            _ if silent => {}
            _ => return Err("a recorded state that the network cannot start from"),
        }
    }
    Ok(graph)
}

/// Runs the network; gives the number of outputs that were compared.
fn run(
    imported: &Imported,
    graph: &Graph,
    input: &Tensor,
    case: &Case,
    layout: Layout,
    execution: Execution,
) -> Result<usize, String> {
    let steps = graph.steps as usize;
    let len = graph.node(graph.inputs()[0]).shape.len();
    let mut sim = Simulator::new(graph, execution);
    let mut seen: Vec<(NodeId, Vec<f64>)> = graph.outputs().into_iter().map(|id| (id, Vec::new())).collect();
    for step in 0..steps {
        let values = match input.values.len() {
            // The same input in every step.
            n if n == len => input.values.clone(),
            n if n == len * steps => part(&input.values, step, steps, len, layout),
            n => return Err(format!("{n} values are recorded where a step takes {len}")),
        };
        sim.step(&[Values::Real(values)]).map_err(|e| e.to_string())?;
        for (id, values) in &mut seen {
            values.extend(sim.value(*id).to_f64());
        }
    }
    let mut compared = 0;
    for (id, values) in &seen {
        let node = graph.node(*id);
        let Some(want) = case.outputs.iter().find(|o| o.name == node.name) else { continue };
        let read = imported.readouts.get(&node.name).copied().unwrap_or(Readout::Each);
        let got = read_out(values, node.shape.len(), steps, read);
        let exact = read == Readout::Each && is_spikes(graph, *id);
        compare(&got, want, node.shape.len(), steps, layout, exact)
            .map_err(|e| format!("{}: {e}", node.name))?;
        compared += 1;
    }
    Ok(compared)
}

fn part(values: &[f32], step: usize, steps: usize, len: usize, layout: Layout) -> Vec<f32> {
    match layout {
        Layout::Blocks => values[step * len..(step + 1) * len].to_vec(),
        Layout::Interleaved => values.iter().skip(step).step_by(steps).copied().collect(),
    }
}

fn read_out(values: &[f64], len: usize, steps: usize, readout: Readout) -> Vec<f64> {
    let sum = || (0..len).map(|k| values.iter().skip(k).step_by(len.max(1)).sum::<f64>());
    match readout {
        Readout::Each => values.to_vec(),
        Readout::Last => values[values.len() - len..].to_vec(),
        Readout::Sum => sum().collect(),
        Readout::Mean => sum().map(|v| v / steps as f64).collect(),
    }
}

fn compare(
    got: &[f64],
    want: &Tensor,
    len: usize,
    steps: usize,
    layout: Layout,
    exact: bool,
) -> Result<(), String> {
    if got.len() != want.values.len() {
        return Err(format!("{} values instead of {}", got.len(), want.values.len()));
    }
    for (k, g) in got.iter().enumerate() {
        let at = match layout {
            Layout::Interleaved if got.len() == len * steps => k % len * steps + k / len,
            _ => k,
        };
        let w = f64::from(want.values[at]);
        let allowed = if exact { 0.0 } else { ABSOLUTE + RELATIVE * w.abs() };
        if (g - w).abs() > allowed || g.is_nan() != w.is_nan() {
            return Err(format!("step {}, element {} is {g} instead of {w}", k / len, k % len));
        }
    }
    Ok(())
}

fn is_spikes(graph: &Graph, id: NodeId) -> bool {
    let source = graph.node(graph.node(id).inputs[0]);
    matches!(&source.op, Op::Neuron(n) if matches!(n.as_ref(), Neuron::Real(Spec { model: Model::Spiking(_), .. }) | Neuron::Integer(..)))
}
