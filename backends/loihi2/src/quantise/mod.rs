//! Quantisation of a real network to the chip's integers; the only lossy step of a compilation.
//!
//! Every source of events has a **unit**, what an event of 1 stands for ([`unit`]); a weight with the unit
//! of its source is what an event adds. All connections into a population share one scale `s`: an integer
//! weight `w` stands for `w · s`. A membrane counts in units of `s / 64` (Loihi shifts synaptic input left
//! by 6; less where graded events are large), decays are numerators over 2^12, rounded towards zero, states
//! have 24 bits ([`FixedPoint::LAVA`](snnc_ir::neuron::FixedPoint::LAVA)). What a population gives out in
//! another unit than its sums goes through one factor `multiplier / 2^shift`
//! ([`Rescale`](snnc_ir::neuron::Rescale)).
//! Where the weights are already integers of one scale within the chip's range they are kept as they are.

mod bound;
mod graded;
mod group;
mod neuron;
mod prepare;
mod unit;
mod weights;

use std::collections::BTreeMap;

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op};
use snnc_ir::graph::weights::{WeightId, Weights};
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::neuron::{Emission, Model, Neuron, Spec};
use snnc_ir::text::print_node;

use crate::rules::Rules;
use bound::Bounds;
use group::Group;
use unit::{Source, Unit, Units};

/// Synaptic input is shifted left by this many bits when it enters a neuron
/// (`lava/proc/lif/models.py`; quoted in `chip.toml`).
pub const INPUT_SHIFT: u32 = 6;

/// What quantisation did to one population.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerError {
    /// Name of the neuron layer.
    pub layer: String,
    /// Real value of an integer weight of 1.
    pub scale: f32,
    /// Greatest difference between a weight and its integer form, in units of `scale`; 0 when exact.
    pub weight: f64,
    /// Greatest difference between a threshold and its integer form, relative to the threshold.
    pub threshold: f64,
    /// Greatest difference between a decay factor and its 12-bit form.
    pub decay: f64,
    /// Greatest difference between a bias and its integer form, in units of `scale`.
    pub bias: f64,
    /// Greatest relative error of a factor on graded events, or of the value of a spike.
    pub rescale: f64,
}

impl LayerError {
    /// Whether every parameter kept its value.
    pub fn is_exact(&self) -> bool {
        let all = [self.weight, self.threshold, self.decay, self.bias, self.rescale];
        all.iter().all(|e| *e == 0.0)
    }
}

/// A network in the chip's integers.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// The integer graph.
    pub graph: Graph,
    /// One entry per population whose parameters were quantised, in graph order.
    pub errors: Vec<LayerError>,
}

/// Quantises a verified real graph. An integer graph is checked and kept bit for bit.
///
/// # Errors
/// Every layer without an integer form on the chip.
pub fn quantise(graph: &Graph, rules: &Rules) -> Result<Quantised, Vec<Diagnostic>> {
    let graph = &prepare::prepare(graph, rules);
    if graph.number == Number::Integer {
        let refused: Vec<Diagnostic> =
            graph.ids().filter_map(|id| weights::outside_range(graph, id)).collect();
        return if refused.is_empty() {
            Ok(Quantised { graph: graph.clone(), errors: Vec::new() })
        } else {
            Err(refused)
        };
    }
    let mut run = Run {
        graph,
        rules,
        units: Units::of(graph),
        bounds: Bounds::default(),
        out: Graph { number: Number::Integer, ..graph.clone() },
        weights: BTreeMap::new(),
        errors: BTreeMap::new(),
        refused: Vec::new(),
    };
    run.groups();
    if !run.refused.is_empty() {
        return Err(run.refused);
    }
    let Run { mut out, weights, errors, .. } = run;
    out.weights.clear();
    for (id, weights) in weights {
        let new = WeightId(out.weights.len() as u32);
        out.weights.push(weights);
        match &mut out.nodes[id.index()].op {
            Op::Conv2d(conv) => conv.weights = new,
            Op::Linear(linear) => linear.weights = new,
            _ => {}
        }
    }
    Ok(Quantised { graph: out, errors: errors.into_values().collect() })
}

/// Quantisation of a prepared real graph.
struct Run<'g> {
    graph: &'g Graph,
    rules: &'g Rules,
    units: Units,
    bounds: Bounds,
    /// The integer graph, its weights apart.
    out: Graph,
    weights: BTreeMap<NodeId, Weights>,
    errors: BTreeMap<NodeId, LayerError>,
    refused: Vec<Diagnostic>,
}

impl Run<'_> {
    /// Quantises all groups: one that reads membranes after the one that says what they count in.
    fn groups(&mut self) {
        let mut waiting = group::groups(self.graph);
        while !waiting.is_empty() {
            let (ready, later): (Vec<Group>, Vec<Group>) =
                waiting.into_iter().partition(|g| self.is_ready(g));
            if ready.is_empty() {
                for id in later.iter().filter_map(|g| g.neurons.first()) {
                    self.refused.push(loop_of_membranes(self.graph, *id));
                }
                return;
            }
            for group in ready {
                self.group(&group);
            }
            waiting = later;
        }
    }

    fn is_ready(&self, group: &Group) -> bool {
        let read = group.connections.iter().map(|id| self.graph.node(*id).inputs[0]);
        let read = read.chain(group.bare.iter().map(|(_, source)| *source));
        read.flat_map(|id| unit::sources_of(self.graph, id))
            .all(|s| !matches!(self.units.source(s), Some(Source::Membrane(_))))
    }

    fn group(&mut self, group: &Group) {
        let graph = self.graph;
        let mut effective = Vec::with_capacity(group.connections.len());
        for id in &group.connections {
            let node = graph.node(*id);
            let Some(handle) = node.op.weights().map(|w| graph.weights(w)) else { continue };
            match self.unit_of_input(*id) {
                Some(unit) => effective.push((*id, weights::effective(&node.op, handle, &unit))),
                None => self.refused.push(several_units(graph, *id)),
            }
        }
        let scale = match (effective.is_empty(), group.bare.first()) {
            (true, Some((_, source))) => match self.units.at(graph, *source) {
                Some(Unit::Same(u)) => u as f32,
                _ => 1.0,
            },
            _ => weights::common_scale(effective.iter().map(|(_, w)| w)),
        };
        let (mut weight_error, mut bias_error) = (0f64, 0f64);
        for (id, handle) in &effective {
            let (integers, error) = weights::integers(handle, scale);
            weight_error = weight_error.max(error);
            if integers.statistics().nonzero == 0 {
                self.refused.push(all_zero(graph, *id, handle, scale));
            }
            self.weights.insert(*id, integers);
            if let Op::Conv2d(Conv2d { bias: Some(bias), .. }) | Op::Linear(Linear { bias: Some(bias), .. }) =
                &mut self.out.nodes[id.index()].op
                && let Bias::Real(real) = bias
            {
                let (integer, error) = weights::bias(real, scale);
                bias_error = bias_error.max(error);
                *bias = Bias::Integer(integer);
            }
        }
        for id in &group.neurons {
            self.neurons(*id, scale, weight_error, bias_error);
        }
    }

    /// The unit of each channel (of a convolution) or element (of a linear layer) that a connection reads.
    fn unit_of_input(&self, id: NodeId) -> Option<Unit> {
        let node = self.graph.node(id);
        let input = node.inputs[0];
        match (self.units.at(self.graph, input)?, &node.op) {
            (Unit::Each(all), Op::Conv2d(_)) => {
                unit::per_channel(&all, self.graph.node(input).shape.plane()).map(Unit::Each)
            }
            (unit, _) => Some(unit),
        }
    }

    fn neurons(&mut self, id: NodeId, scale: f32, weight: f64, bias: f64) {
        let graph = self.graph;
        let node = graph.node(id);
        let Op::Neuron(neuron) = &node.op else { return };
        let Neuron::Real(spec) = neuron.as_ref() else { return };
        let around = self.around(id, spec, scale);
        match neuron::quantise(spec, &around) {
            Ok(made) => {
                self.out.nodes[id.index()].op = Op::Neuron(Box::new(made.neuron));
                self.bounds.set(id, made.most);
                if matches!(spec.model, Model::Integrator(_)) {
                    self.units.resolve(id, made.unit);
                }
                let error = LayerError {
                    layer: node.name.clone(),
                    scale,
                    weight,
                    threshold: made.loss.threshold,
                    decay: made.loss.decay,
                    bias: bias.max(made.loss.bias),
                    rescale: made.loss.rescale,
                };
                self.errors.insert(id, error);
            }
            Err(problem) => {
                self.refused.push(problem.diagnostic(graph, id));
                // So that what reads it can be checked too.
                self.units.resolve(id, f64::from(scale));
            }
        }
    }

    fn around(&self, id: NodeId, spec: &Spec<f32>, scale: f32) -> neuron::Around<'_> {
        let graph = self.graph;
        let input = graph.node(id).inputs[0];
        let sources = unit::sources_of(graph, input);
        let spike = match &spec.model {
            Model::Spiking(s) => match &s.emission {
                Emission::Scaled(values) => Some(unit::spike(graph, id, values)),
                _ => None,
            },
            _ => None,
        };
        neuron::Around {
            scale,
            most: self.bounds.of(graph, input, &self.weights, &self.out),
            spikes: sources.iter().all(|s| self.bounds.source(graph, *s) <= 1.0),
            steps: graph.steps,
            unit: match self.units.source(id) {
                Some(Source::Same(u)) => *u,
                _ => 1.0,
            },
            whole: self.units.is_whole(id),
            read: is_read(graph, id),
            spike,
            form: self.rules.fixed.as_ref(),
        }
    }
}

/// Whether something beside outputs reads what a node gives out.
fn is_read(graph: &Graph, id: NodeId) -> bool {
    let consumers = graph.consumers();
    let mut seen = std::collections::BTreeSet::new();
    let mut stack = vec![id];
    while let Some(at) = stack.pop() {
        if !seen.insert(at) {
            continue;
        }
        for reader in &consumers[at.index()] {
            match graph.node(*reader).op {
                Op::Output => {}
                Op::Reshape | Op::Delay(_) => stack.push(*reader),
                _ => return true,
            }
        }
    }
    false
}

fn several_units(graph: &Graph, id: NodeId) -> Diagnostic {
    let node = graph.node(id);
    Diagnostic::new(
        Code::NotQuantisable,
        format!("'{}' reads spikes of several values in one channel", node.name),
    )
    .at(Location::node(&node.name).with_line(print_node(graph, id)))
    .label("its weights are shared by all positions")
    .remedy(
        "give the spikes of a channel one value; a factor per position can be moved behind the connection",
    )
}

fn loop_of_membranes(graph: &Graph, id: NodeId) -> Diagnostic {
    let node = graph.node(id);
    Diagnostic::new(
        Code::NotQuantisable,
        format!("the membrane of '{}' comes back to it without spikes", node.name),
    )
    .at(Location::node(&node.name).with_line(print_node(graph, id)))
    .label("what its integers stand for would depend on itself")
    .remedy("put a layer of spiking neurons or a quantised activation into the loop")
}

fn all_zero(graph: &Graph, id: NodeId, handle: &snnc_ir::graph::weights::Weights, scale: f32) -> Diagnostic {
    let node = graph.node(id);
    let largest = (0..handle.len()).map(|k| handle.real(k).abs()).fold(0f32, f32::max);
    let diagnostic =
        Diagnostic::new(Code::AllWeightsZero, format!("all weights of '{}' quantise to zero", node.name))
            .at(Location::node(&node.name).with_line(print_node(graph, id)))
            .label("no spike passes this connection");
    if largest == 0.0 {
        diagnostic.remedy("the file's weights are all zero: check the export, or remove the connection")
    } else {
        diagnostic
            .rule("weight step of its population", scale, format!("largest weight {largest}"))
            .remedy("connections into one population share a scale: bring their weights to a similar size")
    }
}
