//! What a name of the ONNX graph stands for.

use super::constant::Constant;
use super::proto::{TensorProto, tensor_proto::DataType};
use snnc_ir::graph::NodeId;

/// The output of a layer, as ONNX sees it.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub node: NodeId,
    /// ONNX dimensions, batch and time included.
    pub dims: Vec<usize>,
    /// How many of them are batch and time.
    pub lead: usize,
    pub ty: DataType,
}

impl Layer {
    /// The dimensions without batch and time.
    pub(crate) fn features(&self) -> &[usize] {
        self.dims.get(self.lead..).unwrap_or_default()
    }

    /// The dimensions of batch and time.
    pub(crate) fn leading(&self) -> &[usize] {
        self.dims.get(..self.lead).unwrap_or_default()
    }
}

/// A layer's output between QuantizeLinear and DequantizeLinear.
#[derive(Clone, Debug)]
pub(crate) struct Quantised {
    pub source: Layer,
    pub scale: f32,
    pub zero_point: i32,
    pub lo: i32,
    pub hi: i32,
    pub relu: bool,
    /// ONNX nodes on the way.
    pub origin: Vec<String>,
    /// Scales of the channels, when the source was divided by them; `scale` is then 1.
    pub channels: Vec<f32>,
    /// The layer that the first DequantizeLinear made of it.
    pub made: Option<Layer>,
}

/// A layer's output held within bounds.
#[derive(Clone, Debug)]
pub(crate) struct Clamped {
    pub source: Layer,
    pub min: f32,
    pub max: f32,
    /// ONNX nodes on the way.
    pub origin: Vec<String>,
}

/// Half of a layer's output, when exporters take it apart and put it together again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Sign,
    Magnitude,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Value<'m> {
    /// A stored tensor that was not needed yet.
    Stored(&'m TensorProto),
    Constant(Constant),
    Layer(Layer),
    /// The output of a Relu or Clip whose readers are all QuantizeLinear.
    Clamped(Clamped),
    /// A layer with zeros around it (top, left, bottom, right), which only a window can read.
    Padded(Layer, [usize; 4], Vec<String>),
    Quantised(Quantised),
    /// Sign or magnitude of a layer, with the ONNX nodes on the way.
    Part(Layer, Part, Vec<String>),
    /// A graph input that is the state of a neuron.
    StateIn,
    /// A state that a neuron gives out.
    StateOut,
    /// A result that nobody may read, and what it is.
    Unreadable(&'static str),
    /// Its node was refused; whoever reads it is refused silently.
    Refused,
}
