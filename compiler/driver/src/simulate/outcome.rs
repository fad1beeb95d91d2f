//! What a run over samples gave.

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::{Graph, NodeId};

use super::activity::Tally;
use crate::sample::Source;

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
    /// Samples by label and prediction; `None` without labels or when there are many classes.
    pub confusion: Option<Confusion>,
    /// Per output: its name and its sum over the steps, per sample, for the samples that are kept.
    pub outputs: Vec<(String, Vec<Vec<f64>>)>,
    /// Per layer of neurons and input, in graph order.
    pub layers: Vec<LayerActivity>,
    /// Per connection that no layer of neurons reads, in graph order.
    pub readouts: Vec<LayerActivity>,
    /// What was left out of the samples.
    pub warnings: Vec<Diagnostic>,
}

/// Activity of a layer over all samples and steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerActivity {
    /// Name of the layer.
    pub name: String,
    /// Number of elements.
    pub size: usize,
    /// What it did.
    pub tally: Tally,
}

/// Numbers of samples, by label and then by prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// One row per class, one column per class.
    pub counts: Vec<Vec<u64>>,
    /// Samples whose label is no class.
    pub others: u64,
}

/// Most classes for which a confusion matrix is made.
const MAX_CLASSES: usize = 1000;

/// Collects the sums of samples.
pub(super) struct Collected<'s> {
    source: &'s dyn Source,
    /// Samples whose sums are kept.
    kept: usize,
    predicted: Vec<usize>,
    confusion: Option<Confusion>,
    outputs: Vec<(String, Vec<Vec<f64>>)>,
}

impl<'s> Collected<'s> {
    pub(super) fn new(
        graph: &Graph,
        outputs: &[NodeId],
        source: &'s dyn Source,
        kept: Option<usize>,
    ) -> Self {
        let classes = outputs.first().map_or(0, |id| graph.node(*id).shape.len());
        let confusion = source.labels().filter(|_| classes <= MAX_CLASSES);
        Self {
            source,
            kept: kept.unwrap_or(usize::MAX),
            predicted: Vec::new(),
            confusion: confusion.map(|_| Confusion { counts: vec![vec![0; classes]; classes], others: 0 }),
            outputs: outputs.iter().map(|id| (graph.node(*id).name.clone(), Vec::new())).collect(),
        }
    }

    /// Adds the sums of the next sample, per output.
    pub(super) fn sample(&mut self, sample: usize, sums: Vec<Vec<f64>>) {
        let class = sums.first().map_or(0, |s| first_greatest(s));
        let label = self.source.labels().and_then(|l| l.get(sample));
        if let (Some(confusion), Some(label)) = (&mut self.confusion, label) {
            let row = usize::try_from(*label).ok().and_then(|l| confusion.counts.get_mut(l));
            match row.and_then(|r| r.get_mut(class)) {
                Some(count) => *count += 1,
                None => confusion.others += 1,
            }
        }
        if self.predicted.len() < self.kept {
            for (list, sum) in self.outputs.iter_mut().zip(sums) {
                list.1.push(sum);
            }
        }
        self.predicted.push(class);
    }

    pub(super) fn finish(
        self,
        steps: usize,
        layers: Vec<LayerActivity>,
        readouts: Vec<LayerActivity>,
        warnings: Vec<Diagnostic>,
    ) -> Outcome {
        let right = |(p, l): &(&usize, &i64)| i64::try_from(**p) == Ok(**l);
        let correct = self.source.labels().map(|l| self.predicted.iter().zip(l).filter(right).count());
        Outcome {
            samples: self.source.count(),
            steps,
            predicted: self.predicted,
            correct,
            confusion: self.confusion,
            outputs: self.outputs,
            layers,
            readouts,
            warnings,
        }
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
