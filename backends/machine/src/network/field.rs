//! Receptive fields along the axes of a population, and grids of blocks.

use std::ops::Range;

use snnc_ir::graph::op::Conv2d;

use super::Block;

/// An input position that a range of outputs reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The position.
    pub at: usize,
    /// The first kernel element through which it reaches an output; the others follow at a distance that
    /// stride and dilation give.
    pub first: usize,
    /// Outputs of the range that it reaches, each through an element of its own.
    pub outputs: usize,
}

/// Input positions that reach a range of outputs through the same kernel elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alike {
    /// The first kernel element.
    pub first: usize,
    /// Number of elements, and so of outputs.
    pub outputs: usize,
    /// Number of positions.
    pub positions: u64,
}

/// Along one axis: what a range of outputs reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// For each kernel element how many outputs of the range have it inside the input.
    pub taps: Vec<u64>,
    /// Input positions that are read, ascending.
    pub reached: Vec<Reached>,
}

impl Span {
    /// Input positions that are read, ascending.
    pub fn read(&self) -> impl ExactSizeIterator<Item = usize> {
        self.reached.iter().map(|r| r.at)
    }

    /// The positions by the kernel elements through which they reach outputs, ascending.
    pub fn alike(&self) -> Vec<Alike> {
        let mut out: Vec<Alike> = Vec::new();
        for r in &self.reached {
            match out.iter_mut().find(|a| (a.first, a.outputs) == (r.first, r.outputs)) {
                Some(known) => known.positions += 1,
                None => out.push(Alike { first: r.first, outputs: r.outputs, positions: 1 }),
            }
        }
        out.sort_unstable();
        out
    }
}

/// Kernel elements between two through which the same input position reaches outputs, along an axis.
pub fn element_step(conv: &Conv2d, axis: usize) -> usize {
    let (stride, dilation) = (conv.stride[axis].max(1), conv.dilation[axis].max(1));
    let (mut a, mut b) = (stride, dilation);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    stride / a
}

/// The span of rows (`axis` 0) or columns (`axis` 1) of a convolution.
pub fn span(conv: &Conv2d, axis: usize, size: usize, range: &Range<usize>) -> Span {
    let (kernel, stride, dilation) = (conv.kernel[2 + axis], conv.stride[axis], conv.dilation[axis]);
    let pad = conv.pad[axis];
    let mut taps = vec![0; kernel];
    if range.is_empty() || kernel == 0 {
        return Span { taps, reached: Vec::new() };
    }
    let low = (range.start * stride).saturating_sub(pad).min(size);
    let high = ((range.end - 1) * stride + (kernel - 1) * dilation + 1).saturating_sub(pad).min(size);
    let mut reached = vec![(usize::MAX, 0); high.saturating_sub(low)];
    for out in range.clone() {
        for (k, count) in taps.iter_mut().enumerate() {
            let at = (out * stride + k * dilation).checked_sub(pad).filter(|at| *at < size);
            if let Some((first, outputs)) = at.and_then(|at| reached.get_mut(at - low)) {
                *count += 1;
                *first = k.min(*first);
                *outputs += 1;
            }
        }
    }
    let read = reached.into_iter().enumerate().filter(|(_, (_, outputs))| *outputs > 0);
    let reached = read.map(|(k, (first, outputs))| Reached { at: low + k, first, outputs }).collect();
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

/// The numbers of channels that a range has in the groups that it touches, each with the number of groups; at
/// most three.
pub fn features(conv: &Conv2d, channels: &Range<usize>) -> Vec<(u64, u64)> {
    let per_group = (conv.kernel[0] / conv.groups.max(1)).max(1);
    if channels.is_empty() {
        return Vec::new();
    }
    let (first, last) = (channels.start / per_group, (channels.end - 1) / per_group);
    if first == last {
        return vec![(channels.len() as u64, 1)];
    }
    let (head, tail) = ((first + 1) * per_group - channels.start, channels.end - last * per_group);
    let mut out: Vec<(u64, u64)> = Vec::new();
    for (size, groups) in [(head, 1), (per_group, last - first - 1), (tail, 1)] {
        match out.iter_mut().find(|(known, _)| *known == size as u64) {
            Some((_, count)) => *count += groups as u64,
            None if groups > 0 => out.push((size as u64, groups as u64)),
            None => {}
        }
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use snnc_ir::graph::weights::WeightId;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn features_are_those_of_the_groups(groups_ in 1usize..7, outs in 1usize..5, a in 0usize..30, b in 0usize..30) {
            let out = groups_ * outs;
            let range = (a.min(b) % out)..(a.max(b) % out + 1).max(a.min(b) % out);
            let conv = Conv2d {
                weights: WeightId(0), bias: None, kernel: [out, 1, 1, 1], stride: [1; 2], pad: [0; 4],
                dilation: [1; 2], groups: groups_,
            };
            let mut expected: BTreeMap<u64, u64> = BTreeMap::new();
            for (_, features) in groups(&conv, &range) {
                *expected.entry(features).or_default() += 1;
            }
            let found = features(&conv, &range);
            prop_assert_eq!(found.len(), expected.len());
            prop_assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), expected);
        }
    }
}
