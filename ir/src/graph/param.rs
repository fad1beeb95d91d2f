//! Parameters of a layer: one value, one per channel or one per neuron.

use super::shape::Shape;

/// A parameter of a layer of shape `[C, H, W]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Param<S> {
    /// One value for the layer.
    Scalar(S),
    /// `C` values.
    PerChannel(Vec<S>),
    /// `C * H * W` values in C, H, W order.
    PerNeuron(Vec<S>),
}

impl<S: Copy> Param<S> {
    /// The value for the neuron at flat position `index` of a layer with `plane` neurons per channel.
    #[inline]
    pub fn at(&self, index: usize, plane: usize) -> S {
        match self {
            Self::Scalar(v) => *v,
            Self::PerChannel(v) => v[index / plane],
            Self::PerNeuron(v) => v[index],
        }
    }

    /// All distinct positions' values.
    pub fn values(&self) -> &[S] {
        match self {
            Self::Scalar(v) => std::slice::from_ref(v),
            Self::PerChannel(v) | Self::PerNeuron(v) => v,
        }
    }

    /// The same kind of parameter with every value mapped.
    pub fn map<R>(&self, f: impl FnMut(&S) -> R) -> Param<R> {
        match self {
            Self::Scalar(v) => {
                let mut f = f;
                Param::Scalar(f(v))
            }
            Self::PerChannel(v) => Param::PerChannel(v.iter().map(f).collect()),
            Self::PerNeuron(v) => Param::PerNeuron(v.iter().map(f).collect()),
        }
    }

    /// Whether the number of values fits the shape.
    pub fn fits(&self, shape: Shape) -> bool {
        match self {
            Self::Scalar(_) => true,
            Self::PerChannel(v) => v.len() == shape.c,
            Self::PerNeuron(v) => v.len() == shape.len(),
        }
    }

    /// The value, when it is the same for every neuron.
    pub fn uniform(&self) -> Option<S>
    where
        S: PartialEq,
    {
        let values = self.values();
        let first = *values.first()?;
        values.iter().all(|v| *v == first).then_some(first)
    }
}
