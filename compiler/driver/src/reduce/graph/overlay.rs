//! Values of a changed graph over those of the old one.
//!
//! Every new element stands for an old one. Where an axis became shorter the first elements stay; where one
//! became longer they repeat. Weights and parameters follow their elements.

use snnc_ir::graph::op::Bias;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;

/// A new value over the old one that it stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Overlay {
    pub(super) shape: Shape,
    /// The shape of the old value.
    pub(super) old: Shape,
    /// Flat position in the old value of each new element; absent when each is itself.
    pub(super) from: Option<Vec<usize>>,
}

impl Overlay {
    pub(super) fn same(shape: Shape) -> Self {
        Self { shape, old: shape, from: None }
    }

    /// By coordinates, each modulo the old size.
    pub(super) fn wrap(shape: Shape, old: Shape) -> Self {
        let channels: Vec<usize> = (0..shape.c).map(|c| c % old.c).collect();
        Self::channels(shape, old, &channels)
    }

    /// By coordinates, with the old channel of each new one.
    pub(super) fn channels(shape: Shape, old: Shape, channels: &[usize]) -> Self {
        if shape == old && channels.iter().enumerate().all(|(k, c)| k == *c) {
            return Self::same(shape);
        }
        let mut from = Vec::with_capacity(shape.len());
        for c in channels {
            for y in 0..shape.h {
                from.extend((0..shape.w).map(|x| old.index(*c, y % old.h, x % old.w)));
            }
        }
        Self { shape, old, from: Some(from) }
    }

    pub(super) fn at(&self, element: usize) -> usize {
        self.from.as_ref().map_or(element, |from| from[element])
    }

    /// The old channel of a new one.
    pub(super) fn channel(&self, channel: usize) -> usize {
        self.at(channel * self.shape.plane()) / self.old.plane()
    }

    pub(super) fn param<S: Copy>(&self, param: &Param<S>) -> Param<S> {
        match param {
            Param::Scalar(value) => Param::Scalar(*value),
            Param::PerChannel(values) => {
                Param::PerChannel((0..self.shape.c).map(|c| values[self.channel(c)]).collect())
            }
            Param::PerNeuron(values) => {
                Param::PerNeuron((0..self.shape.len()).map(|k| values[self.at(k)]).collect())
            }
        }
    }

    pub(super) fn bias(&self, bias: &Bias) -> Bias {
        match bias {
            Bias::Real(p) => Bias::Real(self.param(p)),
            Bias::Integer(p) => Bias::Integer(self.param(p)),
        }
    }
}
