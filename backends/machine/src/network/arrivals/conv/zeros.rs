//! Connections of a convolution with a weight that is not zero.

use std::cell::OnceCell;
use std::ops::Range;

use snnc_ir::graph::op::Conv2d;
use snnc_ir::graph::shape::Shape;

use super::Conv;
use crate::activity::Events;
use crate::network::field::groups;

impl Conv<'_> {
    /// Non-zero connections into the channels, weighed by events, per pair of a row range and a column range;
    /// none where no weight is zero.
    pub(super) fn nonzero(&mut self, channels: &Range<usize>) -> Vec<Option<u64>> {
        let projection = self.projection;
        match self.events {
            _ if !projection.has_zeros() => vec![None; self.rows.len() * self.cols.len()],
            Events::Each => self.nonzero_each(channels).into_iter().map(Some).collect(),
            Events::Counted(counts) => self.nonzero_counted(channels, counts).into_iter().map(Some).collect(),
        }
    }

    fn nonzero_each(&self, channels: &Range<usize>) -> Vec<u64> {
        let [_, _, kh, kw] = self.conv.kernel;
        let mut nonzero = vec![0u64; kh * kw];
        for c in channels.clone() {
            for (sum, n) in nonzero.iter_mut().zip(&self.projection.nonzero[c * kh * kw..(c + 1) * kh * kw]) {
                *sum += n;
            }
        }
        let mut out = Vec::with_capacity(self.rows.len() * self.cols.len());
        for y in &self.rows {
            for x in &self.cols {
                let mut sum = 0;
                for (ky, down) in y.taps.iter().enumerate() {
                    for (kx, along) in x.taps.iter().enumerate() {
                        sum += down * along * nonzero[ky * kw + kx];
                    }
                }
                out.push(sum);
            }
        }
        out
    }

    fn nonzero_counted(&mut self, channels: &Range<usize>, counts: &[u64]) -> Vec<u64> {
        let [out, per_group, kh, kw] = self.conv.kernel;
        let outs = out / self.conv.groups.max(1);
        let blocks = self.rows.len() * self.cols.len();
        let mut sums = vec![0u64; blocks];
        for (group, _) in groups(self.conv, channels) {
            let own = channels.start.max(group * outs)..channels.end.min((group + 1) * outs);
            let reached = self.projection.connections(&[own]);
            for ci in 0..per_group {
                let source = group * per_group + ci;
                if !self.windows.contains_key(&source) {
                    self.windows.insert(source, self.windows(source, counts));
                }
                for (k, events) in self.windows[&source].chunks_exact(blocks.max(1)).enumerate() {
                    let reached = u64::from(reached[ci * kh * kw + k]);
                    for (sum, events) in sums.iter_mut().zip(events) {
                        *sum = sum.saturating_add(reached.saturating_mul(*events));
                    }
                }
            }
        }
        sums
    }

    /// Events of a source channel that each kernel element brings into each pair of a row range and a column
    /// range: `[kh · kw][rows · cols]`.
    fn windows(&self, source: usize, counts: &[u64]) -> Vec<u64> {
        let table = self.sums.of(source, counts, self.projection.source_shape, self.conv.stride);
        let shape = self.projection.source_shape;
        let ends = |axis: usize, size: usize| -> Vec<Option<Ends>> {
            let kernel = 0..self.conv.kernel[2 + axis];
            let of = |k: usize| self.ranges[axis].iter().map(move |r| Ends::of(self.conv, axis, size, k, r));
            kernel.flat_map(of).collect()
        };
        let (rows, cols) = (ends(0, shape.h), ends(1, shape.w));
        let (down, along) = (self.rows.len().max(1), self.cols.len().max(1));
        let mut out = Vec::with_capacity(rows.len() * cols.len());
        for rows in rows.chunks_exact(down) {
            for cols in cols.chunks_exact(along) {
                for y in rows {
                    out.extend(cols.iter().map(|x| match (y, x) {
                        (Some(y), Some(x)) => table_sum(table, shape.w, y, x),
                        _ => 0,
                    }));
                }
            }
        }
        out
    }
}

/// The input positions that a kernel element brings to a range of outputs, a stride from each other: the last
/// of them, and the position a stride before the first where there is one.
struct Ends {
    last: usize,
    before: Option<usize>,
}

impl Ends {
    fn of(conv: &Conv2d, axis: usize, size: usize, k: usize, range: &Range<usize>) -> Option<Self> {
        let (stride, pad) = (conv.stride[axis].max(1), conv.pad[axis]);
        let at = |out: usize| out * stride + k * conv.dilation[axis];
        // The first output that does not read in front of the input, the last that does not read behind it.
        let first = range.start.max(pad.saturating_sub(k * conv.dilation[axis]).div_ceil(stride));
        let last = (size + pad).checked_sub(1 + k * conv.dilation[axis])? / stride;
        let last = last.min(range.end.checked_sub(1)?);
        (first <= last).then(|| Self { last: at(last) - pad, before: (at(first) - pad).checked_sub(stride) })
    }
}

/// Sum over the positions between two ends of each axis.
fn table_sum(table: &[u64], width: usize, y: &Ends, x: &Ends) -> u64 {
    let line = |y: usize| {
        let all = table[y * width + x.last];
        x.before.map_or(all, |before| all.wrapping_sub(table[y * width + before]))
    };
    let all = line(y.last);
    y.before.map_or(all, |before| all.wrapping_sub(line(before)))
}

/// For each source channel the sums of counted events over all positions above and to the left, in steps of
/// the stride: what any window of a kernel element holds follows from four of them. Each is made when it is
/// first asked for.
#[derive(Default)]
pub(in crate::network::arrivals) struct Sums(Vec<OnceCell<Vec<u64>>>);

impl Sums {
    pub(in crate::network::arrivals) fn new(channels: usize) -> Self {
        Self((0..channels).map(|_| OnceCell::new()).collect())
    }

    /// The table of a source channel. Sums that exceed 64 bits wrap, and so does what is taken off them.
    fn of(&self, source: usize, counts: &[u64], shape: Shape, [down, along]: [usize; 2]) -> &[u64] {
        self.0[source].get_or_init(|| {
            let mut out = counts[source * shape.plane()..(source + 1) * shape.plane()].to_vec();
            for row in out.chunks_exact_mut(shape.w.max(1)) {
                for x in along..row.len() {
                    row[x] = row[x].wrapping_add(row[x - along]);
                }
            }
            for at in down * shape.w..out.len() {
                out[at] = out[at].wrapping_add(out[at - down * shape.w]);
            }
            out
        })
    }
}
