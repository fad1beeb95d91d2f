//! A connection cut to the neurons of one core: for each event of the source the targets inside the
//! core's block.
//!
//! Neurons of a block are counted row by row, then column by column, then channel by channel, so that the
//! targets of an event lie beside each other.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Conv2d, Op};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::Weights;
use snnc_machine::network::{Block, field};

/// Most weights that all cores together hold, those that cores share counted once.
const MAX_WEIGHTS: usize = 1 << 30;

/// A connection of one core.
#[derive(Debug)]
pub(super) enum Cut {
    Conv(ConvCut),
    /// `[source][neuron]`.
    Linear {
        weights: Vec<i32>,
        neurons: usize,
    },
}

#[derive(Debug)]
pub(super) struct ConvCut {
    source: Shape,
    per_group: usize,
    kernel: [usize; 2],
    rows: Axis,
    cols: Axis,
    /// Columns and channels of the block.
    size: [usize; 2],
    weights: Arc<Kernels>,
}

/// For each position of the source along an axis the kernel elements that it meets and, for each, the
/// position in the block.
#[derive(Debug)]
struct Axis {
    start: Vec<u32>,
    pairs: Vec<(u32, u32)>,
}

/// The kernels of a range of channels.
#[derive(Debug)]
struct Kernels {
    /// By group of the convolution; `None` where the block has none of its channels.
    groups: Vec<Option<Group>>,
    /// Of each group `[source channel][row][column][channel of the block]`.
    values: Vec<i32>,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    /// First channel, counted in the block.
    first: usize,
    channels: usize,
    offset: usize,
}

/// Makes cuts; cores with the same channels of a convolution share its kernels.
#[derive(Default)]
pub(super) struct Cutter {
    kernels: BTreeMap<(u32, usize, usize), Arc<Kernels>>,
    held: usize,
}

impl Cutter {
    /// Cuts the connection with number `id` to a block of a population of shape `shape`.
    pub(super) fn cut(
        &mut self,
        id: u32,
        op: &Op,
        weights: &Weights,
        [source, shape]: [Shape; 2],
        block: &Block,
    ) -> Result<Cut, Diagnostic> {
        let value = |position: usize| weights.integer(position).unwrap_or(0);
        match op {
            Op::Conv2d(conv) => {
                let key = (id, block.channels.start, block.channels.end);
                let shared = match self.kernels.get(&key) {
                    Some(kernels) => Arc::clone(kernels),
                    None => {
                        self.hold(block.channels.len().saturating_mul(weights.row()))?;
                        let made = Arc::new(Kernels::of(conv, &block.channels, value));
                        self.kernels.insert(key, Arc::clone(&made));
                        made
                    }
                };
                let [_, per_group, kh, kw] = conv.kernel;
                Ok(Cut::Conv(ConvCut {
                    source,
                    per_group,
                    kernel: [kh, kw],
                    rows: Axis::of(conv, 0, source.h, &block.rows),
                    cols: Axis::of(conv, 1, source.w, &block.cols),
                    size: [block.cols.len(), block.channels.len()],
                    weights: shared,
                }))
            }
            _ => {
                let places = places(shape, block);
                let inputs = source.len();
                self.hold(places.len().saturating_mul(inputs))?;
                let mut cut = Vec::with_capacity(places.len() * inputs);
                for k in 0..inputs {
                    cut.extend(places.iter().map(|at| value(*at as usize * inputs + k)));
                }
                Ok(Cut::Linear { weights: cut, neurons: places.len() })
            }
        }
    }

    fn hold(&mut self, more: usize) -> Result<(), Diagnostic> {
        self.held = self.held.saturating_add(more);
        if self.held <= MAX_WEIGHTS {
            return Ok(());
        }
        Err(Diagnostic::new(Code::BudgetExceeded, "the cores hold more weights than can be run here")
            .rule("weights on all cores", MAX_WEIGHTS, format!("at least {}", self.held))
            .remedy("run the network itself: name network.snn of the bundle's folder"))
    }
}

impl Cut {
    /// Adds an event of the source to the sums of the block; gives the number of accumulates.
    pub(super) fn add(&self, source: usize, value: i32, sums: &mut [i64]) -> u64 {
        match self {
            Self::Conv(conv) => conv.add(source, value, sums),
            Self::Linear { weights, neurons } => {
                let row = &weights[source * neurons..(source + 1) * neurons];
                accumulate(sums, row, value);
                *neurons as u64
            }
        }
    }

    /// Whether an event of the source reaches the block.
    pub(super) fn reads(&self, source: usize) -> bool {
        match self {
            Self::Conv(conv) => {
                let (c, y, x) = conv.place(source);
                conv.weights.groups[c / conv.per_group].is_some()
                    && !conv.rows.at(y).is_empty()
                    && !conv.cols.at(x).is_empty()
            }
            Self::Linear { neurons, .. } => *neurons > 0,
        }
    }
}

impl ConvCut {
    fn place(&self, source: usize) -> (usize, usize, usize) {
        let (c, rest) = (source / self.source.plane(), source % self.source.plane());
        (c, rest / self.source.w, rest % self.source.w)
    }

    fn add(&self, source: usize, value: i32, sums: &mut [i64]) -> u64 {
        let (c, y, x) = self.place(source);
        let Some(group) = self.weights.groups[c / self.per_group] else { return 0 };
        let [kh, kw] = self.kernel;
        let [width, channels] = self.size;
        let (rows, cols) = (self.rows.at(y), self.cols.at(x));
        for (ky, oy) in rows {
            let kernel = (c % self.per_group * kh + *ky as usize) * kw;
            for (kx, ox) in cols {
                let from = group.offset + (kernel + *kx as usize) * group.channels;
                let to = (*oy as usize * width + *ox as usize) * channels + group.first;
                let row = &self.weights.values[from..from + group.channels];
                accumulate(&mut sums[to..to + group.channels], row, value);
            }
        }
        (rows.len() * cols.len() * group.channels) as u64
    }
}

fn accumulate(sums: &mut [i64], weights: &[i32], value: i32) {
    for (sum, w) in sums.iter_mut().zip(weights) {
        *sum = sum.saturating_add(i64::from(*w) * i64::from(value));
    }
}

impl Axis {
    fn of(conv: &Conv2d, axis: usize, size: usize, range: &Range<usize>) -> Self {
        let mut meets = vec![Vec::new(); size];
        for (at, out) in range.clone().enumerate() {
            for k in 0..conv.kernel[2 + axis] {
                let from = (out * conv.stride[axis] + k * conv.dilation[axis]).checked_sub(conv.pad[axis]);
                if let Some(list) = from.and_then(|from| meets.get_mut(from)) {
                    list.push((k as u32, at as u32));
                }
            }
        }
        let mut start = vec![0];
        let mut pairs = Vec::new();
        for list in meets {
            pairs.extend(list);
            start.push(pairs.len() as u32);
        }
        Self { start, pairs }
    }

    fn at(&self, position: usize) -> &[(u32, u32)] {
        &self.pairs[self.start[position] as usize..self.start[position + 1] as usize]
    }
}

impl Kernels {
    fn of(conv: &Conv2d, channels: &Range<usize>, value: impl Fn(usize) -> i32) -> Self {
        let [out, per_group, kh, kw] = conv.kernel;
        let row = per_group * kh * kw;
        let mut groups = vec![None; conv.groups];
        let mut values = Vec::with_capacity(channels.len() * row);
        let mut first = 0;
        for (group, count) in field::groups(conv, channels) {
            let count = count as usize;
            groups[group] = Some(Group { first, channels: count, offset: values.len() });
            let start = channels.start + first;
            debug_assert_eq!(start / (out / conv.groups), group);
            for element in 0..row {
                values.extend((start..start + count).map(|c| value(c * row + element)));
            }
            first += count;
        }
        Self { groups, values }
    }
}

/// Flat positions in the population of the neurons of a block, in the block's order.
pub(super) fn places(shape: Shape, block: &Block) -> Vec<u32> {
    let mut out = Vec::new();
    for y in block.rows.clone() {
        for x in block.cols.clone() {
            out.extend(block.channels.clone().map(|c| shape.index(c, y, x) as u32));
        }
    }
    out
}
