//! Running samples to see what happens.

use std::collections::BTreeMap;

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_ir::text;

use super::{ActivityProfile, LayerProfile, Source, Trace};
use crate::sample;
use crate::simulate::{Fold, Taken, Threads, fold};

/// Events that are kept one by one at most; the trace ends with the last whole sample before.
const MOST_TRACED: usize = 1 << 24;

/// Runs every sample through a network in the form in which it is mapped and counts the events of its inputs
/// and populations, on so many threads (0: all). `progress` is told the steps done, from any thread.
///
/// # Errors
/// When the samples do not fit the network. Otherwise gives the warnings of their file as well.
pub fn measure(
    graph: &Graph,
    samples: &dyn sample::Source,
    threads: usize,
    source: Source,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(ActivityProfile, Vec<Diagnostic>), Diagnostic> {
    let layers = layers(graph);
    let steps = samples.steps();
    // A population that leads to no output may come later than the last output.
    let latency = latency(graph);
    let mut counters: Vec<Counter> = layers.iter().map(|l| Counter::new(graph, l.id)).collect();
    let mut tracing = Tracing { samples: 0, open: true };
    let mut take = |taken: Taken, state: &mut State| {
        for (counter, steps) in counters.iter_mut().zip(&mut state.events) {
            for positions in steps.drain(..) {
                counter.count(positions, tracing.open);
            }
        }
        tracing.check(&mut counters, taken.last);
        Ok(())
    };
    let machine = Simulator::new(graph, Execution::EventDriven);
    let how = Threads { threads, latency };
    let counting = Counting { layers: &layers, steps };
    let warnings = fold(graph, &machine, samples, how, &counting, &mut take, progress)?;
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
    let profile = ActivityProfile {
        source: Source { network_blake3: hash(graph), ..source },
        samples: samples.count(),
        steps,
        traced: tracing.samples,
        layers: counters.into_iter().map(layer).collect(),
    };
    Ok((profile, warnings))
}

/// Steps that a sample runs for after its own, until every population has had as many steps.
pub fn latency(graph: &Graph) -> usize {
    layers(graph).iter().map(|l| l.start).max().unwrap_or(0)
}

/// blake3 of a network's text, weights left out, in hex.
pub fn hash(graph: &Graph) -> String {
    let (text, _) = text::print_with_blob(graph);
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// An input or a population.
struct Layer {
    id: NodeId,
    /// Its first step.
    start: usize,
    /// Its neurons.
    size: usize,
}

fn layers(graph: &Graph) -> Vec<Layer> {
    let layer = |id: NodeId| {
        let start = match &graph.node(id).op {
            Op::Input(_) => 0,
            Op::Neuron(neuron) => neuron.start() as usize,
            _ => return None,
        };
        Some(Layer { id, start, size: graph.node(id).shape.len() })
    };
    graph.ids().filter_map(layer).collect()
}

/// What is collected of each step.
struct Counting<'l> {
    layers: &'l [Layer],
    /// Steps of a sample.
    steps: usize,
}

struct State {
    step: usize,
    /// Per layer the positions of the events of each step that is its own.
    events: Vec<Vec<Vec<u32>>>,
}

impl Fold<Simulator<'_>> for Counting<'_> {
    type State = State;

    fn start(&self) -> State {
        State { step: 0, events: vec![Vec::new(); self.layers.len()] }
    }

    fn step(&self, state: &mut State, machine: &Simulator<'_>, _inputs: &[Values]) {
        for (layer, events) in self.layers.iter().zip(&mut state.events) {
            if (layer.start..layer.start + self.steps).contains(&state.step) {
                let mut positions = Vec::new();
                machine.each_event(layer.id, |at| positions.push(at as u32));
                events.push(positions);
            }
        }
        state.step += 1;
    }

    fn step_bytes(&self) -> u64 {
        // Every neuron may have an event, of four bytes.
        self.layers.iter().map(|l| 4 * l.size as u64 + 24).sum()
    }
}

/// Which samples are kept event by event.
struct Tracing {
    samples: usize,
    open: bool,
}

impl Tracing {
    /// A piece of a sample, maybe the last, was counted; the sample is kept while there is room. A long one is
    /// dropped before it has ended, so that it is never held.
    fn check(&mut self, counters: &mut [Counter], last: bool) {
        if !self.open {
            return;
        }
        let events: usize = counters.iter().map(|c| c.trace.events()).sum();
        if events > MOST_TRACED {
            self.open = false;
            counters.iter_mut().for_each(|c| c.trace.truncate(c.whole));
        } else if last {
            self.samples += 1;
            counters.iter_mut().for_each(|c| c.whole = c.trace.steps());
        }
    }
}

/// What is counted of a layer.
struct Counter {
    id: NodeId,
    counts: Vec<u64>,
    histogram: BTreeMap<u64, u64>,
    trace: Trace,
    /// Steps of the trace that belong to whole samples.
    whole: usize,
}

impl Counter {
    fn new(graph: &Graph, id: NodeId) -> Self {
        Self {
            id,
            counts: vec![0; graph.node(id).shape.len()],
            histogram: BTreeMap::new(),
            trace: Trace::default(),
            whole: 0,
        }
    }

    fn count(&mut self, positions: Vec<u32>, keep: bool) {
        for at in &positions {
            self.counts[*at as usize] += 1;
        }
        *self.histogram.entry(positions.len() as u64).or_default() += 1;
        if keep {
            self.trace.push(positions);
        }
    }
}
