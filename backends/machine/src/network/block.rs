//! A box of neurons of a population.

use std::ops::Range;

use snnc_ir::graph::shape::Shape;

/// Contiguous channels, rows and columns of a population, and the fan-in elements that are added up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// Channels.
    pub channels: Range<usize>,
    /// Rows.
    pub rows: Range<usize>,
    /// Columns.
    pub cols: Range<usize>,
    /// Elements of each neuron's fan-in, over all projections in their order.
    pub fan_in: Range<usize>,
}

impl Block {
    /// All neurons of a population with their whole fan-in.
    pub fn whole(shape: Shape, fan_in: usize) -> Self {
        Self { channels: 0..shape.c, rows: 0..shape.h, cols: 0..shape.w, fan_in: 0..fan_in }
    }

    /// Number of neurons.
    pub fn neurons(&self) -> u64 {
        (self.channels.len() * self.rows.len() * self.cols.len()) as u64
    }

    /// Number of rows times columns.
    pub fn positions(&self) -> u64 {
        (self.rows.len() * self.cols.len()) as u64
    }

    /// Flat positions of the neurons in a population of that shape, ascending.
    pub fn each(&self, shape: Shape, mut visit: impl FnMut(usize)) {
        for c in self.channels.clone() {
            for y in self.rows.clone() {
                for x in self.cols.clone() {
                    visit(shape.index(c, y, x));
                }
            }
        }
    }
}
