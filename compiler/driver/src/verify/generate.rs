//! Samples that are made up so that every layer gives out events.

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::op::{Input, Op, Values as Range};
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::sim::{Execution, Simulator, Values, fan_out};

use super::aim;
use super::stimulus::{Stimulus, misfit};

/// Steps of a generated sample: the least of a large network, the least of any other, the most.
const STEPS: [u64; 3] = [4, 16, 64];
/// Accumulates that looking for samples may take, if every neuron fired in every step.
const EFFORT: u64 = 1 << 33;
/// Samples that are kept whatever they reach: a sparse and a dense one.
const ALWAYS: usize = 2;
/// Samples that are aimed at layers which all ways have left silent.
const AIMED: usize = 12;
/// Neurons of a silent layer that are aimed at.
const RANKS: usize = 3;

/// Where the values of a sample lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Spikes, or the smallest events.
    Least,
    /// A sixteenth of the range, or events up to 16.
    Small,
    /// All of the range, or events up to 127.
    Wide,
}

/// Which elements have events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pattern {
    /// Others in every step.
    Fresh,
    /// The same in every step.
    Frozen,
    /// Those of one sign, the same in every step: nothing cancels.
    Positive,
}

/// A way to make a sample.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Events per element and step, in 256ths.
    density: u64,
    reach: Reach,
    pattern: Pattern,
}

const fn way(density: u64, reach: Reach, pattern: Pattern) -> Way {
    Way { density, reach, pattern }
}

/// What is tried, in order: denser, larger, more persistent.
const WAYS: [Way; 14] = [
    way(26, Reach::Least, Pattern::Fresh),
    way(96, Reach::Wide, Pattern::Fresh),
    way(96, Reach::Least, Pattern::Fresh),
    way(192, Reach::Least, Pattern::Fresh),
    way(128, Reach::Least, Pattern::Frozen),
    way(256, Reach::Least, Pattern::Frozen),
    way(96, Reach::Small, Pattern::Fresh),
    way(128, Reach::Small, Pattern::Frozen),
    way(256, Reach::Small, Pattern::Positive),
    way(128, Reach::Wide, Pattern::Frozen),
    way(256, Reach::Wide, Pattern::Fresh),
    way(64, Reach::Wide, Pattern::Positive),
    way(256, Reach::Wide, Pattern::Positive),
    way(16, Reach::Wide, Pattern::Frozen),
];

/// A sample.
#[derive(Clone, Debug)]
enum Sample {
    /// By an index of [`WAYS`].
    Way(usize),
    /// The same in every step: per input the signs of its elements.
    Aimed(Vec<Vec<i8>>),
}

/// Generated samples; none by default. The same network and seed give the same samples.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    /// What the inputs take, in order.
    ranges: Vec<Range>,
    samples: Vec<Sample>,
    steps: usize,
    seed: u64,
}

impl Generated {
    /// Samples in the range of the network's inputs: ways are tried in turn until every layer of neurons
    /// has given out an event, then events are put where weights lead to a neuron of a silent layer; samples
    /// that reach a further layer are kept. Effort is bounded: a layer may stay silent.
    ///
    /// # Errors
    /// Never for a verified graph.
    pub fn for_graph(graph: &Graph, seed: u64) -> Result<Self, Diagnostic> {
        let ranges = graph.inputs().iter().map(|id| range(graph, *id)).collect();
        let most = (EFFORT / work(graph).max(1) / (WAYS.len() + AIMED) as u64).clamp(STEPS[0], STEPS[2]);
        let steps = u64::from(graph.steps).clamp(STEPS[1], STEPS[2]).min(most) as usize;
        let mut out = Self { ranges, samples: Vec::new(), steps, seed };
        let mut silent: Vec<NodeId> =
            graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Neuron(_))).collect();
        let mut sim = Simulator::new(graph, Execution::EventDriven);
        for way in 0..WAYS.len() {
            if silent.is_empty() && out.samples.len() >= ALWAYS {
                return Ok(out);
            }
            out.add(Sample::Way(way), graph, &mut sim, &mut silent)?;
        }
        // Layers in order: what makes one fire may make those behind it fire.
        let mut left = AIMED;
        for layer in silent.clone() {
            for rank in 0..RANKS {
                if left == 0 || !silent.contains(&layer) {
                    break;
                }
                left -= 1;
                let signs = aim::signs(graph, layer, rank);
                out.add(Sample::Aimed(signs), graph, &mut sim, &mut silent)?;
            }
        }
        Ok(out)
    }

    /// Keeps a sample if there are few, or when it reaches a silent layer.
    fn add(
        &mut self,
        sample: Sample,
        graph: &Graph,
        sim: &mut Simulator<'_>,
        silent: &mut Vec<NodeId>,
    ) -> Result<(), Diagnostic> {
        let (index, before) = (self.samples.len(), silent.len());
        self.samples.push(sample);
        sim.reset();
        for step in 0..self.steps {
            sim.step(&self.step(graph, index, step)).map_err(misfit)?;
            silent.retain(|id| sim.events(*id) == 0);
        }
        if index >= ALWAYS && silent.len() == before {
            self.samples.pop();
        }
        Ok(())
    }

    /// An element of a sample whose events have that sign.
    fn aimed(&self, input: usize, sign: i8) -> f32 {
        let level = f32::from(sign) * 127.0;
        match self.ranges[input] {
            Range::Binary => f32::from(sign.max(0)),
            Range::Real => f32::from(sign),
            _ if sign == 0 => 0.0,
            Range::Integer { lo, hi } => level.clamp(lo as f32, hi as f32),
            Range::Quantised { lo, hi, scale, .. } => level.clamp(lo as f32, hi as f32) * scale,
        }
    }

    /// The value of an element, as a real sample.
    fn value(&self, input: usize, way: usize, step: usize, element: usize) -> f32 {
        let Way { density, reach, pattern } = WAYS[way];
        let step = if pattern == Pattern::Fresh { step as u64 + 1 } else { 0 };
        let bits = mix(self.seed, &[input as u64, way as u64, step, element as u64]);
        if bits & 0xff >= density {
            return 0.0;
        }
        let draw = bits >> 16;
        let (scale, lo, hi) = match self.ranges[input] {
            Range::Binary => return 1.0,
            Range::Integer { lo, hi } => (1.0, lo, hi),
            Range::Quantised { lo, hi, scale, .. } => (scale, lo, hi),
            Range::Real if reach == Reach::Least => return 1.0,
            Range::Real => (1.0 / 16.0, -127, 127),
        };
        let most = match reach {
            Reach::Least => 1,
            Reach::Small => 16,
            Reach::Wide => 127,
        };
        let lo = if pattern == Pattern::Positive && hi > 0 { 1 } else { lo.max(-most) };
        let hi = hi.min(most).max(lo);
        let span = (i64::from(hi) - i64::from(lo) + 1) as u64;
        // The range was cut to at most 127 on each side of zero, or it lies wholly beyond it.
        let level = (i64::from(lo) + (draw % span) as i64) as f32;
        level * scale
    }
}

impl Stimulus for Generated {
    fn samples(&self) -> usize {
        self.samples.len()
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn step(&self, graph: &Graph, sample: usize, step: usize) -> Vec<Values> {
        let one = |(k, id): (usize, NodeId)| {
            let len = graph.node(id).shape.len();
            let values = (0..len).map(|element| match self.samples.get(sample) {
                Some(Sample::Way(way)) if step < self.steps => self.value(k, *way, step, element),
                Some(Sample::Aimed(signs)) if step < self.steps => self.aimed(k, signs[k][element]),
                _ => 0.0,
            });
            match graph.number {
                Number::Real => Values::Real(values.collect()),
                Number::Integer => {
                    let range = range(graph, id);
                    Values::Integer(values.map(|v| inside(range, v)).collect())
                }
            }
        };
        graph.inputs().into_iter().enumerate().map(one).collect()
    }
}

fn range(graph: &Graph, id: NodeId) -> Range {
    match graph.node(id).op {
        Op::Input(Input { values }) => values,
        _ => Range::Binary,
    }
}

/// A real sample as what an input of an integer network takes.
fn inside(range: Range, sample: f32) -> i32 {
    let value = range.encode(sample);
    match range {
        Range::Binary => value.clamp(0, 1),
        Range::Integer { lo, hi } | Range::Quantised { lo, hi, .. } => value.clamp(lo, hi),
        Range::Real => value,
    }
}

/// Accumulates and updates of a step in which every neuron fires.
fn work(graph: &Graph) -> u64 {
    let of = |node: &snnc_ir::graph::Node| {
        let synapses = match (&node.op, node.inputs.first()) {
            (Op::Conv2d(_) | Op::Linear(_), Some(source)) => {
                fan_out(&node.op, graph.node(*source).shape, node.shape).into_iter().sum()
            }
            _ => 0u64,
        };
        synapses.saturating_add(node.shape.len() as u64)
    };
    graph.nodes.iter().map(of).fold(0, u64::saturating_add)
}

/// A number that looks random (splitmix64 over the words).
fn mix(seed: u64, words: &[u64]) -> u64 {
    let mut state = seed;
    for word in words {
        state = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    state
}
