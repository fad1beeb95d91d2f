//! What an integer event of each source stands for.
//!
//! An event of 1 of a spiking neuron is 1, or the value of its spike; of a quantised activation the step
//! between its levels; of a delta or sigma-delta unit a part of its threshold; of an integrator what its
//! membrane counts in. The weights behind a source take its unit up.

use std::collections::BTreeSet;

use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op, Values};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Delta, Emission, Integrator, Model, Neuron, SigmaDelta, Spec};

/// Parts of its threshold in which a delta or sigma-delta unit counts what it gives out: fine beside the
/// threshold, which is what such a unit ignores anyway, and coarse enough for long sums in 24 bits.
const PARTS: f64 = 16.0;

/// Unit of changes without threshold: Lava's 6 fractional bits.
const NO_THRESHOLD: f64 = 1.0 / 64.0;

/// Steps of a spike of several values that has no common factor.
const VALUE_STEPS: f64 = 127.0;

/// Most reshapes, parts, pools and concatenations between a source of several units and a connection.
const MAX_DEPTH: usize = 256;

/// What an event of a source is worth.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    /// That much, for all neurons.
    Same(f64),
    /// Per neuron; the weights behind it differ.
    Each(Param<f32>),
    /// What the membrane of that integrator counts in: known when its weights are.
    Membrane(NodeId),
}

/// A unit, for comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A number, by its bits.
    Same(u64),
    /// That of an integrator.
    Membrane(NodeId),
    /// Not one for all.
    Several,
}

/// Units of the elements of a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Unit {
    /// One for all.
    Same(f64),
    /// One per element.
    Each(Vec<f64>),
}

/// How a spike of a real value is given out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spike {
    pub(super) source: Source,
    pub(super) emission: Emission<i32>,
    /// Greatest difference between a value and what stands for it, relative to the greatest value.
    pub(super) error: f64,
}

/// The units of all sources of events.
#[derive(Debug)]
pub(super) struct Units {
    sources: Vec<Option<Source>>,
    /// For each node whether its values are integers by construction.
    whole: Vec<bool>,
}

impl Units {
    pub(super) fn of(graph: &Graph) -> Self {
        let whole = whole_values(graph);
        let sources = graph.ids().map(|id| source(graph, id, whole[id.index()])).collect();
        Self { sources, whole }
    }

    /// Whether the values of a node are integers by construction; in a unit of changes, what it calculates with too.
    pub(super) fn is_whole(&self, id: NodeId) -> bool {
        self.whole[id.index()]
    }

    /// The unit of a source of events.
    pub(super) fn source(&self, id: NodeId) -> Option<&Source> {
        self.sources[id.index()].as_ref()
    }

    /// The unit of an integrator becomes known.
    pub(super) fn resolve(&mut self, id: NodeId, unit: f64) {
        self.sources[id.index()] = Some(Source::Same(unit));
    }

    /// Whether the units of all events that a node gives out are one, and which.
    pub(super) fn key(&self, graph: &Graph, id: NodeId) -> Key {
        let mut keys = sources_of(graph, id).into_iter().map(|s| match self.source(s) {
            Some(Source::Same(u)) => Key::Same(u.to_bits()),
            Some(Source::Membrane(id)) => Key::Membrane(*id),
            Some(Source::Each(_)) | None => Key::Several,
        });
        let first = keys.next().unwrap_or(Key::Same(1f64.to_bits()));
        if keys.all(|k| k == first) { first } else { Key::Several }
    }

    /// The unit of each element of a node that gives out events; `None` where a place is shared by events
    /// of several units, or one is not known yet.
    pub(super) fn at(&self, graph: &Graph, id: NodeId) -> Option<Unit> {
        self.within(graph, id, MAX_DEPTH)
    }

    fn within(&self, graph: &Graph, id: NodeId, depth: usize) -> Option<Unit> {
        // A loop of delays and concatenations alone would not end.
        let depth = depth.checked_sub(1)?;
        match self.key(graph, id) {
            Key::Same(bits) => return Some(Unit::Same(f64::from_bits(bits))),
            Key::Membrane(_) => return None,
            Key::Several => {}
        }
        let node = graph.node(id);
        let each = |source: NodeId| -> Option<Vec<f64>> {
            let len = graph.node(source).shape.len();
            Some(match self.within(graph, source, depth)? {
                Unit::Same(u) => vec![u; len],
                Unit::Each(all) => all,
            })
        };
        let first = node.inputs.first().copied();
        Some(Unit::Each(match &node.op {
            Op::Neuron(_) | Op::Input(_) => match self.source(id)? {
                Source::Same(u) => return Some(Unit::Same(*u)),
                Source::Membrane(_) => return None,
                Source::Each(p) => {
                    let plane = node.shape.plane();
                    (0..node.shape.len()).map(|k| f64::from(p.at(k, plane))).collect()
                }
            },
            Op::Reshape | Op::Delay(_) | Op::Output => each(first?)?,
            Op::Concat => {
                let parts: Option<Vec<Vec<f64>>> = node.inputs.iter().map(|i| each(*i)).collect();
                parts?.concat()
            }
            Op::Slice(slice) => {
                let (shape, all) = (graph.node(first?).shape, each(first?)?);
                let mut out = Vec::with_capacity(node.shape.len());
                for c in slice.start[0]..slice.end[0] {
                    for y in slice.start[1]..slice.end[1] {
                        let row = shape.index(c, y, 0);
                        out.extend_from_slice(all.get(row + slice.start[2]..row + slice.end[2])?);
                    }
                }
                out
            }
            Op::SumPool(_) => {
                let (plane, all) = (graph.node(first?).shape.plane(), each(first?)?);
                let channels = per_channel(&all, plane)?;
                channels.into_iter().flat_map(|u| vec![u; node.shape.plane()]).collect()
            }
            _ => return None,
        }))
    }
}

/// One value per channel, where all elements of a channel have the same.
pub(super) fn per_channel(all: &[f64], plane: usize) -> Option<Vec<f64>> {
    all.chunks(plane.max(1)).map(|c| c.iter().all(|u| u == &c[0]).then_some(c[0])).collect()
}

/// The populations whose events a node gives out.
pub(super) fn sources_of(graph: &Graph, id: NodeId) -> Vec<NodeId> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    let mut stack = vec![id];
    while let Some(at) = stack.pop() {
        if !seen.insert(at) {
            continue;
        }
        let node = graph.node(at);
        match &node.op {
            Op::Input(_) | Op::Neuron(_) => out.push(at),
            _ => stack.extend(&node.inputs),
        }
    }
    out.sort_unstable();
    out
}

fn source(graph: &Graph, id: NodeId, whole: bool) -> Option<Source> {
    let neuron = match &graph.node(id).op {
        Op::Input(input) => {
            return Some(Source::Same(match input.values {
                Values::Quantised { scale, .. } => f64::from(scale),
                _ => 1.0,
            }));
        }
        Op::Neuron(neuron) => neuron,
        _ => return None,
    };
    let Neuron::Real(Spec { model, .. }) = neuron.as_ref() else { return Some(Source::Same(1.0)) };
    Some(match model {
        Model::Spiking(s) => match &s.emission {
            Emission::Binary | Emission::Count { .. } => Source::Same(1.0),
            Emission::Scaled(values) => spike(graph, id, values).source,
        },
        Model::Activation(a) => Source::Same(f64::from(a.scale)),
        Model::SigmaDelta(_) | Model::Delta(_) if whole => Source::Same(1.0),
        Model::SigmaDelta(SigmaDelta { unit: Some(_), .. }) | Model::Delta(Delta { unit: Some(_), .. }) => {
            Source::Same(1.0)
        }
        Model::SigmaDelta(m) => Source::Same(of_threshold(&m.threshold)),
        Model::Delta(m) => Source::Same(of_threshold(&m.threshold)),
        Model::Integrator(_) => Source::Membrane(id),
    })
}

/// The unit of changes that pass such a threshold.
pub(super) fn of_threshold(threshold: &Param<f32>) -> f64 {
    let positive = threshold.values().iter().map(|t| f64::from(*t)).filter(|t| *t > 0.0);
    positive.reduce(f64::min).map_or(NO_THRESHOLD, |t| t / PARTS)
}

/// Integers stay; one value becomes 1; values that only weights read become 1 each; others are rounded.
pub(super) fn spike(graph: &Graph, id: NodeId, values: &Param<f32>) -> Spike {
    let binary = |source| Spike { source, emission: Emission::Binary, error: 0.0 };
    if whole(values) {
        let emission = Emission::Scaled(values.map(|v| *v as i32));
        return Spike { source: Source::Same(1.0), emission, error: 0.0 };
    }
    match values.uniform() {
        Some(value) if value != 0.0 => return binary(Source::Same(f64::from(value))),
        None if only_weights_read(graph, id, matches!(values, Param::PerChannel(_))) => {
            return binary(Source::Each(values.clone()));
        }
        _ => {}
    }
    let most = values.values().iter().map(|v| f64::from(v.abs())).fold(0.0, f64::max);
    let unit = most / VALUE_STEPS;
    let mut error = 0f64;
    let emission = Emission::Scaled(values.map(|v| {
        let exact = f64::from(*v) / unit;
        let rounded = exact.round_ties_even();
        error = error.max((exact - rounded).abs() / VALUE_STEPS);
        rounded as i32
    }));
    Spike { source: Source::Same(unit), emission, error }
}

/// Whether each reader has a weight of its own per value: per channel for a convolution.
fn only_weights_read(graph: &Graph, id: NodeId, channels: bool) -> bool {
    let consumers = graph.consumers();
    let mut seen = BTreeSet::new();
    let mut stack = vec![(id, channels)];
    while let Some((at, channels)) = stack.pop() {
        if !seen.insert((at, channels)) {
            continue;
        }
        for reader in &consumers[at.index()] {
            match &graph.node(*reader).op {
                Op::Linear(_) => {}
                Op::Conv2d(_) if channels => {}
                Op::SumPool(_) if channels => stack.push((*reader, channels)),
                Op::Delay(_) | Op::Slice(_) | Op::Concat => stack.push((*reader, channels)),
                Op::Reshape => stack.push((*reader, false)),
                _ => return false,
            }
        }
    }
    true
}

/// Whether every value is an integer that a state holds.
pub(super) fn whole(param: &Param<f32>) -> bool {
    param.values().iter().all(|v| v.fract() == 0.0 && v.abs() < (1 << 23) as f32)
}

/// For each node whether its values are integers by construction.
fn whole_values(graph: &Graph) -> Vec<bool> {
    let mut out = vec![true; graph.nodes.len()];
    loop {
        let mut changed = false;
        for (k, node) in graph.nodes.iter().enumerate() {
            let inputs = node.inputs.iter().all(|i| out[i.index()]);
            if out[k] && !(gives_whole(graph, &node.op, inputs)) {
                out[k] = false;
                changed = true;
            }
        }
        if !changed {
            return out;
        }
    }
}

fn gives_whole(graph: &Graph, op: &Op, inputs: bool) -> bool {
    match op {
        Op::Input(input) => !matches!(input.values, Values::Quantised { .. }),
        Op::Conv2d(Conv2d { weights, bias, .. }) | Op::Linear(Linear { weights, bias, .. }) => {
            let weights = graph.weights(*weights);
            let bias = match bias {
                Some(Bias::Real(p)) => whole(p),
                _ => true,
            };
            inputs && bias && (0..weights.len()).all(|k| weights.real(k).fract() == 0.0)
        }
        Op::SumPool(pool) => inputs && pool.divisor == 1,
        Op::Neuron(n) => match n.as_ref() {
            Neuron::Real(Spec { model, .. }) => neuron_gives_whole(model, inputs),
            Neuron::Integer(..) => true,
        },
        _ => inputs,
    }
}

fn neuron_gives_whole(model: &Model<f32>, inputs: bool) -> bool {
    match model {
        Model::Spiking(s) => match &s.emission {
            Emission::Binary | Emission::Count { .. } => true,
            Emission::Scaled(p) => whole(p),
        },
        Model::SigmaDelta(m) => inputs && whole(&m.threshold) && m.bias.as_ref().is_none_or(whole),
        Model::Delta(m) => inputs && whole(&m.threshold),
        Model::Integrator(Integrator { decay, gain, rest, initial }) => {
            let all = [decay, gain, rest, initial];
            inputs && all.into_iter().flatten().all(whole)
        }
        Model::Activation(a) => a.scale.fract() == 0.0,
    }
}
