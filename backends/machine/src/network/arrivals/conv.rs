//! Convolutions.

mod lists;
mod zeros;

pub use lists::Kind;
pub(super) use zeros::Sums;

use std::collections::BTreeMap;
use std::ops::Range;

use snnc_ir::graph::op::Conv2d;

use super::{Arrivals, Listed, Way, Weighed};
use crate::activity::Events;
use crate::network::Projection;
use crate::network::field::{Span, groups, span};

/// A convolution with its rows and columns cut.
pub(super) struct Conv<'a> {
    projection: &'a Projection,
    conv: &'a Conv2d,
    /// Rows, columns.
    ranges: [&'a [Range<usize>]; 2],
    rows: Vec<Span>,
    cols: Vec<Span>,
    events: Events<'a>,
    listed: Listed,
    /// By group: [`plane`](Self::plane).
    planes: BTreeMap<usize, Vec<u64>>,
    /// By source channel: [`windows`](Self::windows).
    windows: BTreeMap<usize, Vec<u64>>,
    sums: &'a Sums,
    lists: lists::Lists,
}

impl<'a> Conv<'a> {
    pub(super) fn new(
        projection: &'a Projection,
        conv: &'a Conv2d,
        ranges: [&'a [Range<usize>]; 2],
        weighed: &'a Weighed<'a>,
        listed: Listed,
    ) -> Self {
        let shape = projection.source_shape;
        let spans = |axis: usize, size: usize| -> Vec<Span> {
            ranges[axis].iter().map(|r| span(conv, axis, size, r)).collect()
        };
        let (rows, cols) = (spans(0, shape.h), spans(1, shape.w));
        let lists = match listed {
            Listed::All => lists::Lists::default(),
            Listed::NonZero => lists::Lists::new(&rows, &cols),
        };
        let (planes, windows) = (BTreeMap::new(), BTreeMap::new());
        Self {
            projection,
            conv,
            ranges,
            rows,
            cols,
            events: weighed.events,
            listed,
            planes,
            windows,
            sums: &weighed.sums,
            lists,
        }
    }

    pub(super) fn at(&mut self, channels: &Range<usize>) -> Vec<Arrivals> {
        if self.listed == Listed::NonZero {
            return self.listed(channels);
        }
        let blocks = self.rows.len() * self.cols.len();
        let mut ways: Vec<Vec<Way>> = vec![Vec::new(); blocks];
        let places = self.places();
        for (group, features) in groups(self.conv, channels) {
            if !self.planes.contains_key(&group) {
                self.planes.insert(group, self.plane(group));
            }
            for (ways, plane) in ways.iter_mut().zip(self.planes[&group].chunks_exact(places)) {
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
        let nonzero = self.nonzero(channels);
        ways.into_iter().zip(nonzero).map(|(ways, nonzero)| Arrivals::of(ways, nonzero)).collect()
    }

    /// Numbers of positions that an event can reach, zero among them.
    fn places(&self) -> usize {
        self.conv.kernel[2] * self.conv.kernel[3] + 1
    }

    /// For each pair of a row range and a column range [`places`](Self::places) numbers: the events of a
    /// group's channels by how many positions they reach.
    fn plane(&self, group: usize) -> Vec<u64> {
        let mut out = vec![0u64; self.rows.len() * self.cols.len() * self.places()];
        let mut blocks = out.chunks_exact_mut(self.places());
        match self.events {
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
                    for reached in &y.reached {
                        let line = lines.entry(reached.outputs).or_insert_with(|| vec![0; width]);
                        add(line, &sums[reached.at * width..(reached.at + 1) * width]);
                    }
                    for (x, ways) in self.cols.iter().zip(&mut blocks) {
                        for (down, line) in &lines {
                            for reached in &x.reached {
                                let sum = &mut ways[down * reached.outputs];
                                *sum = sum.saturating_add(line[reached.at]);
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
}

/// How many source positions of a span reach a number of outputs, indexed by that number.
fn alike(span: &Span, kernel: usize) -> Vec<u64> {
    let mut out = vec![0; kernel + 1];
    for reached in &span.reached {
        out[reached.outputs] += 1;
    }
    out
}

fn add(sums: &mut [u64], values: &[u64]) {
    for (sum, n) in sums.iter_mut().zip(values) {
        *sum = sum.saturating_add(*n);
    }
}
