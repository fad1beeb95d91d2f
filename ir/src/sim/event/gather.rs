//! A convolution by gathering the events that each output sees, for integers, whose terms can be added up in any order.
//!
//! The events that a row of a window sees lie side by side in the list of events, and the position of each in the row
//! is that of its weights. So sums stay in registers; where events are many, that is faster than scattering them.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, i32x8};

use super::axis::Axis;
use crate::graph::shape::Shape;

/// Sums are taken in vectors of so many.
const LANES: usize = 8;

/// A convolution without groups and dilation.
#[derive(Debug)]
pub(super) struct Gather {
    rows: Axis,
    cols: Axis,
    /// Input channels.
    channels: usize,
    /// Output channels, and those with what fills the last vector.
    outs: usize,
    padded: usize,
    /// By kernel row, kernel column, input channel, output channel.
    weights: Vec<i32>,
    bias: Vec<i32>,
}

impl Gather {
    /// `weight` is asked for output and input channel, kernel row and column.
    pub(super) fn new(
        rows: Axis,
        cols: Axis,
        [channels, outs]: [usize; 2],
        bias: Option<&[i32]>,
        weight: impl Fn(usize, usize, usize, usize) -> i32,
    ) -> Self {
        let padded = outs.next_multiple_of(LANES);
        let mut weights = Vec::with_capacity(rows.kernel * cols.kernel * channels * padded);
        for ky in 0..rows.kernel {
            for kx in 0..cols.kernel {
                for ci in 0..channels {
                    weights.extend((0..padded).map(|o| if o < outs { weight(o, ci, ky, kx) } else { 0 }));
                }
            }
        }
        let mut bias = bias.map_or(Vec::new(), <[i32]>::to_vec);
        bias.resize(padded, 0);
        Self { rows, cols, channels, outs, padded, weights, bias }
    }

    /// Whether gathering so many events takes less time than scattering them: what an event costs that is scattered is
    /// about twice what a row of a window costs.
    pub(super) fn pays(&self, events: usize) -> bool {
        let spread = self.rows.kernel * self.cols.kernel;
        let rows = self.rows.output * self.cols.output * self.rows.kernel;
        2 * events * spread >= rows * self.rows.stride * self.cols.stride
    }

    /// All sums, which must not leave 32 bits; tells how many operations they took. `binary` says that all events are
    /// ones. `starts` is room for where the events of each place begin.
    pub(super) fn run(
        &self,
        input: Shape,
        events: &[u32],
        data: &[i32],
        binary: bool,
        starts: &mut Vec<u32>,
        sums: &mut [i32],
    ) -> u64 {
        starts.clear();
        let mut at = 0;
        for place in 0..=input.plane() {
            let begin = (place * self.channels) as u32;
            while at < events.len() && events[at] < begin {
                at += 1;
            }
            starts.push(at as u32);
        }
        let windows = Windows { of: self, input, events, data, starts };
        let level = fearless_simd::Level::new();
        let seen = match binary {
            true => fearless_simd::dispatch!(level, simd => windows.all::<_, true>(simd, sums)),
            false => fearless_simd::dispatch!(level, simd => windows.all::<_, false>(simd, sums)),
        };
        seen * self.outs as u64
    }
}

/// The windows of a step.
struct Windows<'a> {
    of: &'a Gather,
    input: Shape,
    events: &'a [u32],
    data: &'a [i32],
    /// Where the events of each place begin, and where those of the last end.
    starts: &'a [u32],
}

impl Windows<'_> {
    /// All sums; tells how many events the windows see together.
    #[inline(always)]
    fn all<S: Simd, const BINARY: bool>(&self, simd: S, sums: &mut [i32]) -> u64 {
        let mut first = 0;
        let mut seen = 0;
        while first < self.of.outs {
            // As many vectors as there are registers for.
            let (vectors, n) = match (self.of.padded - first) / LANES {
                8.. => (8, self.block::<S, 8, BINARY>(simd, first, sums)),
                4.. => (4, self.block::<S, 4, BINARY>(simd, first, sums)),
                3 => (3, self.block::<S, 3, BINARY>(simd, first, sums)),
                2 => (2, self.block::<S, 2, BINARY>(simd, first, sums)),
                _ => (1, self.block::<S, 1, BINARY>(simd, first, sums)),
            };
            (first, seen) = (first + vectors * LANES, n);
        }
        seen
    }

    /// The sums of `N` vectors of output channels from `first` on.
    #[inline(always)]
    fn block<S: Simd, const N: usize, const BINARY: bool>(
        &self,
        simd: S,
        first: usize,
        sums: &mut [i32],
    ) -> u64 {
        let of = self.of;
        let (weights, padded, channels) = (&of.weights[first..], of.padded, of.channels);
        let (events, data) = (self.events, self.data);
        let bias: [i32x8<S>; N] =
            std::array::from_fn(|n| i32x8::from_slice(simd, &of.bias[first + n * LANES..][..LANES]));
        let mut seen = 0;
        let mut places = sums.chunks_exact_mut(of.outs);
        for y in 0..of.rows.output {
            for (x, place) in (0..of.cols.output).zip(&mut places) {
                let mut lanes = bias;
                let left = x * of.cols.stride;
                let from = left.saturating_sub(of.cols.pad);
                let to = (left + of.cols.kernel).saturating_sub(of.cols.pad).min(self.input.w);
                for ky in 0..of.rows.kernel {
                    let row = (y * of.rows.stride + ky).wrapping_sub(of.rows.pad);
                    if row >= self.input.h || from >= to {
                        continue;
                    }
                    let line = row * self.input.w;
                    let range = self.starts[line + from] as usize..self.starts[line + to] as usize;
                    seen += range.len() as u64;
                    // From a position to its row of weights; the first kernel column may lie on the padding.
                    let shift = (ky * of.cols.kernel * channels)
                        .wrapping_add(of.cols.pad * channels)
                        .wrapping_sub((line + left) * channels);
                    for p in &events[range] {
                        let at = (*p as usize).wrapping_add(shift).wrapping_mul(padded);
                        let row = &weights[at..at + N * LANES];
                        let value = if BINARY { 1 } else { data[*p as usize] };
                        for (n, lanes) in lanes.iter_mut().enumerate() {
                            let w = i32x8::from_slice(simd, &row[n * LANES..][..LANES]);
                            *lanes += if BINARY { w } else { w * value };
                        }
                    }
                }
                for (n, lanes) in lanes.iter().enumerate() {
                    let to = &mut place[first + n * LANES..];
                    if to.len() >= LANES {
                        lanes.store_slice(&mut to[..LANES]);
                    } else {
                        to.copy_from_slice(&lanes.as_slice()[..to.len()]);
                    }
                }
            }
        }
        seen
    }
}
