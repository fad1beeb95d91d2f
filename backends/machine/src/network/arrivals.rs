//! What arrives at the blocks of a population, weighed by the events of the sources.

use std::collections::BTreeMap;
use std::ops::Range;

use snnc_ir::graph::op::{Conv2d, Linear, Op};
use snnc_ir::graph::shape::Shape;

use super::field::{Grid, Span, groups, span};
use super::{Block, Projection};
use crate::activity::Events;

/// Events that reach as many neurons of a block, in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Channels of the block that an event reaches; of a linear layer, its neurons.
    pub features: u64,
    /// Positions of the block that it reaches in each of them; 1 in a linear layer.
    pub positions: u64,
    /// Events.
    pub events: u64,
}

/// What one projection brings into a block of its population.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Ascending by channels, then positions; none without an event.
    pub ways: Vec<Way>,
    /// Pairs of an event and a connection of it with a weight that is not zero.
    pub nonzero: u64,
}

impl Arrivals {
    /// Pairs of an event and a connection of it, zero weights included.
    pub fn stored(&self) -> u64 {
        let pairs = |w: &Way| w.features.saturating_mul(w.positions).saturating_mul(w.events);
        self.ways.iter().map(pairs).fold(0, u64::saturating_add)
    }

    /// Events with at least one connection into the block.
    pub fn events(&self) -> u64 {
        self.ways.iter().map(|w| w.events).fold(0, u64::saturating_add)
    }

    /// `nonzero` is absent where no weight is zero.
    fn of(mut ways: Vec<Way>, nonzero: Option<u64>) -> Self {
        ways.retain(|w| w.events > 0);
        ways.sort_unstable_by_key(|w| (w.features, w.positions));
        let mut out = Self { ways, nonzero: 0 };
        out.nonzero = nonzero.unwrap_or_else(|| out.stored());
        out
    }
}

impl Projection {
    /// Connections into a population of shape `shape`, zero weights included.
    pub fn synapses(&self, shape: Shape) -> u64 {
        let whole = Grid::of(&Block::whole(shape, 0));
        self.arrivals(shape, &whole, Events::Each).iter().map(Arrivals::stored).sum()
    }

    /// What the projection brings into every block of a grid, in the order of [`Grid::blocks`]. `shape` is
    /// that of the population, counted events are in the order of the source's neurons.
    pub fn arrivals(&self, shape: Shape, grid: &Grid, events: Events<'_>) -> Vec<Arrivals> {
        match &self.op {
            Op::Conv2d(conv) => Conv::new(self, conv, grid).arrivals(grid, events),
            Op::Linear(linear) => self.linear(linear, shape, grid, events),
            _ => vec![Arrivals::default(); grid.channels.len() * grid.rows.len() * grid.cols.len()],
        }
    }

    fn linear(&self, linear: &Linear, shape: Shape, grid: &Grid, events: Events<'_>) -> Vec<Arrivals> {
        let (all, counted) = match events {
            Events::Each => (linear.inputs as u64, None),
            Events::Counted(counts) => (counts.iter().copied().fold(0, u64::saturating_add), Some(counts)),
        };
        let way = |block: &Block| Way { features: block.neurons(), positions: 1, events: all };
        let one = |block: &Block| {
            let mut nonzero = 0u64;
            match (counted, &self.mask) {
                (_, None) => {
                    return Arrivals::of(vec![way(block)], None);
                }
                (None, Some(_)) => block.each(shape, |at| nonzero += self.nonzero[at]),
                (Some(counts), Some(mask)) => block.each(shape, |at| {
                    let row = &mask[at * linear.inputs..(at + 1) * linear.inputs];
                    let taken = row.iter().zip(counts).filter(|(set, _)| **set).map(|(_, n)| *n);
                    nonzero = nonzero.saturating_add(taken.fold(0, u64::saturating_add));
                }),
            }
            Arrivals::of(vec![way(block)], Some(nonzero))
        };
        grid.blocks(0).iter().map(one).collect()
    }
}

/// A convolution under a grid.
struct Conv<'a> {
    projection: &'a Projection,
    conv: &'a Conv2d,
    rows: Vec<Span>,
    cols: Vec<Span>,
}

impl<'a> Conv<'a> {
    fn new(projection: &'a Projection, conv: &'a Conv2d, grid: &Grid) -> Self {
        let shape = projection.source_shape;
        let spans = |axis: usize, size: usize, ranges: &[Range<usize>]| -> Vec<Span> {
            ranges.iter().map(|r| span(conv, axis, size, r)).collect()
        };
        Self { projection, conv, rows: spans(0, shape.h, &grid.rows), cols: spans(1, shape.w, &grid.cols) }
    }

    fn arrivals(&self, grid: &Grid, events: Events<'_>) -> Vec<Arrivals> {
        let mut planes: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        let mut windows: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        let blocks = self.rows.len() * self.cols.len();
        let mut out = Vec::with_capacity(grid.channels.len() * blocks);
        for channels in &grid.channels {
            let mut ways: Vec<Vec<Way>> = vec![Vec::new(); blocks];
            for (group, features) in groups(self.conv, channels) {
                let plane = planes.entry(group).or_insert_with(|| self.plane(group, events));
                for (ways, plane) in ways.iter_mut().zip(plane.chunks_exact(self.places())) {
                    for (positions, events) in plane.iter().enumerate().filter(|(k, n)| *k > 0 && **n > 0) {
                        let way = Way { features, positions: positions as u64, events: *events };
                        let alike = |w: &&mut Way| w.features == features && w.positions == way.positions;
                        match ways.iter_mut().find(alike) {
                            Some(known) => known.events = known.events.saturating_add(way.events),
                            None => ways.push(way),
                        }
                    }
                }
            }
            let nonzero: Vec<Option<u64>> = match (&self.projection.mask, events) {
                (None, _) => vec![None; blocks],
                (Some(_), Events::Each) => self.nonzero_each(channels).into_iter().map(Some).collect(),
                (Some(mask), Events::Counted(counts)) => {
                    self.nonzero_counted(channels, mask, grid, counts, &mut windows)
                }
            };
            out.extend(ways.into_iter().zip(nonzero).map(|(ways, nonzero)| Arrivals::of(ways, nonzero)));
        }
        out
    }

    /// Numbers of positions that an event can reach, zero among them.
    fn places(&self) -> usize {
        self.conv.kernel[2] * self.conv.kernel[3] + 1
    }

    /// For each pair of a row range and a column range [`places`](Self::places) numbers: the events of a
    /// group's channels by how many positions they reach.
    fn plane(&self, group: usize, events: Events<'_>) -> Vec<u64> {
        let mut out = vec![0u64; self.rows.len() * self.cols.len() * self.places()];
        let mut blocks = out.chunks_exact_mut(self.places());
        match events {
            Events::Each => {
                let alike = |spans: &[Span], k: usize| -> Vec<Vec<u64>> {
                    spans.iter().map(|s| alike(s, self.conv.kernel[2 + k])).collect()
                };
                let (rows, cols) = (alike(&self.rows, 0), alike(&self.cols, 1));
                let pairs = rows.iter().flat_map(|y| cols.iter().map(move |x| (y, x)));
                for ((y, x), ways) in pairs.zip(blocks) {
                    for (down, ys) in y.iter().enumerate() {
                        for (along, xs) in x.iter().enumerate() {
                            ways[down * along] += self.conv.kernel[1] as u64 * ys * xs;
                        }
                    }
                }
            }
            Events::Counted(counts) => {
                let sums = self.sum_of_channels(group, counts);
                let width = self.projection.source_shape.w;
                for y in &self.rows {
                    // Rows that reach as many outputs are added up to one line.
                    let mut lines: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
                    for (at, down) in &y.reached {
                        let line = lines.entry(*down).or_insert_with(|| vec![0; width]);
                        add(line, &sums[at * width..(at + 1) * width]);
                    }
                    for (x, ways) in self.cols.iter().zip(&mut blocks) {
                        for (down, line) in &lines {
                            for (at, along) in &x.reached {
                                let sum = &mut ways[down * along];
                                *sum = sum.saturating_add(line[*at]);
                            }
                        }
                    }
                }
            }
        }
        out
    }

    fn sum_of_channels(&self, group: usize, counts: &[u64]) -> Vec<u64> {
        let (per_group, plane) = (self.conv.kernel[1], self.projection.source_shape.plane());
        let mut sums = vec![0u64; plane];
        for channel in counts[group * per_group * plane..].chunks_exact(plane).take(per_group) {
            add(&mut sums, channel);
        }
        sums
    }

    /// Non-zero connections into the channels, per pair of a row range and a column range.
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

    /// The same for counted events; `windows` keeps what was added up for a source channel.
    fn nonzero_counted(
        &self,
        channels: &Range<usize>,
        mask: &[bool],
        grid: &Grid,
        counts: &[u64],
        windows: &mut BTreeMap<usize, Vec<u64>>,
    ) -> Vec<Option<u64>> {
        let [out, per_group, kh, kw] = self.conv.kernel;
        let outs = out / self.conv.groups.max(1);
        let blocks = self.rows.len() * self.cols.len();
        let mut sums = vec![0u64; blocks];
        for (group, _) in groups(self.conv, channels) {
            let own = channels.start.max(group * outs)..channels.end.min((group + 1) * outs);
            for ci in 0..per_group {
                let source = group * per_group + ci;
                let events = windows.entry(source).or_insert_with(|| self.windows(grid, source, counts));
                for k in 0..kh * kw {
                    let set = |c: &usize| mask[(c * per_group + ci) * kh * kw + k];
                    let connected = own.clone().filter(set).count() as u64;
                    for (sum, events) in sums.iter_mut().zip(&events[k * blocks..(k + 1) * blocks]) {
                        *sum = sum.saturating_add(connected.saturating_mul(*events));
                    }
                }
            }
        }
        sums.into_iter().map(Some).collect()
    }

    /// Events of a source channel that each kernel element brings into each pair of a row range and a column
    /// range: `[kh · kw][rows · cols]`.
    fn windows(&self, grid: &Grid, source: usize, counts: &[u64]) -> Vec<u64> {
        let [_, _, kh, kw] = self.conv.kernel;
        let shape = self.projection.source_shape;
        let events = &counts[source * shape.plane()..(source + 1) * shape.plane()];
        let place = |axis: usize, at: usize, k: usize, size: usize| {
            let conv = self.conv;
            (at * conv.stride[axis] + k * conv.dilation[axis])
                .checked_sub(conv.pad[axis])
                .filter(|p| *p < size)
        };
        let blocks = grid.rows.len() * grid.cols.len();
        let mut out = vec![0u64; kh * kw * blocks];
        for ky in 0..kh {
            for (r, rows) in grid.rows.iter().enumerate() {
                let mut line = vec![0u64; shape.w];
                for y in rows.clone().filter_map(|y| place(0, y, ky, shape.h)) {
                    add(&mut line, &events[y * shape.w..(y + 1) * shape.w]);
                }
                for kx in 0..kw {
                    for (c, cols) in grid.cols.iter().enumerate() {
                        let taken = cols.clone().filter_map(|x| place(1, x, kx, shape.w)).map(|x| line[x]);
                        out[(ky * kw + kx) * blocks + r * grid.cols.len() + c] =
                            taken.fold(0, u64::saturating_add);
                    }
                }
            }
        }
        out
    }
}

/// How many source positions of a span reach a number of outputs, indexed by that number.
fn alike(span: &Span, kernel: usize) -> Vec<u64> {
    let mut out = vec![0; kernel + 1];
    for (_, outputs) in &span.reached {
        out[*outputs] += 1;
    }
    out
}

fn add(sums: &mut [u64], values: &[u64]) {
    for (sum, n) in sums.iter_mut().zip(values) {
        *sum = sum.saturating_add(*n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use snnc_ir::graph::weights::{Storage, WeightId, Weights};
    use snnc_ir::sim::taps;

    /// Random shapes, weights with zeros, a grid and events.
    #[derive(Clone, Debug)]
    struct Case {
        projection: Projection,
        shape: Shape,
        grid: Grid,
        events: Vec<u64>,
    }

    fn cut(size: usize, parts: usize) -> Vec<Range<usize>> {
        let parts = parts.clamp(1, size);
        (0..parts).map(|k| k * size / parts..(k + 1) * size / parts).collect()
    }

    fn case(op: Op, source: Shape, shape: Shape, row: [usize; 4], seed: u64, parts: [usize; 3]) -> Case {
        let mut state = seed;
        let mut next = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let len = row.iter().product::<usize>();
        let values: Vec<i8> = (0..len).map(|_| next(4) as i8 - 1).collect();
        let weights = Weights { shape: row, storage: Storage::I8(values.into()), scale: None };
        let events = (0..source.len()).map(|_| next(5)).collect();
        let grid = Grid {
            channels: cut(shape.c, parts[0]),
            rows: cut(shape.h, parts[1]),
            cols: cut(shape.w, parts[2]),
        };
        Case { projection: Projection::new(0, 1, source, op, weights), shape, grid, events }
    }

    prop_compose! {
        fn conv()(
            groups in 1usize..3, per_group in 1usize..3, outs in 1usize..4, kernel in [1usize..4, 1usize..4],
            stride in [1usize..3, 1usize..3], dilation in [1usize..3, 1usize..3], pad in [0usize..3, 0usize..3],
            size in [5usize..9, 5usize..9], parts in [1usize..4, 1usize..4, 1usize..4], seed in any::<u64>(),
        ) -> Case {
            let source = Shape::new(groups * per_group, size[0], size[1]);
            let kernel = [groups * outs, per_group, kernel[0], kernel[1]];
            let conv = Conv2d {
                weights: WeightId(0), bias: None, kernel, stride, pad: [pad[0], pad[1], pad[0], pad[1]], dilation, groups,
            };
            let shape = conv.output_shape(source).unwrap();
            case(Op::Conv2d(conv), source, shape, kernel, seed, parts)
        }
    }

    prop_compose! {
        fn dense()(inputs in 1usize..9, outputs in 1usize..9, parts in 1usize..4, seed in any::<u64>()) -> Case {
            let linear = Linear { weights: WeightId(0), bias: None, inputs, outputs };
            let (source, shape) = (Shape::new(inputs, 1, 1), Shape::new(outputs, 1, 1));
            case(Op::Linear(linear), source, shape, [outputs, inputs, 1, 1], seed, [parts, 1, 1])
        }
    }

    /// Stored and non-zero pairs, and events that reach the block, tap by tap.
    fn counted(case: &Case, block: &Block, events: &[u64]) -> (u64, u64, u64) {
        let (mut stored, mut nonzero) = (0, 0);
        let mut reached = vec![false; events.len()];
        block.each(case.shape, |at| {
            let place = (at / case.shape.plane(), at % case.shape.plane() / case.shape.w, at % case.shape.w);
            taps(&case.projection.op, case.projection.source_shape, place, |tap| {
                stored += events[tap.source];
                reached[tap.source] = true;
                if case.projection.weights.integer(tap.weight) != Some(0) {
                    nonzero += events[tap.source];
                }
            });
        });
        (stored, nonzero, reached.iter().zip(events).filter(|(r, _)| **r).map(|(_, n)| n).sum())
    }

    proptest! {
        #[test]
        fn arrivals_are_those_of_the_taps(case in prop_oneof![conv(), dense()]) {
            let ones = vec![1; case.events.len()];
            for (events, counts) in [(Events::Each, &ones), (Events::Counted(&case.events), &case.events)] {
                let found = case.projection.arrivals(case.shape, &case.grid, events);
                let blocks = case.grid.blocks(0);
                prop_assert_eq!(found.len(), blocks.len());
                for (arrivals, block) in found.iter().zip(&blocks) {
                    let expected = counted(&case, block, counts);
                    prop_assert_eq!((arrivals.stored(), arrivals.nonzero, arrivals.events()), expected);
                }
            }
        }
    }
}
