//! The language of the e-graph.
//!
//! Three kinds of terms share it:
//!
//! - **values**, as the graph has them: weights, pooling, sums, neurons;
//! - **mapped** terms, in the chip's vocabulary: [`Snn::Pop`], a population in some form with an encoding and a
//!   tile. The tile is a leaf child, so that a finer tile is one more small term and not a tree of slices;
//! - **leaves**: inputs, constants, tiles, encodings.
//!
//! Weights, constants, neurons and forms stand in a [`Store`] and are named by numbers in terms. Equal ones have
//! equal numbers, so what is computed twice becomes one class by itself.

pub(crate) use build::{compress, shape_of};
pub(crate) use form::{MAX_TERMS, Sum, is_constant, sums};

mod build;
mod form;
mod store;

pub use build::{Built, build};
pub use form::{Form, Source, Term, forms, source};
pub use store::{ConstantId, FormId, Kernel, KernelId, NeuronId, Store};

use std::fmt;

use egg::{Id, Language};
use snnc_ir::graph::op::{Slice, Window};
use snnc_ir::graph::shape::Shape;
use snnc_machine::target::Tile;

use crate::analysis::Analysis;

/// An e-graph over networks.
pub type EGraph = egg::EGraph<Snn, Analysis>;

/// A window as numbers: kernel, stride, padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowKey([u32; 8]);

/// The box of a slice as numbers: start, end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoxKey([u32; 6]);

/// A term of the language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Snn {
    /// An input of the network, by its node.
    Input(u32),
    /// What a population gave in earlier steps, where a loop closes: the population of that node.
    Loop(u32),
    /// The same values in every step.
    Constant(ConstantId),
    /// Another shape for the same elements in C, H, W order.
    Reshape(Shape, [Id; 1]),
    /// A box cut out of a value.
    Slice(BoxKey, [Id; 1]),
    /// Values of some steps ago.
    Delay(u32, [Id; 1]),
    /// A convolution or linear layer, without bias, of the elements in C, H, W order.
    Weigh(KernelId, [Id; 1]),
    /// Sum over windows.
    SumPool(WindowKey, [Id; 1]),
    /// Maximum over windows.
    MaxPool(WindowKey, [Id; 1]),
    /// Element-wise sum.
    Add(Box<[Id]>),
    /// Concatenation along the channels.
    Concat(Box<[Id]>),
    /// Neurons, one per element.
    Neuron(NeuronId, [Id; 1]),
    /// A population on cores: a form, and as children its tile, its encoding and the populations that it reads.
    Pop(FormId, Box<[Id]>),
    /// Parts per axis.
    Tile(Tile),
    /// Name of an encoding.
    Encoding(&'static str),
}

/// What a term is, whatever it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`Snn::Input`], [`Snn::Loop`], [`Snn::Constant`], [`Snn::Tile`], [`Snn::Encoding`].
    Leaf,
    /// [`Snn::Reshape`].
    Reshape,
    /// [`Snn::Slice`].
    Slice,
    /// [`Snn::Delay`].
    Delay,
    /// [`Snn::Weigh`].
    Weigh,
    /// [`Snn::SumPool`].
    SumPool,
    /// [`Snn::MaxPool`].
    MaxPool,
    /// [`Snn::Add`].
    Add,
    /// [`Snn::Concat`].
    Concat,
    /// [`Snn::Neuron`].
    Neuron,
    /// [`Snn::Pop`].
    Pop,
}

impl Language for Snn {
    type Discriminant = Kind;

    fn discriminant(&self) -> Kind {
        match self {
            Self::Input(_) | Self::Loop(_) | Self::Constant(_) | Self::Tile(_) | Self::Encoding(_) => {
                Kind::Leaf
            }
            Self::Reshape(..) => Kind::Reshape,
            Self::Slice(..) => Kind::Slice,
            Self::Delay(..) => Kind::Delay,
            Self::Weigh(..) => Kind::Weigh,
            Self::SumPool(..) => Kind::SumPool,
            Self::MaxPool(..) => Kind::MaxPool,
            Self::Add(_) => Kind::Add,
            Self::Concat(_) => Kind::Concat,
            Self::Neuron(..) => Kind::Neuron,
            Self::Pop(..) => Kind::Pop,
        }
    }

    fn matches(&self, other: &Self) -> bool {
        let same = match (self, other) {
            (Self::Input(a), Self::Input(b)) | (Self::Loop(a), Self::Loop(b)) => a == b,
            (Self::Constant(a), Self::Constant(b)) => a == b,
            (Self::Reshape(a, _), Self::Reshape(b, _)) => a == b,
            (Self::Slice(a, _), Self::Slice(b, _)) => a == b,
            (Self::Delay(a, _), Self::Delay(b, _)) => a == b,
            (Self::Weigh(a, _), Self::Weigh(b, _)) => a == b,
            (Self::SumPool(a, _), Self::SumPool(b, _)) | (Self::MaxPool(a, _), Self::MaxPool(b, _)) => a == b,
            (Self::Add(_), Self::Add(_)) | (Self::Concat(_), Self::Concat(_)) => true,
            (Self::Neuron(a, _), Self::Neuron(b, _)) => a == b,
            (Self::Pop(a, _), Self::Pop(b, _)) => a == b,
            (Self::Tile(a), Self::Tile(b)) => a == b,
            (Self::Encoding(a), Self::Encoding(b)) => a == b,
            _ => false,
        };
        same && self.children().len() == other.children().len()
    }

    fn children(&self) -> &[Id] {
        match self {
            Self::Input(_) | Self::Loop(_) | Self::Constant(_) | Self::Tile(_) | Self::Encoding(_) => &[],
            Self::Reshape(_, x)
            | Self::Slice(_, x)
            | Self::Delay(_, x)
            | Self::Weigh(_, x)
            | Self::SumPool(_, x)
            | Self::MaxPool(_, x)
            | Self::Neuron(_, x) => x,
            Self::Add(xs) | Self::Concat(xs) | Self::Pop(_, xs) => xs,
        }
    }

    fn children_mut(&mut self) -> &mut [Id] {
        match self {
            Self::Input(_) | Self::Loop(_) | Self::Constant(_) | Self::Tile(_) | Self::Encoding(_) => &mut [],
            Self::Reshape(_, x)
            | Self::Slice(_, x)
            | Self::Delay(_, x)
            | Self::Weigh(_, x)
            | Self::SumPool(_, x)
            | Self::MaxPool(_, x)
            | Self::Neuron(_, x) => x,
            Self::Add(xs) | Self::Concat(xs) | Self::Pop(_, xs) => xs,
        }
    }
}

impl fmt::Display for Snn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(k) => write!(f, "input{k}"),
            Self::Loop(k) => write!(f, "loop{k}"),
            Self::Constant(k) => write!(f, "constant{}", k.0),
            Self::Reshape(shape, _) => write!(f, "reshape-{shape}"),
            Self::Slice(..) => f.write_str("slice"),
            Self::Delay(steps, _) => write!(f, "delay-{steps}"),
            Self::Weigh(k, _) => write!(f, "weigh{}", k.0),
            Self::SumPool(..) => f.write_str("sum-pool"),
            Self::MaxPool(..) => f.write_str("max-pool"),
            Self::Add(_) => f.write_str("add"),
            Self::Concat(_) => f.write_str("concat"),
            Self::Neuron(k, _) => write!(f, "neuron{}", k.0),
            Self::Pop(k, _) => write!(f, "pop{}", k.0),
            Self::Tile(tile) => write!(f, "{tile}"),
            Self::Encoding(name) => f.write_str(name),
        }
    }
}

impl From<&Window> for WindowKey {
    fn from(w: &Window) -> Self {
        let all = w.kernel.iter().chain(&w.stride).chain(&w.pad);
        let mut out = [0; 8];
        out.iter_mut().zip(all).for_each(|(to, from)| *to = *from as u32);
        Self(out)
    }
}

impl WindowKey {
    /// The window.
    pub fn window(self) -> Window {
        let [kh, kw, sh, sw, top, left, bottom, right] = self.0.map(|n| n as usize);
        Window { kernel: [kh, kw], stride: [sh, sw], pad: [top, left, bottom, right] }
    }
}

impl From<&Slice> for BoxKey {
    fn from(s: &Slice) -> Self {
        let mut out = [0; 6];
        out.iter_mut().zip(s.start.iter().chain(&s.end)).for_each(|(to, from)| *to = *from as u32);
        Self(out)
    }
}

impl BoxKey {
    /// The slice.
    pub fn slice(self) -> Slice {
        let [c, y, x, c1, y1, x1] = self.0.map(|n| n as usize);
        Slice { start: [c, y, x], end: [c1, y1, x1] }
    }
}
