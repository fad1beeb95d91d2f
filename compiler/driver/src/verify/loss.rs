//! What quantisation loses.

use std::collections::BTreeMap;

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Emission, Model, Neuron, Spec};
use snnc_ir::sim::{Execution, Simulator};
use snnc_machine::manifest::{LayerLoss, OutputLoss, QuantisationLoss};

use super::stimulus::{Stimulus, misfit};

/// Runs the real network and its integer form on every sample.
///
/// Outputs are summed over the steps of a sample. Where an output is not made of spikes its integers have a
/// unit of their own: the factor that fits best (least squares over all samples) brings them to the real
/// output's.
///
/// # Errors
/// [`Code::BadSample`](snnc_ir::diag::Code::BadSample) when samples do not fit.
pub fn loss(before: &Graph, after: &Graph, stimulus: &dyn Stimulus) -> Result<QuantisationLoss, Diagnostic> {
    let (real, integer) = (run(before, stimulus)?, run(after, stimulus)?);
    let names: BTreeMap<&str, usize> =
        integer.outputs.iter().enumerate().map(|(k, (id, _))| (after.node(*id).name.as_str(), k)).collect();
    let mut outputs = Vec::new();
    for (id, was) in &real.outputs {
        let name = &before.node(*id).name;
        let Some((other, is)) = names.get(name.as_str()).map(|k| &integer.outputs[*k]) else { continue };
        if was.len() == is.len() && was.iter().zip(is).all(|(a, b)| a.len() == b.len()) {
            let spikes = gives_spikes(before, *id) && gives_spikes(after, *other);
            outputs.push(output(name, was, is, spikes));
        }
    }
    let classes = |run: &Run| -> Vec<usize> {
        run.outputs
            .first()
            .map_or_else(Vec::new, |(_, samples)| samples.iter().map(|s| greatest(s)).collect())
    };
    let (was, is) = (classes(&real), classes(&integer));
    let correct = |classes: &[usize]| {
        stimulus.labels().map(|labels| {
            classes.iter().zip(labels).filter(|(c, l)| i64::try_from(**c) == Ok(**l)).count() as u64
        })
    };
    let events: BTreeMap<&str, u64> = integer.events.iter().map(|(n, e)| (n.as_str(), *e)).collect();
    let layer = |(name, before): &(String, u64)| {
        events.get(name.as_str()).map(|after| LayerLoss {
            layer: name.clone(),
            events_before: *before,
            events_after: *after,
        })
    };
    Ok(QuantisationLoss {
        outputs,
        same_class: was.iter().zip(&is).filter(|(a, b)| a == b).count() as u64,
        correct_before: correct(&was),
        correct_after: correct(&is),
        layers: real.events.iter().filter_map(layer).collect(),
    })
}

/// What a network gave.
struct Run {
    /// Per output and sample: the sum over the steps of every element.
    outputs: Vec<(NodeId, Vec<Vec<f64>>)>,
    /// Per layer of neurons.
    events: Vec<(String, u64)>,
}

fn run(graph: &Graph, stimulus: &dyn Stimulus) -> Result<Run, Diagnostic> {
    let layers: Vec<NodeId> = graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Neuron(_))).collect();
    let mut out = Run {
        outputs: graph.outputs().into_iter().map(|id| (id, Vec::new())).collect(),
        events: layers.iter().map(|id| (graph.node(*id).name.clone(), 0)).collect(),
    };
    let mut sim = Simulator::new(graph, Execution::EventDriven);
    for sample in 0..stimulus.samples() {
        sim.reset();
        for (id, samples) in &mut out.outputs {
            samples.push(vec![0.0; graph.node(*id).shape.len()]);
        }
        for step in 0..stimulus.steps() {
            sim.step(&stimulus.step(graph, sample, step)).map_err(misfit)?;
            for (id, samples) in &mut out.outputs {
                let Some(sums) = samples.last_mut() else { continue };
                sums.iter_mut().zip(sim.value(*id).to_f64()).for_each(|(sum, v)| *sum += v);
            }
            for ((_, events), id) in out.events.iter_mut().zip(&layers) {
                *events += sim.events(*id);
            }
        }
    }
    Ok(out)
}

/// Mean and greatest difference of two outputs, as parts of the range of the first.
fn output(name: &str, was: &[Vec<f64>], is: &[Vec<f64>], spikes: bool) -> OutputLoss {
    let pairs = || was.iter().flatten().copied().zip(is.iter().flatten().copied());
    let square: f64 = pairs().map(|(_, b)| b * b).sum();
    let product: f64 = pairs().map(|(a, b)| a * b).sum();
    let unit = if spikes || square == 0.0 { 1.0 } else { product / square };
    let (lo, hi) = pairs().fold((0.0f64, 0.0f64), |(lo, hi), (a, _)| (lo.min(a), hi.max(a)));
    let range = hi - lo;
    let parts = |difference: f64| {
        let of = if range > 0.0 { difference / range } else { difference };
        // A cast of a float saturates.
        (of * 1e6).ceil() as u64
    };
    let (mut sum, mut most, mut count) = (0.0, 0.0f64, 0u64);
    for (a, b) in pairs() {
        let difference = (a - unit * b).abs();
        sum += difference;
        most = most.max(difference);
        count += 1;
    }
    OutputLoss { output: name.to_owned(), mean_ppm: parts(sum / count.max(1) as f64), max_ppm: parts(most) }
}

/// Whether an output shows spikes, one or a number of them.
fn gives_spikes(graph: &Graph, output: NodeId) -> bool {
    let mut id = graph.node(output).inputs[0];
    // Delays may form a loop.
    for _ in 0..graph.nodes.len() {
        let node = graph.node(id);
        match &node.op {
            Op::Reshape | Op::Delay(_) | Op::Slice(_) => id = node.inputs[0],
            Op::Neuron(neuron) => {
                return match neuron.as_ref() {
                    Neuron::Real(spec) => counts(spec),
                    Neuron::Integer(spec, _) => counts(spec),
                };
            }
            _ => return false,
        }
    }
    false
}

fn counts<S>(spec: &Spec<S>) -> bool {
    matches!(&spec.model, Model::Spiking(m) if !matches!(m.emission, Emission::Scaled(_)))
}

/// The position of the greatest value, the first of equals.
fn greatest(values: &[f64]) -> usize {
    let mut best = 0;
    for (k, v) in values.iter().enumerate() {
        if *v > values[best] {
            best = k;
        }
    }
    best
}
