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
    /// Of a convolution, pairs of an output position and a kernel position inside the input; of a linear
    /// layer, its neurons.
    pub taps: u64,
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

/// Ranges of channels, rows and columns whose product is a grid of blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Ranges of channels.
    pub channels: Vec<Range<usize>>,
    /// Ranges of rows.
    pub rows: Vec<Range<usize>>,
    /// Ranges of columns.
    pub cols: Vec<Range<usize>>,
}

impl Grid {
    /// One block.
    pub fn of(block: &Block) -> Self {
        Self {
            channels: vec![block.channels.clone()],
            rows: vec![block.rows.clone()],
            cols: vec![block.cols.clone()],
        }
    }

    /// The blocks, columns changing fastest.
    pub fn blocks(&self, fan_in: usize) -> Vec<Block> {
        let mut out = Vec::with_capacity(self.channels.len() * self.rows.len() * self.cols.len());
        for channels in &self.channels {
            for rows in &self.rows {
                for cols in &self.cols {
                    let (channels, rows, cols) = (channels.clone(), rows.clone(), cols.clone());
                    out.push(Block { channels, rows, cols, fan_in: 0..fan_in });
                }
            }
        }
        out
    }
}

impl Projection {
    /// What the projection brings into a block of a population of shape `shape`.
    pub fn field(&self, shape: Shape, block: &Block) -> Field {
        self.fields(shape, &Grid::of(block)).first().copied().unwrap_or_default()
    }

    /// What the projection brings into every block of a grid, in the order of [`Grid::blocks`].
    pub fn fields(&self, shape: Shape, grid: &Grid) -> Vec<Field> {
        match &self.op {
            Op::Conv2d(conv) => self.conv_fields(conv, grid),
            Op::Linear(linear) => {
                let inputs = linear.inputs as u64;
                let field = |block: &Block| {
                    let mut nonzero = 0;
                    block.each(shape, |at| nonzero += self.nonzero[at]);
                    let neurons = block.neurons();
                    Field { stored: neurons * inputs, nonzero, sources: inputs, taps: neurons }
                };
                grid.blocks(0).iter().map(field).collect()
            }
            _ => vec![Field::default(); grid.channels.len() * grid.rows.len() * grid.cols.len()],
        }
    }

    fn conv_fields(&self, conv: &Conv2d, grid: &Grid) -> Vec<Field> {
        let [_, per_group, kh, kw] = conv.kernel;
        let spans = |axis: usize, size: usize, ranges: &[Range<usize>]| -> Vec<Span> {
            ranges.iter().map(|r| span(conv, axis, size, r)).collect()
        };
        let rows = spans(0, self.source_shape.h, &grid.rows);
        let cols = spans(1, self.source_shape.w, &grid.cols);
        let mut out = Vec::with_capacity(grid.channels.len() * rows.len() * cols.len());
        for channels in &grid.channels {
            let mut nonzero = vec![0u64; kh * kw];
            for c in channels.clone() {
                for (sum, n) in nonzero.iter_mut().zip(&self.nonzero[c * kh * kw..(c + 1) * kh * kw]) {
                    *sum += n;
                }
            }
            let sources = groups(conv, channels).len() * per_group;
            for y in &rows {
                for x in &cols {
                    let mut field =
                        Field { sources: (sources * y.read.len() * x.read.len()) as u64, ..Field::default() };
                    for (ky, down) in y.taps.iter().enumerate() {
                        for (kx, along) in x.taps.iter().enumerate() {
                            let positions = down * along;
                            field.taps += positions;
                            field.nonzero += positions * nonzero[ky * kw + kx];
                        }
                    }
                    field.stored = field.taps * (per_group * channels.len()) as u64;
                    out.push(field);
                }
            }
        }
        out
    }
}
