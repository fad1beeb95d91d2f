//! Quantisation of a real network to the chip's integers, as sinabs does it.
//!
//! A layer is a connection with the neurons behind it; all that it has shares one scale, the greatest with which
//! weights and biases fit 8 bits and threshold, lower limit and initial states 16 ([`scale`]). Average pools
//! become sums, and the weights behind them take the divisors up ([`average`]). The neurons give out whole
//! spikes, so that every layer starts anew.

mod average;
mod kept;
mod layer;
mod layers;
mod neuron;
mod refusal;
pub mod scale;

use std::collections::BTreeMap;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Input, Op, SumPool, Values};
use snnc_ir::graph::weights::{WeightId, Weights};
use snnc_ir::graph::{Graph, NodeId, Number};

use average::Factor;
use refusal::{about, refuse};

/// Widths of the chip's words in bits, sign included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// A weight, at most 8. Biases are quantised to as many bits, though they have a word of their own.
    pub weight: u32,
    /// The word of a bias.
    pub bias: u32,
    /// A state, a threshold, a lower limit; at most 32.
    pub state: u32,
}

/// What quantisation did to one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerError {
    /// Name of the layer of neurons.
    pub layer: String,
    /// Integers per 1.
    pub scale: f32,
    /// Greatest difference between a weight and its integer, in integers.
    pub weight: f64,
    /// The same of biases and initial states.
    pub bias: f64,
    /// Difference between the threshold and its integer, relative to the threshold.
    pub threshold: f64,
    /// Difference between the lower limit and its integer, in integers.
    pub v_min: f64,
}

impl LayerError {
    /// Whether every parameter kept its value.
    pub fn is_exact(&self) -> bool {
        [self.weight, self.bias, self.threshold, self.v_min].iter().all(|e| *e == 0.0)
    }
}

/// A network in the chip's integers.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// The integer graph.
    pub graph: Graph,
    /// One entry per layer whose parameters were quantised, in graph order.
    pub errors: Vec<LayerError>,
    /// Warnings about averages that have no exact form.
    pub warnings: Vec<Diagnostic>,
}

/// Quantises a verified real graph whose averages were kept. An integer graph is checked and kept bit for bit.
///
/// # Errors
/// Every layer without an integer form on the chip.
pub fn quantise(graph: &Graph, widths: Widths) -> Result<Quantised, Vec<Diagnostic>> {
    if graph.number == Number::Integer {
        let refused = kept::check(graph, widths);
        let kept = || Quantised { graph: graph.clone(), errors: Vec::new(), warnings: Vec::new() };
        return if refused.is_empty() { Ok(kept()) } else { Err(refused) };
    }
    let layers = layers::layers(graph)?;
    let mut out = Graph { number: Number::Integer, weights: Vec::new(), ..graph.clone() };
    let mut refused = inputs(graph, &mut out);
    let mut warnings = Vec::new();
    sums_for_averages(graph, &mut out, &mut warnings, &mut refused);
    let mut errors = Vec::new();
    let mut weights: BTreeMap<NodeId, Weights> = BTreeMap::new();
    for layer in &layers {
        match layer::quantise(graph, layer, widths, &mut warnings) {
            Ok(Some(made)) => {
                errors.push(made.error);
                weights.extend(made.weights);
                for (id, op) in made.ops {
                    out.nodes[id.index()].op = op;
                }
            }
            Ok(None) => {}
            Err(problem) => refused.push(*problem),
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    for (id, weights) in weights {
        let new = WeightId(out.weights.len() as u32);
        out.weights.push(weights);
        match &mut out.nodes[id.index()].op {
            Op::Conv2d(conv) => conv.weights = new,
            Op::Linear(linear) => linear.weights = new,
            _ => {}
        }
    }
    Ok(Quantised { graph: out, errors, warnings })
}

/// Inputs of the chip are events: none, one or several of a place in a step.
fn inputs(graph: &Graph, out: &mut Graph) -> Vec<Diagnostic> {
    let mut refused = Vec::new();
    for id in graph.inputs() {
        let Op::Input(input) = &mut out.nodes[id.index()].op else { continue };
        match input.values {
            Values::Real => *input = Input { values: Values::Integer { lo: 0, hi: i32::MAX } },
            Values::Integer { lo, .. } if lo < 0 => refused.push(negative_events(graph, id)),
            _ => {}
        }
    }
    refused
}

/// Averages become sums; the weights behind them take the divisors up. An output behind one counts more.
fn sums_for_averages(
    graph: &Graph,
    out: &mut Graph,
    warnings: &mut Vec<Diagnostic>,
    refused: &mut Vec<Diagnostic>,
) {
    for node in &mut out.nodes {
        if let Op::SumPool(pool) = &mut node.op {
            *pool = SumPool { divisor: 1, ..*pool };
        }
    }
    for id in graph.outputs() {
        match average::in_front_of(graph, id) {
            Some(Factor::One(1.0)) => {}
            Some(Factor::Compromise { .. }) => refused.push(refuse(
                graph,
                id,
                "brings averages over windows of unlike sizes together",
                "no weights take their divisors up",
                "use averages over windows of one size, or give them to outputs of their own",
            )),
            Some(Factor::One(factor)) => warnings.push(
                about(
                    graph,
                    id,
                    Code::LossyQuantisation,
                    format!("counts 1 where the network has {factor}"),
                )
                .label("no weights behind the average take its divisor up")
                .remedy("nothing, where the elements of the output are compared with each other; else use sum pooling"),
            ),
            None => refused.push(average::too_many(graph, id)),
        }
    }
}

fn negative_events(graph: &Graph, id: NodeId) -> Diagnostic {
    refuse(
        graph,
        id,
        "takes negative values",
        "the chip's events have no sign",
        "give each polarity a channel of its own",
    )
}
