//! How large integer events and sums can become, from ranges and weights alone.

use std::collections::BTreeMap;

use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op, Values};
use snnc_ir::graph::weights::Weights;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Emission, Model, Neuron, Spec};

/// Greatest magnitudes of what sources give out. Infinite where nothing bounds graded events; an input or
/// a count that says nothing of its values is taken for spikes.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    sources: BTreeMap<NodeId, f64>,
}

/// An input of a wider type says nothing of its values.
const WIDEST: i64 = 1 << 16;

impl Bounds {
    /// What a quantised population gives out at most.
    pub(super) fn set(&mut self, id: NodeId, most: f64) {
        self.sources.insert(id, most);
    }

    /// What a source gives out at most.
    pub(super) fn source(&self, graph: &Graph, id: NodeId) -> f64 {
        if let Some(known) = self.sources.get(&id) {
            return *known;
        }
        match &graph.node(id).op {
            Op::Input(input) => match input.values {
                Values::Integer { lo, hi } => {
                    let most = i64::from(lo).abs().max(i64::from(hi).abs());
                    if most < WIDEST / 2 - 1 { most as f64 } else { 1.0 }
                }
                Values::Quantised { lo, hi, .. } => f64::from(lo).abs().max(f64::from(hi).abs()),
                Values::Binary | Values::Real => 1.0,
            },
            Op::Neuron(n) => match n.as_ref() {
                Neuron::Real(Spec { model, .. }) => of_model(model),
                Neuron::Integer(..) => f64::INFINITY,
            },
            _ => 0.0,
        }
    }

    /// The greatest magnitude of an element of a node. `quantised` has the integer weights and biases.
    pub(super) fn of(
        &self,
        graph: &Graph,
        id: NodeId,
        quantised: &BTreeMap<NodeId, Weights>,
        biased: &Graph,
    ) -> f64 {
        let mut most: BTreeMap<NodeId, f64> = BTreeMap::new();
        let mut stack = vec![id];
        while let Some(at) = stack.last().copied() {
            let node = graph.node(at);
            let source = matches!(node.op, Op::Input(_) | Op::Neuron(_));
            let waiting: Vec<NodeId> = match source {
                true => Vec::new(),
                false => node.inputs.iter().copied().filter(|i| !most.contains_key(i)).collect(),
            };
            if !waiting.is_empty() && !most.contains_key(&at) {
                // A loop of delays alone holds zeros.
                if stack.len() > graph.nodes.len() {
                    most.insert(at, 0.0);
                } else {
                    stack.extend(waiting);
                }
                continue;
            }
            stack.pop();
            let of = |i: &NodeId| most.get(i).copied().unwrap_or(0.0);
            let greatest = node.inputs.iter().map(of).fold(0.0, f64::max);
            let value = match &node.op {
                Op::Input(_) | Op::Neuron(_) => self.source(graph, at),
                Op::Conv2d(_) | Op::Linear(_) => {
                    let row = quantised.get(&at).map_or(0.0, greatest_row);
                    let sum = if row == 0.0 { 0.0 } else { row * greatest };
                    sum + greatest_bias(&biased.node(at).op)
                }
                Op::Add => node.inputs.iter().map(of).sum(),
                Op::SumPool(p) => greatest * (p.window.kernel[0] * p.window.kernel[1]) as f64,
                _ => greatest,
            };
            most.entry(at).or_insert(value);
        }
        most.get(&id).copied().unwrap_or(0.0)
    }
}

/// The sum of magnitudes of the weights of an output, where it is greatest.
fn greatest_row(weights: &Weights) -> f64 {
    let row = weights.row().max(1);
    let sum = |o: usize| {
        let of = |k| f64::from(weights.integer(k).unwrap_or(0).unsigned_abs());
        (o * row..(o + 1) * row).map(of).sum::<f64>()
    };
    (0..weights.len() / row).map(sum).fold(0.0, f64::max)
}

fn greatest_bias(op: &Op) -> f64 {
    match op {
        Op::Conv2d(Conv2d { bias: Some(Bias::Integer(p)), .. })
        | Op::Linear(Linear { bias: Some(Bias::Integer(p)), .. }) => {
            p.values().iter().map(|v| f64::from(v.unsigned_abs())).fold(0.0, f64::max)
        }
        _ => 0.0,
    }
}

fn of_model(model: &Model<f32>) -> f64 {
    match model {
        Model::Spiking(s) => match &s.emission {
            Emission::Count { max: Some(max) } => {
                max.values().iter().map(|v| f64::from(v.abs())).fold(1.0, f64::max)
            }
            // Of a neuron that was not quantised yet the value is not known; it has few bits.
            Emission::Binary | Emission::Count { max: None } | Emission::Scaled(_) => 1.0,
        },
        Model::Activation(a) => {
            let level = |l: i32| (f64::from(l) - f64::from(a.zero_point)).abs();
            level(a.lo).max(level(a.hi))
        }
        Model::SigmaDelta(_) | Model::Delta(_) | Model::Integrator(_) => f64::INFINITY,
    }
}
