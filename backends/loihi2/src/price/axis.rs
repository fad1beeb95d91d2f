//! Parts of one axis.

use std::ops::Range;

use snnc_ir::graph::op::{Conv2d, Op};
use snnc_machine::activity::Activity;
use snnc_machine::network::field::{self, Alike};
use snnc_machine::network::{Kind, Projection};

use super::Job;
use crate::encoding::Encoding;
use crate::tile::Axis;

/// Rows or columns that are alike.
pub(super) struct Line {
    /// One of them.
    pub range: Range<usize>,
    /// How many there are.
    pub times: u64,
    /// Whether no others of the same tile have as much of everything.
    pub leads: bool,
    /// By projection.
    pub fields: Vec<Field>,
}

impl Line {
    /// Whether others are at least as many and reach everything that these do at least as often.
    fn is_within(&self, other: &Self) -> bool {
        let has = |field: &Field, a: &Alike| {
            let same = |b: &&Alike| (b.first, b.outputs) == (a.first, a.outputs);
            field.alike.iter().find(same).is_some_and(|b| b.positions >= a.positions)
        };
        self.range.len() <= other.range.len()
            && self
                .fields
                .iter()
                .zip(&other.fields)
                .all(|(own, other)| own.alike.iter().all(|a| has(other, a)))
    }
}

/// What rows or columns read of a source of a convolution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// [`field::Span::taps`].
    pub taps: Vec<u64>,
    /// Sum of `taps`.
    pub pairs: u64,
    /// Positions that are read.
    pub read: u64,
    /// The same by the kernel elements through which they reach outputs.
    pub alike: Vec<Alike>,
    /// The same by [`Kinds`].
    pub kinds: Vec<(usize, u64)>,
}

/// The kinds of positions that any rows or columns of any tile have, of one projection: where connections are
/// lists under a rate, these decide how long they are.
#[derive(Default)]
pub(super) struct Kinds {
    rows: Vec<Kind>,
    cols: Vec<Kind>,
}

impl Kinds {
    /// Collects the kinds of projection `k`, and tells each of its fields which they are.
    pub(super) fn collect<'l>(
        k: usize,
        rows: impl Iterator<Item = &'l mut Line>,
        cols: impl Iterator<Item = &'l mut Line>,
    ) -> Self {
        let mut out = Self::default();
        rows.for_each(|line| number(&mut line.fields[k], &mut out.rows));
        cols.for_each(|line| number(&mut line.fields[k], &mut out.cols));
        out
    }
}

fn number(field: &mut Field, kinds: &mut Vec<Kind>) {
    let mut of = |alike: &Alike| {
        let kind = (alike.first, alike.outputs);
        let known = kinds.iter().position(|k| *k == kind);
        let at = known.unwrap_or_else(|| {
            kinds.push(kind);
            kinds.len() - 1
        });
        (at, alike.positions)
    };
    field.kinds = field.alike.iter().map(&mut of).collect();
}

/// Lists of a position of some kind, over all source channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lists {
    /// Lists with an entry.
    pub lists: u64,
    /// Their entries.
    pub entries: u64,
    /// Their words.
    pub words: u64,
}

/// Channels that are alike.
pub(super) struct Channels {
    /// One range of them.
    pub range: Range<usize>,
    /// How many there are.
    pub times: u64,
    /// By projection.
    pub fields: Vec<Features>,
}

/// What channels have of a convolution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    /// [`field::features`].
    pub groups: Vec<(u64, u64)>,
    /// Words that one event reads at a position, over all groups, and words of a kernel position.
    pub words: u64,
    /// Weights that are not zero, by kernel element.
    pub nonzero: Vec<u64>,
    /// For each kind of rows, for each kind of columns the lists of a position; empty where they do not decide.
    pub lists: Vec<Lists>,
    /// Number of kinds of columns.
    pub across: usize,
}

impl Job<'_> {
    /// Whether lists of projection `k` are found by kinds: those of a convolution under a rate.
    pub(super) fn has_kinds(&self, k: usize) -> bool {
        let projection = &self.layer.projections[k];
        self.encodings[k] == Encoding::Sparse
            && matches!(projection.op, Op::Conv2d(_))
            && matches!(self.profile.layers[projection.source], Activity::Rate(_))
    }

    /// Whether all events come at a rate, and so the same number from every neuron of a source.
    fn is_stated(&self) -> bool {
        let rate = |activity: &Activity| matches!(activity, Activity::Rate(_));
        let source = |p: &Projection| rate(&self.profile.layers[p.source]);
        rate(self.own) && self.layer.projections.iter().all(source)
    }

    /// The rows or columns of these ranges. Those of a linear layer with zeros are all different.
    pub(super) fn lines(&self, axis: Axis, ranges: &[Range<usize>]) -> Vec<Line> {
        let projections = &self.layer.projections;
        let own_weights = |p: &Projection| !matches!(p.op, Op::Conv2d(_)) && p.has_zeros();
        let can_be_alike = self.is_stated() && !projections.iter().any(own_weights);
        let mut out: Vec<Line> = Vec::new();
        for range in ranges {
            let fields: Vec<Field> = projections.iter().map(|p| field_of(p, axis, range)).collect();
            let alike = |l: &&mut Line| l.range.len() == range.len() && l.fields == fields;
            match out.iter_mut().find(alike).filter(|_| can_be_alike) {
                Some(known) => known.times += 1,
                None => out.push(Line { range: range.clone(), times: 1, leads: true, fields }),
            }
        }
        if can_be_alike {
            let within = |k: usize| (0..out.len()).any(|other| other != k && out[k].is_within(&out[other]));
            let leads: Vec<bool> = (0..out.len()).map(|k| !within(k)).collect();
            out.iter_mut().zip(leads).for_each(|(line, leads)| line.leads = leads);
        }
        out
    }

    /// The channels of these ranges. With zeros they are all different.
    pub(super) fn channels(&self, kinds: &[Option<Kinds>], ranges: &[Range<usize>]) -> Vec<Channels> {
        let projections = &self.layer.projections;
        let can_be_alike = self.is_stated() && !projections.iter().any(Projection::has_zeros);
        let mut out: Vec<Channels> = Vec::new();
        for range in ranges {
            let features = |(p, kinds): (&Projection, &Option<Kinds>)| self.features_of(p, kinds, range);
            let fields: Vec<Features> = projections.iter().zip(kinds).map(features).collect();
            let alike = |c: &&mut Channels| c.range.len() == range.len() && c.fields == fields;
            match if can_be_alike { out.iter_mut().find(alike) } else { None } {
                Some(known) => known.times += 1,
                None => out.push(Channels { range: range.clone(), times: 1, fields }),
            }
        }
        out
    }

    fn features_of(&self, projection: &Projection, kinds: &Option<Kinds>, range: &Range<usize>) -> Features {
        let Op::Conv2d(conv) = &projection.op else { return Features::default() };
        let Conv2d { kernel: [_, _, kh, kw], .. } = conv;
        let groups = field::features(conv, range);
        let bits = self.rules.entry_bits(projection);
        let words = groups.iter().map(|(f, groups)| groups * self.rules.lists.words(*f, bits)).sum();
        let mut nonzero = Vec::new();
        if projection.has_zeros() {
            nonzero.resize(kh * kw, 0u64);
            for channel in projection.nonzero()[range.start * kh * kw..range.end * kh * kw].chunks(kh * kw) {
                for (sum, n) in nonzero.iter_mut().zip(channel) {
                    *sum += n;
                }
            }
        }
        let mut out = Features { groups, words, nonzero, ..Features::default() };
        if let Some(Kinds { rows, cols }) = kinds {
            out.lists.resize(rows.len() * cols.len(), Lists::default());
            out.across = cols.len();
            let bits = bits + self.rules.lists.sparse_index();
            projection.list_lengths(range, [rows, cols], |_, lengths| {
                for (sum, length) in out.lists.iter_mut().zip(lengths).filter(|(_, n)| **n > 0) {
                    sum.lists += 1;
                    sum.entries += length;
                    sum.words += self.rules.lists.words(*length, bits);
                }
            });
        }
        out
    }
}

fn field_of(projection: &Projection, axis: Axis, range: &Range<usize>) -> Field {
    let Op::Conv2d(conv) = &projection.op else { return Field::default() };
    let shape = projection.source_shape;
    let span = match axis {
        Axis::Cols => field::span(conv, 1, shape.w, range),
        _ => field::span(conv, 0, shape.h, range),
    };
    let (pairs, read) = (span.taps.iter().sum(), span.reached.len() as u64);
    Field { alike: span.alike(), pairs, read, taps: span.taps, kinds: Vec::new() }
}
