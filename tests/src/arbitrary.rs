//! Random small networks that pass the verifier, for property tests.
//!
//! A network is built from a list of numbers, each of which decides one thing; a list that has run out
//! decides for the plainest. So proptest finds small networks by making the list shorter and its numbers
//! smaller, and every network it tries is sound.
//!
//! ```
//! use proptest::prelude::*;
//! use snnc_tests::arbitrary::{Config, graph};
//!
//! proptest!(|(graph in graph(Config::INTEGER))| {
//!     prop_assert_eq!(snnc_ir::graph::verify::verify(&graph), Ok(()));
//! });
//! ```

mod build;
mod choices;
mod connection;
mod neuron;

use build::Builder;
use choices::Choices;
use proptest::prelude::*;
use snnc_ir::graph::op::{Input, Op, Values};
use snnc_ir::graph::{Graph, Number};
use snnc_ir::neuron::{Compare, Model, Neuron, Reset, Timing};
use snnc_ir::sim;

/// A kind of layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Convolution: stride and padding.
    Conv,
    /// Convolution: stride, padding, dilation and groups.
    AnyConv,
    /// Fully connected.
    Linear,
    /// Sum or mean over windows; sums only in an integer network.
    SumPool,
    /// Maximum over windows.
    MaxPool,
    /// Another shape.
    Reshape,
    /// A box.
    Slice,
    /// A delay on a forward edge.
    Delay,
    /// A layer of neurons.
    Neuron,
}

/// A neuron model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Integrate-and-fire.
    If,
    /// With leak.
    Lif,
    /// With synaptic current, with and without leak.
    Cuba,
    /// Sigma-delta unit.
    SigmaDelta,
    /// Delta encoder.
    Delta,
    /// Integrator without spikes.
    Integrator,
    /// Quantised activation without state.
    Activation,
}

/// What a random network may hold.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Real or integer.
    pub number: Number,
    /// Most steps per inference.
    pub steps: u32,
    /// Most layers, not counting inputs, outputs and joins.
    pub layers: usize,
    /// Most channels of an input or a convolution, and most outputs of a fully connected layer.
    pub channels: usize,
    /// Most rows and columns of an input.
    pub size: usize,
    /// Kinds of layers.
    pub kinds: &'static [Layer],
    /// Neuron models.
    pub families: &'static [Family],
    /// Whether a neuron may depart from the plainest form of its model.
    pub options: bool,
    /// Whether each connection is followed by neurons.
    pub populations: bool,
    /// Whether a value may be read more than once and joined by `add` and `concat`.
    pub branches: bool,
    /// Whether there are loops through a delay.
    pub recurrence: bool,
    /// Weights lie within `±(2^(weight_bits - 1) - 1)`.
    pub weight_bits: u32,
    /// Whether inputs are 0 or 1 only.
    pub binary_inputs: bool,
}

impl Config {
    /// Everything that a real network can hold.
    pub const REAL: Self = Self {
        number: Number::Real,
        steps: 6,
        layers: 6,
        channels: 4,
        size: 6,
        kinds: &[
            Layer::Conv,
            Layer::Neuron,
            Layer::Linear,
            Layer::SumPool,
            Layer::MaxPool,
            Layer::AnyConv,
            Layer::Reshape,
            Layer::Slice,
            Layer::Delay,
        ],
        families: &[
            Family::If,
            Family::Lif,
            Family::Cuba,
            Family::SigmaDelta,
            Family::Delta,
            Family::Integrator,
            Family::Activation,
        ],
        options: true,
        populations: false,
        branches: true,
        recurrence: true,
        weight_bits: 16,
        binary_inputs: false,
    };

    /// Everything that an integer network can hold.
    pub const INTEGER: Self = Self { number: Number::Integer, ..Self::REAL };

    /// A chain of connections, neurons and pools in real numbers, before quantisation.
    pub const CHAIN: Self = Self {
        kinds: &[Layer::Conv, Layer::Linear, Layer::SumPool],
        families: &[Family::If, Family::Lif],
        populations: true,
        branches: false,
        recurrence: false,
        options: false,
        weight_bits: 8,
        binary_inputs: true,
        ..Self::REAL
    };

    /// Integer populations of 8-bit weights with joins and loops: the form that Loihi 2 runs.
    pub const LOIHI2: Self = Self {
        kinds: &[Layer::Conv, Layer::Linear, Layer::SumPool, Layer::AnyConv],
        families: &[Family::If, Family::Lif, Family::Cuba, Family::Activation],
        options: false,
        populations: true,
        weight_bits: 8,
        ..Self::INTEGER
    };

    /// The same with the spiking neurons that Loihi 1 has too; [`of_fixed_form`] makes them its own.
    pub const LOIHI1: Self =
        Self { families: &[Family::If, Family::Lif, Family::Cuba], binary_inputs: true, ..Self::LOIHI2 };

    /// A chain of integer convolutions, each with integrate-and-fire neurons, and sum pools: the form
    /// that Speck runs.
    pub const SPECK: Self = Self {
        kinds: &[Layer::Conv, Layer::Linear, Layer::SumPool],
        families: &[Family::If],
        branches: false,
        recurrence: false,
        binary_inputs: true,
        ..Self::LOIHI2
    };

    /// A chain of integer convolutions with activations and maximum pools, one step: the form that
    /// AKD1000 runs.
    pub const AKD1000: Self = Self {
        steps: 1,
        kinds: &[Layer::Conv, Layer::Linear, Layer::MaxPool],
        families: &[Family::Activation],
        weight_bits: 4,
        binary_inputs: false,
        ..Self::SPECK
    };
}

/// Networks that pass the verifier.
pub fn graph(config: Config) -> impl Strategy<Value = Graph> + Clone {
    choices(192).prop_map(move |c| Builder::new(config, Choices::new(c)).finish())
}

/// The network with the comparison and the thresholds that Loihi 1 has.
pub fn of_fixed_form(mut graph: Graph) -> Graph {
    for (k, node) in graph.nodes.iter_mut().enumerate() {
        let Op::Neuron(neuron) = &mut node.op else { continue };
        let Neuron::Integer(spec, _) = neuron.as_mut() else { continue };
        let Model::Spiking(m) = &mut spec.model else { continue };
        m.compare = Compare::Greater;
        m.threshold = m.threshold.map(|t| t / 64 * 64 + 64);
        if k % 2 == 0 {
            m.reset = Reset::Zero(Timing::Same);
        }
    }
    graph
}

/// Networks that pass the verifier, each with values for its inputs in every step.
pub fn graph_and_inputs(config: Config) -> impl Strategy<Value = (Graph, Vec<Vec<sim::Values>>)> + Clone {
    (graph(config), choices(64)).prop_map(|(graph, c)| {
        let inputs = inputs(&graph, c);
        (graph, inputs)
    })
}

fn choices(most: usize) -> impl Strategy<Value = Vec<u32>> + Clone {
    prop::collection::vec(any::<u32>(), 0..=most)
}

/// For each step and input, values as the input promises them; the numbers repeat.
fn inputs(graph: &Graph, numbers: Vec<u32>) -> Vec<Vec<sim::Values>> {
    let mut choices = Choices::repeating(numbers);
    let shapes: Vec<_> = graph.inputs().into_iter().map(|id| graph.node(id)).collect();
    let mut step = || {
        let mut all = Vec::new();
        for node in &shapes {
            let Op::Input(Input { values }) = node.op else { continue };
            let mut one = || match values {
                Values::Binary => choices.below(2) as i32,
                Values::Integer { lo, hi } | Values::Quantised { lo, hi, .. } => choices.range(lo, hi),
                Values::Real => choices.range(-32, 32),
            };
            let integers: Vec<i32> = (0..node.shape.len()).map(|_| one()).collect();
            let sixteenths = if values == Values::Real { 16.0 } else { 1.0 };
            all.push(match graph.number {
                Number::Integer => sim::Values::Integer(integers),
                Number::Real => {
                    sim::Values::Real(integers.into_iter().map(|v| v as f32 / sixteenths).collect())
                }
            });
        }
        all
    };
    (0..graph.steps).map(|_| step()).collect()
}
