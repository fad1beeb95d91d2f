//! Running samples to see what happens.

use std::collections::BTreeMap;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::sim::{Execution, Simulator};
use snnc_ir::text;

use super::{ActivityProfile, LayerProfile, Source, Trace};
use crate::sample::Samples;

/// Events that are kept one by one at most; then the trace ends with the last whole sample.
const MOST_TRACED: usize = 1 << 24;

/// What is being counted of a layer.
struct Counter {
    id: NodeId,
    /// Its first step.
    start: usize,
    counts: Vec<u64>,
    histogram: BTreeMap<u64, u64>,
    trace: Trace,
    /// Traced events of the sample that is run.
    pending: Vec<Vec<u32>>,
}

/// Runs every sample through a network in the form in which it is mapped and counts the events of its inputs
/// and populations. `progress` is told the number of samples done.
///
/// # Errors
/// [`Code::BadSample`] when the samples do not fit the network.
pub fn measure(
    graph: &Graph,
    samples: &Samples,
    source: Source,
    progress: &mut dyn FnMut(usize),
) -> Result<ActivityProfile, Diagnostic> {
    let mut counters: Vec<Counter> = graph.ids().filter_map(|id| Counter::new(graph, id)).collect();
    let mut simulator = Simulator::new(graph, Execution::EventDriven);
    let mut kept = 0;
    let mut traced = 0;
    let mut tracing = true;
    // A population that leads to no output may come later than the last output.
    let lag = counters.iter().map(|c| c.start).max().unwrap_or(0);
    for sample in 0..samples.count {
        simulator.reset();
        for step in 0..samples.steps + lag {
            simulator
                .step(&samples.step(graph, sample, step))
                .map_err(|e| Diagnostic::new(Code::BadSample, e.to_string()))?;
            for counter in &mut counters {
                if step >= counter.start && step < counter.start + samples.steps {
                    counter.count(&simulator);
                }
            }
        }
        let events: usize = counters.iter().flat_map(|c| &c.pending).map(Vec::len).sum();
        // The first sample is always traced: a profile without a trace would bound no step.
        tracing &= sample == 0 || kept + events <= MOST_TRACED;
        for counter in &mut counters {
            for positions in counter.pending.drain(..).filter(|_| tracing) {
                counter.trace.push(positions);
            }
        }
        if tracing {
            kept += events;
            traced += 1;
        }
        progress(sample + 1);
    }
    let layer = |c: Counter| {
        let node = graph.node(c.id);
        LayerProfile {
            name: node.name.clone(),
            shape: node.shape,
            counts: c.counts,
            histogram: c.histogram.into_iter().collect(),
            trace: c.trace,
        }
    };
    Ok(ActivityProfile {
        source: Source { network_blake3: hash(graph), ..source },
        samples: samples.count,
        steps: samples.steps,
        traced,
        layers: counters.into_iter().map(layer).collect(),
    })
}

/// blake3 of a network's text, weights left out, in hex.
pub fn hash(graph: &Graph) -> String {
    let (text, _) = text::print_with_blob(graph);
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

impl Counter {
    fn new(graph: &Graph, id: NodeId) -> Option<Self> {
        let node = graph.node(id);
        let start = match &node.op {
            Op::Input(_) => 0,
            Op::Neuron(neuron) => neuron.start() as usize,
            _ => return None,
        };
        Some(Self {
            id,
            start,
            counts: vec![0; node.shape.len()],
            histogram: BTreeMap::new(),
            trace: Trace::default(),
            pending: Vec::new(),
        })
    }

    fn count(&mut self, simulator: &Simulator<'_>) {
        let mut positions = Vec::new();
        simulator.each_event(self.id, |at| positions.push(at as u32));
        for at in &positions {
            self.counts[*at as usize] += 1;
        }
        *self.histogram.entry(positions.len() as u64).or_default() += 1;
        self.pending.push(positions);
    }
}
