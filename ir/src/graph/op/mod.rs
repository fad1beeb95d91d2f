//! Operators, one file each. Each says what shape it makes of what it is given.

mod add;
mod concat;
mod conv2d;
mod delay;
mod input;
mod linear;
mod pool;
mod reshape;
mod slice;

pub use concat::concat_shape;
pub use conv2d::Conv2d;
pub use delay::Delay;
pub use input::{Input, Values};
pub use linear::Linear;
pub use pool::{MaxPool, SumPool, Window};
pub use reshape::reshape_shape;
pub use slice::Slice;

use super::param::Param;
use super::shape::Shape;
use super::weights::WeightId;
use crate::neuron::Neuron;
use thiserror::Error;

/// A bias of a connection, one value per output channel or per output.
#[derive(Clone, Debug, PartialEq)]
pub enum Bias {
    /// In a real graph.
    Real(Param<f32>),
    /// In an integer graph, in units of the weights.
    Integer(Param<i32>),
}

impl Bias {
    /// Whether the number of values fits the shape.
    pub fn fits(&self, shape: Shape) -> bool {
        match self {
            Self::Real(p) => p.fits(shape),
            Self::Integer(p) => p.fits(shape),
        }
    }
}

/// What a node computes from its inputs in one step.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Events from outside.
    Input(Input),
    /// Two-dimensional convolution (cross-correlation, as in ONNX).
    Conv2d(Conv2d),
    /// Fully connected layer over the flattened input.
    Linear(Linear),
    /// Sum over windows, divided by a constant.
    SumPool(SumPool),
    /// Maximum over windows.
    MaxPool(MaxPool),
    /// Element-wise sum of all inputs.
    Add,
    /// Concatenation along the channels.
    Concat,
    /// Another shape for the same elements in C, H, W order.
    Reshape,
    /// A box cut out of the input.
    Slice(Slice),
    /// The input of some steps ago; zero before.
    Delay(Delay),
    /// A layer of neurons, one per element.
    Neuron(Box<Neuron>),
    /// A result of the network.
    Output,
}

/// Why an operator cannot take the inputs it is given.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ShapeError {
    /// Wrong number of inputs.
    #[error("takes {expected} input(s), has {found}")]
    Arity {
        /// How many it takes, in words.
        expected: &'static str,
        /// How many it has.
        found: usize,
    },
    /// Anything else, in words.
    #[error("{0}")]
    Mismatch(String),
}

impl Op {
    /// The operator's name in the text form.
    pub fn mnemonic(&self) -> &'static str {
        match self {
            Self::Input(_) => "input",
            Self::Conv2d(_) => "conv2d",
            Self::Linear(_) => "linear",
            Self::SumPool(_) => "sum_pool",
            Self::MaxPool(_) => "max_pool",
            Self::Add => "add",
            Self::Concat => "concat",
            Self::Reshape => "reshape",
            Self::Slice(_) => "slice",
            Self::Delay(_) => "delay",
            Self::Neuron(n) => n.mnemonic(),
            Self::Output => "output",
        }
    }

    /// The shape of the output. `declared` is what the node says; it decides only where the inputs do
    /// not (an input, a reshape).
    ///
    /// # Errors
    /// When the inputs do not fit the operator.
    pub fn output_shape(&self, inputs: &[Shape], declared: Shape) -> Result<Shape, ShapeError> {
        let one = || match inputs {
            [shape] => Ok(*shape),
            _ => Err(ShapeError::Arity { expected: "one", found: inputs.len() }),
        };
        match self {
            Self::Input(_) if inputs.is_empty() => Ok(declared),
            Self::Input(_) => Err(ShapeError::Arity { expected: "no", found: inputs.len() }),
            Self::Conv2d(op) => op.output_shape(one()?),
            Self::Linear(op) => op.output_shape(one()?),
            Self::SumPool(op) => op.window.output_shape(one()?),
            Self::MaxPool(op) => op.window.output_shape(one()?),
            Self::Add => add::add_shape(inputs),
            Self::Concat => concat_shape(inputs),
            Self::Reshape => reshape_shape(one()?, declared),
            Self::Slice(op) => op.output_shape(one()?),
            Self::Delay(_) | Self::Neuron(_) | Self::Output => one(),
        }
    }

    /// The weights that the operator reads.
    pub fn weights(&self) -> Option<WeightId> {
        match self {
            Self::Conv2d(op) => Some(op.weights),
            Self::Linear(op) => Some(op.weights),
            _ => None,
        }
    }
}
