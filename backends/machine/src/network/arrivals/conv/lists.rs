//! Lists of the neurons that each source neuron of a convolution reaches through a weight that is not zero.
//!
//! Positions that reach a block through the same kernel elements have lists of the same length, for each
//! source channel.

use std::collections::BTreeMap;
use std::ops::Range;

use snnc_ir::graph::op::Op;

use super::{Arrivals, Conv};
use crate::activity::Events;
use crate::network::Projection;
use crate::network::field::{Alike, Reached, Span, element_step, groups};

/// The positions of row and column ranges by the kernel elements through which they reach outputs.
#[derive(Default)]
pub(super) struct Lists {
    rows: Kinds,
    cols: Kinds,
    /// By source channel: for each pair of ranges, for each pair of kinds of positions, the events.
    events: BTreeMap<usize, Vec<u64>>,
}

/// Kernel elements through which positions reach outputs: the first, and how many.
pub type Kind = (usize, usize);

/// The kinds of positions of an axis.
#[derive(Default)]
struct Kinds {
    kinds: Vec<Kind>,
    /// For each range its kinds, with the number of positions.
    ranges: Vec<Vec<(usize, u64)>>,
}

impl Kinds {
    fn new(spans: &[Span]) -> Self {
        let mut kinds = Vec::new();
        let mut of = |alike: Alike| {
            let kind = (alike.first, alike.outputs);
            let known = kinds.iter().position(|k| *k == kind);
            let at = known.unwrap_or_else(|| {
                kinds.push(kind);
                kinds.len() - 1
            });
            (at, alike.positions)
        };
        let ranges = spans.iter().map(|span| span.alike().into_iter().map(&mut of).collect()).collect();
        Self { kinds, ranges }
    }

    /// For each range where in its list each position that it reads is found.
    fn of_positions(&self, spans: &[Span]) -> Vec<Vec<usize>> {
        let of = |(span, range): (&Span, &Vec<(usize, u64)>)| {
            let find = |r: &Reached| {
                range.iter().position(|(k, _)| self.kinds[*k] == (r.first, r.outputs)).unwrap_or(0)
            };
            span.reached.iter().map(find).collect()
        };
        spans.iter().zip(&self.ranges).map(of).collect()
    }

    /// The most outputs that a position reaches.
    fn outputs(&self) -> usize {
        self.kinds.iter().map(|(_, outputs)| *outputs).max().unwrap_or(0)
    }
}

impl Lists {
    pub(super) fn new(rows: &[Span], cols: &[Span]) -> Self {
        Self { rows: Kinds::new(rows), cols: Kinds::new(cols), events: BTreeMap::new() }
    }
}

impl Projection {
    /// For every source channel of a convolution that reaches these channels the lengths of the lists of
    /// weights that are not zero, for each pair of kinds of rows and kinds of columns.
    pub fn list_lengths(
        &self,
        channels: &Range<usize>,
        [rows, cols]: [&[Kind]; 2],
        mut visit: impl FnMut(usize, &[u64]),
    ) {
        let Op::Conv2d(conv) = &self.op else { return };
        let [out, per_group, kh, kw] = conv.kernel;
        let outs = out / conv.groups.max(1);
        let steps = [element_step(conv, 0), element_step(conv, 1)];
        let mut table = vec![0u64; rows.len() * cols.len()];
        let mut line = vec![0u32; kw];
        for (group, _) in groups(conv, channels) {
            let own = channels.start.max(group * outs)..channels.end.min((group + 1) * outs);
            let weights = self.connections(&[own]);
            for (ci, weights) in weights.chunks_exact((kh * kw).max(1)).enumerate() {
                for ((first, outputs), table) in rows.iter().zip(table.chunks_exact_mut(cols.len().max(1))) {
                    line.fill(0);
                    for ky in (*first..).step_by(steps[0]).take(*outputs) {
                        for (sum, n) in line.iter_mut().zip(&weights[ky * kw..]) {
                            *sum += n;
                        }
                    }
                    for ((first, outputs), length) in cols.iter().zip(table) {
                        let elements = line[*first..].iter().step_by(steps[1]).take(*outputs);
                        *length = u64::from(elements.sum::<u32>());
                    }
                }
                visit(group * per_group + ci, &table);
            }
        }
    }
}

impl Conv<'_> {
    /// What arrives when only weights that are not zero are listed.
    pub(super) fn listed(&mut self, channels: &Range<usize>) -> Vec<Arrivals> {
        let per_group = self.conv.kernel[1];
        let blocks = self.rows.len() * self.cols.len();
        let longest = channels.len() * self.lists.rows.outputs() * self.lists.cols.outputs() + 1;
        let mut lengths = vec![0u64; blocks * longest];
        for (group, _) in groups(self.conv, channels) {
            for ci in 0..per_group {
                self.count_events(group * per_group + ci);
            }
        }
        let Lists { rows, cols, events } = &self.lists;
        self.projection.list_lengths(channels, [&rows.kinds, &cols.kinds], |source, table| {
            let mut counted = events.get(&source).map(|events| events.iter());
            let mut blocks = lengths.chunks_exact_mut(longest);
            for down in &rows.ranges {
                for (along, lengths) in cols.ranges.iter().zip(&mut blocks) {
                    for (y, ys) in down {
                        for (x, xs) in along {
                            let events = match &mut counted {
                                Some(events) => events.next().copied().unwrap_or(0),
                                None => ys * xs,
                            };
                            let sum = &mut lengths[table[y * cols.kinds.len() + x] as usize];
                            *sum = sum.saturating_add(events);
                        }
                    }
                }
            }
        });
        lengths.chunks_exact(longest).map(Arrivals::by_length).collect()
    }

    /// Adds up the events of a source channel, where they are counted.
    fn count_events(&mut self, source: usize) {
        if let Events::Counted(counts) = self.events
            && !self.lists.events.contains_key(&source)
        {
            let events = self.events_by_kind(source, counts);
            self.lists.events.insert(source, events);
        }
    }

    /// Events of a source channel for each pair of a row range and a column range, for each pair of kinds of
    /// positions.
    fn events_by_kind(&self, source: usize, counts: &[u64]) -> Vec<u64> {
        let shape = self.projection.source_shape;
        let events = &counts[source * shape.plane()..(source + 1) * shape.plane()];
        let (row_kinds, col_kinds) =
            (self.lists.rows.of_positions(&self.rows), self.lists.cols.of_positions(&self.cols));
        let mut out = Vec::new();
        for (r, rows) in self.rows.iter().enumerate() {
            for (c, cols) in self.cols.iter().enumerate() {
                let along = self.lists.cols.ranges[c].len();
                let mut sums = vec![0u64; self.lists.rows.ranges[r].len() * along];
                for (y, down) in rows.reached.iter().zip(&row_kinds[r]) {
                    for (x, across) in cols.reached.iter().zip(&col_kinds[c]) {
                        let sum = &mut sums[down * along + across];
                        *sum = sum.saturating_add(events[y.at * shape.w + x.at]);
                    }
                }
                out.extend(sums);
            }
        }
        out
    }
}
