//! Running samples through a network.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::sim::{Execution, Simulator, Values};

use crate::sample::Samples;

/// What a run over samples gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Samples that were run.
    pub samples: usize,
    /// Steps per sample, latency included.
    pub steps: usize,
    /// Predicted class per sample: the position of the greatest sum of the first output over all steps,
    /// the first of equals.
    pub predicted: Vec<usize>,
    /// Samples whose prediction is their label; `None` without labels.
    pub correct: Option<usize>,
    /// Per output: its name and its sum over the steps, per sample.
    pub outputs: Vec<(String, Vec<Vec<f64>>)>,
    /// Per layer of neurons and input, in graph order.
    pub layers: Vec<LayerActivity>,
    /// Values of the recorded layers, in the order asked for.
    pub recorded: Vec<Recording>,
}

/// What a layer gave out, over all samples and steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Name of the layer.
    pub name: String,
    /// Shape of a step: `[C, H, W]`, or `[C]` where a map has one position.
    pub shape: Vec<usize>,
    /// Samples, then steps, then the elements of the shape.
    pub values: Values,
}

/// Activity of a layer over all samples and steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerActivity {
    /// Name of the layer.
    pub name: String,
    /// Number of elements.
    pub size: usize,
    /// Events over all samples and steps.
    pub events: u64,
}

/// Runs every sample for its steps and `latency` more, from the initial state each.
///
/// The values of the nodes `record` are kept. `progress` is told the number of samples done.
///
/// # Errors
/// [`Code::BadSample`] when the samples do not fit the network.
pub fn run(
    graph: &Graph,
    samples: &Samples,
    latency: u32,
    record: &[NodeId],
    progress: &mut dyn FnMut(usize),
) -> Result<Outcome, Diagnostic> {
    let steps = samples.steps + latency as usize;
    let outputs = graph.outputs();
    let watched: Vec<_> =
        graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Input(_) | Op::Neuron(_))).collect();
    let mut out = Outcome {
        samples: samples.count,
        steps,
        predicted: Vec::with_capacity(samples.count),
        correct: None,
        outputs: outputs.iter().map(|id| (graph.node(*id).name.clone(), Vec::new())).collect(),
        layers: watched
            .iter()
            .map(|id| {
                let node = graph.node(*id);
                LayerActivity { name: node.name.clone(), size: node.shape.len(), events: 0 }
            })
            .collect(),
        recorded: record.iter().map(|id| Recording::new(graph, *id)).collect(),
    };
    let mut sim = Simulator::new(graph, Execution::EventDriven);
    for sample in 0..samples.count {
        sim.reset();
        let mut sums: Vec<Vec<f64>> =
            outputs.iter().map(|id| vec![0.0; graph.node(*id).shape.len()]).collect();
        for step in 0..steps {
            sim.step(&samples.step(graph, sample, step))
                .map_err(|e| Diagnostic::new(Code::BadSample, e.to_string()))?;
            for (sum, id) in sums.iter_mut().zip(&outputs) {
                add(sum, &sim.value(*id));
            }
            for (recording, id) in out.recorded.iter_mut().zip(record) {
                recording.add(sim.value(*id));
            }
            for (layer, id) in out.layers.iter_mut().zip(&watched) {
                layer.events += sim.events(*id);
            }
        }
        out.predicted.push(sums.first().map_or(0, |s| first_greatest(s)));
        for (list, sum) in out.outputs.iter_mut().zip(sums) {
            list.1.push(sum);
        }
        progress(sample + 1);
    }
    out.correct = samples.labels.as_ref().map(|labels| {
        out.predicted.iter().zip(labels).filter(|(p, l)| i64::try_from(**p) == Ok(**l)).count()
    });
    Ok(out)
}

impl Recording {
    fn new(graph: &Graph, id: NodeId) -> Self {
        let node = graph.node(id);
        let shape = match [node.shape.c, node.shape.h, node.shape.w] {
            [c, 1, 1] => vec![c],
            chw => chw.to_vec(),
        };
        let values = match graph.number {
            Number::Real => Values::Real(Vec::new()),
            Number::Integer => Values::Integer(Vec::new()),
        };
        Self { name: node.name.clone(), shape, values }
    }

    fn add(&mut self, step: Values) {
        match (&mut self.values, step) {
            (Values::Real(all), Values::Real(step)) => all.extend(step),
            (Values::Integer(all), Values::Integer(step)) => all.extend(step),
            // A graph has one kind of number.
            _ => {}
        }
    }
}

fn add(sum: &mut [f64], values: &Values) {
    for (s, v) in sum.iter_mut().zip(values.to_f64()) {
        *s += v;
    }
}

fn first_greatest(values: &[f64]) -> usize {
    let mut best = 0;
    for (k, v) in values.iter().enumerate() {
        if *v > values[best] {
            best = k;
        }
    }
    best
}
