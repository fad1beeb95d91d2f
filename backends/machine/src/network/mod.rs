//! The network as a chip sees it: populations and the projections between them.
//!
//! A [`Layer`] is a population of neurons (or an input) with everything that flows into it. Each
//! [`Projection`] is one connection with weights from one source population, with its delay in steps.
//! Pooling, reshapes and concatenations are gone: they are part of the weights.

mod arrivals;
mod block;
mod connected;
pub mod field;
mod graph;
pub mod partition;

pub use arrivals::{Arrivals, Inflow, Kind, Listed, Way, Weighed};
pub use block::Block;

use std::ops::Range;

use snnc_ir::graph::op::{Input, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::Weights;
use snnc_ir::neuron::Neuron;

use connected::Connected;

/// Populations in the order of the source file, sources of events first where they are inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Name of the network.
    pub name: String,
    /// Steps per inference.
    pub steps: u32,
    /// Populations.
    pub layers: Vec<Layer>,
    /// Results, in the order of the graph's outputs.
    pub outputs: Vec<Output>,
}

/// A result of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Name of the output.
    pub name: String,
    /// The population that gives it.
    pub layer: usize,
    /// Steps by which the host must delay it so that all outputs belong to the same step.
    pub delay: u32,
    /// Shape as the source file has it.
    pub shape: Shape,
}

/// A population.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Unique name.
    pub name: String,
    /// Names of the ONNX nodes that it stands for.
    pub origin: Vec<String>,
    /// Channels, rows, columns.
    pub shape: Shape,
    /// Input or neurons.
    pub kind: LayerKind,
    /// What flows in; empty for an input.
    pub projections: Vec<Projection>,
    /// Constant that enters like the projections do, in every step.
    pub bias: Option<Param<i32>>,
}

/// What a population is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerKind {
    /// Events from outside the chip.
    Input(Input),
    /// Neurons, one per element.
    Neurons(Box<Neuron>),
}

/// One connection with weights from one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// Index of the source in [`Network::layers`].
    pub source: usize,
    /// Steps between a spike of the source and its arrival.
    pub delay: u32,
    /// Shape of the source as the connection reads it.
    pub source_shape: Shape,
    /// [`Op::Conv2d`] or [`Op::Linear`]; its weight id means nothing here.
    pub op: Op,
    /// The weights, integers without scale.
    pub weights: Weights,
    /// [`nonzero`](Self::nonzero).
    nonzero: Vec<u64>,
    /// Which weights are not zero; none when all are not.
    connected: Option<Connected>,
    /// Bits of a two's-complement word that holds every weight.
    pub bits: u32,
}

impl Projection {
    /// A projection; counts its non-zero weights.
    pub fn new(source: usize, delay: u32, source_shape: Shape, op: Op, weights: Weights) -> Self {
        let window = weights.shape[2] * weights.shape[3];
        let row = weights.row();
        let bits = weights.statistics().bits().unwrap_or(1);
        let mut nonzero = vec![0; weights.shape[0] * window];
        let mut connected = Connected::none(weights.shape[0], row);
        let mut zeros = false;
        for position in 0..weights.len() {
            if weights.integer(position).unwrap_or(0) == 0 {
                zeros = true;
                continue;
            }
            nonzero[position / row * window + position % window] += 1;
            connected.set(position);
        }
        let connected = zeros.then_some(connected);
        Self { source, delay, source_shape, op, weights, nonzero, connected, bits }
    }

    /// Whether some weight is zero.
    pub fn has_zeros(&self) -> bool {
        self.connected.is_some()
    }

    /// Weights that are not zero, added up over input channels: of a convolution `[out, kh, kw]`, of a linear
    /// layer one per output.
    pub fn nonzero(&self) -> &[u64] {
        &self.nonzero
    }

    /// For every fan-in element how many of these outputs have a weight for it that is not zero.
    fn connections(&self, outputs: &[Range<usize>]) -> Vec<u32> {
        match &self.connected {
            Some(connected) => {
                let mut counts = vec![0; self.fan_in()];
                outputs.iter().for_each(|outputs| connected.count(outputs, &mut counts));
                counts
            }
            None => vec![outputs.iter().map(|o| o.len() as u32).sum(); self.fan_in()],
        }
    }

    /// Fan-in elements of each neuron, padding included.
    pub fn fan_in(&self) -> usize {
        self.weights.row()
    }
}

impl Layer {
    /// Whether it is an input.
    pub fn is_input(&self) -> bool {
        matches!(self.kind, LayerKind::Input(_))
    }

    /// The neurons; `None` for an input.
    pub fn neuron(&self) -> Option<&Neuron> {
        match &self.kind {
            LayerKind::Neurons(n) => Some(n),
            LayerKind::Input(_) => None,
        }
    }

    /// The layer on one line, for diagnostics.
    pub fn line(&self) -> String {
        let op = self.neuron().map_or("input", Neuron::mnemonic);
        format!("{op} {:?} : {}", self.name, self.shape)
    }

    /// Fan-in elements of each neuron over all projections, in their order.
    pub fn fan_in(&self) -> usize {
        self.projections.iter().map(Projection::fan_in).sum()
    }
}
