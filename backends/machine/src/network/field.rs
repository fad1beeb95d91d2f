//! Receptive fields: what a block of a population reads.

use std::ops::Range;

use snnc_ir::graph::op::{Conv2d, Op};
use snnc_ir::graph::shape::Shape;

use super::{Block, Projection};

/// What one projection brings into a block of its population, when every source neuron fires once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// Connections, zero weights included.
    pub stored: u64,
    /// Connections with a weight that is not zero.
    pub nonzero: u64,
    /// Source neurons with at least one connection into the block.
    pub sources: u64,
}

/// Along one axis: for each kernel element how many positions of `range` have it inside the input, and
/// how many input positions are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// One count per kernel element.
    pub taps: Vec<u64>,
    /// Input positions that are read.
    pub read: Vec<usize>,
}

/// The span of rows (`axis` 0) or columns (`axis` 1) of a convolution.
pub fn span(conv: &Conv2d, axis: usize, size: usize, range: &Range<usize>) -> Span {
    let kernel = conv.kernel[2 + axis];
    let mut taps = vec![0; kernel];
    let mut read = vec![false; size];
    for out in range.clone() {
        for (k, count) in taps.iter_mut().enumerate() {
            let at = (out * conv.stride[axis] + k * conv.dilation[axis]).checked_sub(conv.pad[axis]);
            if let Some(at) = at.filter(|at| *at < size) {
                *count += 1;
                read[at] = true;
            }
        }
    }
    Span { taps, read: (0..size).filter(|k| read[*k]).collect() }
}

/// The groups of a convolution that a range of output channels touches, with the number of its channels
/// in each.
pub fn groups(conv: &Conv2d, channels: &Range<usize>) -> Vec<(usize, u64)> {
    let per_group = (conv.kernel[0] / conv.groups.max(1)).max(1);
    if channels.is_empty() {
        return Vec::new();
    }
    (channels.start / per_group..=(channels.end - 1) / per_group)
        .map(|g| {
            let first = channels.start.max(g * per_group);
            let last = channels.end.min((g + 1) * per_group);
            (g, (last - first) as u64)
        })
        .collect()
}

impl Projection {
    /// What the projection brings into a block of a population of shape `shape`.
    pub fn field(&self, shape: Shape, block: &Block) -> Field {
        match &self.op {
            Op::Conv2d(conv) => self.conv_field(conv, block),
            Op::Linear(linear) => {
                let mut nonzero = 0;
                block.each(shape, |at| nonzero += self.nonzero[at]);
                let stored = block.neurons() * linear.inputs as u64;
                Field { stored, nonzero, sources: linear.inputs as u64 }
            }
            _ => Field::default(),
        }
    }

    fn conv_field(&self, conv: &Conv2d, block: &Block) -> Field {
        let rows = span(conv, 0, self.source_shape.h, &block.rows);
        let cols = span(conv, 1, self.source_shape.w, &block.cols);
        let (kh, kw) = (conv.kernel[2], conv.kernel[3]);
        let per_group = conv.kernel[1] as u64;
        let mut out = Field::default();
        for ky in 0..kh {
            for kx in 0..kw {
                let positions = rows.taps[ky] * cols.taps[kx];
                if positions == 0 {
                    continue;
                }
                out.stored += positions * per_group * block.channels.len() as u64;
                let k = ky * kw + kx;
                let nonzero: u64 = block.channels.clone().map(|c| self.nonzero[c * kh * kw + k]).sum();
                out.nonzero += positions * nonzero;
            }
        }
        let channels: u64 = groups(conv, &block.channels).len() as u64 * per_group;
        out.sources = channels * rows.read.len() as u64 * cols.read.len() as u64;
        out
    }
}
