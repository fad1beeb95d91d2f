//! Moves on a network in the IR: one file a kind, all through [`rebuild`], which carries shapes through.

mod cut;
mod extent;
mod kernel;
mod neuron;
mod numbers;
mod overlay;
mod params;
mod rebuild;
mod steps;

use snnc_ir::graph::Graph;
use snnc_ir::graph::op::{Bias, Input, Op, Values};
use snnc_ir::graph::verify::verify;
use snnc_ir::text;

use super::search::{Kind, Move, Subject};

/// A graph in the search.
#[derive(Clone, Debug)]
pub struct Network(pub Graph);

/// Every kind of move, in the order in which they are tried.
pub const KINDS: &[Kind<Network>] = &[
    Kind { name: "outputs", moves: cut::outputs },
    Kind { name: "cut", moves: cut::behind },
    Kind { name: "inputs", moves: cut::before },
    Kind { name: "bypass", moves: cut::bypass },
    Kind { name: "operands", moves: cut::operands },
    Kind { name: "steps", moves: steps::moves },
    Kind { name: "extent", moves: extent::moves },
    Kind { name: "kernels", moves: kernel::moves },
    Kind { name: "neurons", moves: neuron::moves },
    Kind { name: "weights", moves: numbers::moves },
];

/// What a move on a graph lowers: the first that differs decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Measure {
    /// Nodes that calculate something.
    layers: usize,
    /// Connections between nodes, and inputs.
    edges: usize,
    /// Steps of the network and of its delays.
    steps: u64,
    /// Elements of all values.
    elements: usize,
    /// Weights.
    weights: usize,
    /// Values of biases and of parameters of neurons.
    parameters: usize,
    /// What of a layer is not at its plainest.
    options: usize,
    /// Numbers that are not at their plainest.
    numbers: usize,
}

impl Subject for Network {
    type Measure = Measure;

    fn measure(&self) -> Measure {
        let graph = &self.0;
        let mut out = Measure {
            layers: 0,
            edges: 0,
            steps: u64::from(graph.steps),
            elements: 0,
            weights: graph.weights.iter().map(|w| w.len()).sum(),
            parameters: 0,
            options: 0,
            numbers: graph.weights.iter().map(numbers::plainness).sum(),
        };
        for node in &graph.nodes {
            out.edges += node.inputs.len();
            out.elements = out.elements.saturating_add(node.shape.len());
            match &node.op {
                Op::Input(input) => {
                    out.edges += 1;
                    out.options += range(*input);
                    continue;
                }
                Op::Neuron(neuron) => {
                    out.parameters += params::count(neuron);
                    out.options += neuron::options(neuron);
                    out.numbers += params::unlike(neuron);
                }
                Op::Conv2d(conv) => {
                    out.options += kernel::options(conv);
                    out.parameters += bias(conv.bias.as_ref());
                }
                Op::Linear(linear) => out.parameters += bias(linear.bias.as_ref()),
                Op::SumPool(pool) => {
                    out.options += kernel::window_options(&pool.window) + usize::from(pool.divisor != 1)
                }
                Op::MaxPool(pool) => out.options += kernel::window_options(&pool.window),
                Op::Delay(delay) => out.steps += u64::from(delay.steps),
                Op::Add | Op::Concat | Op::Reshape | Op::Slice(_) | Op::Output => {}
            }
            out.layers += 1;
        }
        out
    }

    fn digest(&self) -> [u8; 32] {
        let (text, weights) = text::print_with_blob(&self.0);
        *blake3::Hasher::new().update(text.as_bytes()).update(&weights).finalize().as_bytes()
    }
}

fn bias(bias: Option<&Bias>) -> usize {
    match bias {
        None => 0,
        Some(Bias::Real(p)) => p.values().len(),
        Some(Bias::Integer(p)) => p.values().len(),
    }
}

/// How far the values of an input are from 0 and 1.
fn range(input: Input) -> usize {
    match input.values {
        Values::Binary => 0,
        Values::Integer { .. } => 1,
        Values::Quantised { .. } => 2,
        Values::Real => 3,
    }
}

/// The number of neurons: elements of the layers of neurons.
pub fn neurons(graph: &Graph) -> u64 {
    let neurons = graph.nodes.iter().filter(|n| matches!(n.op, Op::Neuron(_)));
    neurons.map(|n| n.shape.len() as u64).sum()
}

/// The graph without what no output needs, when it is sound.
fn sound(graph: &Graph) -> Option<Network> {
    let tidy = tidy(graph);
    verify(&tidy).is_ok().then_some(Network(tidy))
}

/// The graph without nodes that no output needs, and without weights that no node reads.
fn tidy(graph: &Graph) -> Graph {
    let mut needed = vec![false; graph.nodes.len()];
    let mut open = graph.outputs();
    while let Some(id) = open.pop() {
        if !std::mem::replace(&mut needed[id.index()], true) {
            open.extend(&graph.node(id).inputs);
        }
    }
    let mut out = graph.clone();
    let mut place = Vec::with_capacity(needed.len());
    let mut kept = 0;
    for needed in &needed {
        place.push(kept);
        kept += u32::from(*needed);
    }
    let mut flags = needed.iter();
    out.nodes.retain(|_| flags.next() == Some(&true));
    for input in out.nodes.iter_mut().flat_map(|n| &mut n.inputs) {
        input.0 = place[input.index()];
    }
    keep_used_weights(&mut out);
    out
}

fn keep_used_weights(graph: &mut Graph) {
    let all = std::mem::take(&mut graph.weights);
    let mut place = std::collections::BTreeMap::new();
    for node in &mut graph.nodes {
        let id = match &mut node.op {
            Op::Conv2d(op) => &mut op.weights,
            Op::Linear(op) => &mut op.weights,
            _ => continue,
        };
        let new = *place.entry(id.0).or_insert_with(|| {
            graph.weights.push(all[id.0 as usize].clone());
            graph.weights.len() as u32 - 1
        });
        id.0 = new;
    }
}

/// Every move that changes one node alone, by `variants` of its operator: same inputs, weights kept.
fn alone(graph: &Graph, variants: impl Fn(&Op) -> Vec<Op>) -> Vec<Move<Network>> {
    let mut out: Vec<Move<Network>> = Vec::new();
    for (k, node) in graph.nodes.iter().enumerate() {
        for op in variants(&node.op) {
            out.push(Box::new(move |network: &Network| {
                let mut graph = network.0.clone();
                graph.nodes.get_mut(k)?.op = op.clone();
                sound(&graph)
            }));
        }
    }
    out
}
