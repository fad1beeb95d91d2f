//! Receptive fields along the axes of a population, and grids of blocks.

use std::ops::Range;

use snnc_ir::graph::op::Conv2d;

use super::Block;

/// Along one axis: for each kernel element how many positions of `range` have it inside the input, and
/// how many input positions are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// One count per kernel element.
    pub taps: Vec<u64>,
    /// Input positions that are read, ascending, and how many outputs of the range each reaches.
    pub reached: Vec<(usize, usize)>,
}

impl Span {
    /// Input positions that are read, ascending.
    pub fn read(&self) -> impl ExactSizeIterator<Item = usize> {
        self.reached.iter().map(|(at, _)| *at)
    }
}

/// The span of rows (`axis` 0) or columns (`axis` 1) of a convolution.
pub fn span(conv: &Conv2d, axis: usize, size: usize, range: &Range<usize>) -> Span {
    let kernel = conv.kernel[2 + axis];
    let mut taps = vec![0; kernel];
    let mut reached = vec![0; size];
    for out in range.clone() {
        for (k, count) in taps.iter_mut().enumerate() {
            let at = (out * conv.stride[axis] + k * conv.dilation[axis]).checked_sub(conv.pad[axis]);
            if let Some(at) = at.filter(|at| *at < size) {
                *count += 1;
                reached[at] += 1;
            }
        }
    }
    let reached = reached.into_iter().enumerate().filter(|(_, n)| *n > 0).collect();
    Span { taps, reached }
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

    /// The grid that blocks were made of with [`blocks`](Self::blocks).
    pub fn spanned(blocks: &[Block]) -> Self {
        let axis = |range: &dyn Fn(&Block) -> &Range<usize>| {
            let mut ranges: Vec<Range<usize>> = blocks.iter().map(|b| range(b).clone()).collect();
            ranges.sort_unstable_by_key(|r| r.start);
            ranges.dedup();
            ranges
        };
        Self { channels: axis(&|b| &b.channels), rows: axis(&|b| &b.rows), cols: axis(&|b| &b.cols) }
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
