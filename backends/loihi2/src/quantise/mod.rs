//! Quantisation of a real network to the chip's integers; the only lossy step of a compilation.
//!
//! All connections into a population share one scale `s`: an integer weight `w` stands for `w · s`. The
//! membrane counts in units of `s / 64` (Loihi shifts synaptic input left by 6), decays are numerators
//! over 2^12, rounded towards zero, states have 24 bits ([`FixedPoint::LAVA`]). Where the file's weights
//! are already integers of one scale within the chip's range they are kept as they are.

mod group;
mod neuron;
mod weights;

use std::collections::BTreeMap;

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::{Bias, Input, Op, Values};
use snnc_ir::graph::weights::WeightId;
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::neuron::{FixedPoint, Neuron};
use snnc_ir::text::print_node;

use crate::rules::Rules;

/// Synaptic input is shifted left by this many bits when it enters a neuron
/// (`lava/proc/lif/models.py`; quoted in `chip.toml`).
pub const INPUT_SHIFT: u32 = 6;

/// What events of an input can carry: values of the payload's bits, or nothing.
fn input_values(payload_bits: u32) -> Values {
    match payload_bits {
        0 => Values::Binary,
        bits => {
            let half = 1 << (bits.min(31) - 1);
            Values::Integer { lo: -half, hi: half - 1 }
        }
    }
}

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
}

impl LayerError {
    /// Whether every parameter kept its value.
    pub fn is_exact(&self) -> bool {
        self.weight == 0.0 && self.threshold == 0.0 && self.decay == 0.0 && self.bias == 0.0
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
    if graph.number == Number::Integer {
        let refused: Vec<Diagnostic> =
            graph.ids().filter_map(|id| weights::outside_range(graph, id)).collect();
        return if refused.is_empty() {
            Ok(Quantised { graph: graph.clone(), errors: Vec::new() })
        } else {
            Err(refused)
        };
    }
    let mut out = graph.clone();
    out.number = Number::Integer;
    let mut refused = Vec::new();
    let mut errors: BTreeMap<NodeId, LayerError> = BTreeMap::new();
    let mut weights_of: BTreeMap<NodeId, snnc_ir::graph::weights::Weights> = BTreeMap::new();
    for group in group::groups(graph) {
        match quantise_group(graph, rules, &group, &mut out, &mut weights_of) {
            Ok(list) => errors.extend(list),
            Err(list) => refused.extend(list),
        }
    }
    for node in &mut out.nodes {
        if let Op::Input(input) = &mut node.op
            && input.values == Values::Real
        {
            *input = Input { values: input_values(rules.payload_bits) };
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    out.weights.clear();
    for (id, weights) in weights_of {
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

fn quantise_group(
    graph: &Graph,
    rules: &Rules,
    group: &group::Group,
    out: &mut Graph,
    weights_of: &mut BTreeMap<NodeId, snnc_ir::graph::weights::Weights>,
) -> Result<Vec<(NodeId, LayerError)>, Vec<Diagnostic>> {
    let refused: Vec<Diagnostic> = group.check(graph);
    if !refused.is_empty() {
        return Err(refused);
    }
    let handles: Vec<_> = group
        .connections
        .iter()
        .filter_map(|id| Some((*id, graph.weights(graph.node(*id).op.weights()?))))
        .collect();
    let scale = weights::common_scale(handles.iter().map(|(_, w)| *w));
    let mut refused = Vec::new();
    let (mut weight_error, mut bias_error) = (0f64, 0f64);
    for (id, handle) in &handles {
        let (integers, error) = weights::integers(handle, scale);
        weight_error = weight_error.max(error);
        if integers.statistics().nonzero == 0 {
            refused.push(all_zero(graph, *id, handle, scale));
        }
        weights_of.insert(*id, integers);
        if let Op::Conv2d(snnc_ir::graph::op::Conv2d { bias: Some(bias), .. })
        | Op::Linear(snnc_ir::graph::op::Linear { bias: Some(bias), .. }) = &mut out.nodes[id.index()].op
            && let Bias::Real(real) = bias
        {
            let (integer, error) = weights::bias(real, scale);
            bias_error = bias_error.max(error);
            *bias = Bias::Integer(integer);
        }
    }
    let mut errors = Vec::new();
    for id in &group.neurons {
        let node = graph.node(*id);
        let Op::Neuron(neuron) = &node.op else { continue };
        let Neuron::Real(spec) = neuron.as_ref() else { continue };
        match neuron::quantise(spec, scale, rules.fixed.as_ref()) {
            Ok((integer, loss)) => {
                out.nodes[id.index()].op = Op::Neuron(Box::new(Neuron::Integer(integer, FixedPoint::LAVA)));
                errors.push((
                    *id,
                    LayerError {
                        layer: node.name.clone(),
                        scale,
                        weight: weight_error,
                        threshold: loss.threshold,
                        decay: loss.decay,
                        bias: bias_error.max(loss.bias),
                    },
                ));
            }
            Err(problem) => refused.push(problem.diagnostic(graph, *id)),
        }
    }
    if refused.is_empty() { Ok(errors) } else { Err(refused) }
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
