//! Blocks that share their rows and columns.

use std::ops::Range;

use snnc_ir::graph::op::{Conv2d, Op};
use snnc_ir::graph::shape::Shape;
use snnc_machine::activity::{Activity, Events};
use snnc_machine::load::{Interval, Load};
use snnc_machine::network::field::Alike;
use snnc_machine::network::{Arrivals, Inflow, Projection};

use super::Job;
use super::axis::{Channels, Features, Field, Line, Lists};
use crate::encoding::Encoding;
use crate::memory::{CONV_AXONS, Need, Stored};
use crate::tile;

/// Blocks that share their rows and columns.
pub(super) struct Blocks<'a> {
    job: &'a Job<'a>,
    /// The rows.
    pub rows: &'a [Line],
    /// The columns.
    pub cols: &'a [Line],
    sources: Vec<Source<'a>>,
    /// What the layer gives out, where that is counted per neuron.
    emitted: Option<Emitted>,
    /// Events that the blocks of the present channels give out.
    sent: Vec<u64>,
}

/// How what a projection brings is found.
struct Source<'a> {
    /// Not of a convolution under a rate: there it is a sum over kinds of positions or, where it keeps its form,
    /// a product along the axes.
    arrivals: Option<(Inflow<'a>, Vec<Arrivals>)>,
    /// The lists of non-zero weights that are stored, where `arrivals` weighs them by counted events.
    lists: Option<(Inflow<'a>, Vec<Arrivals>)>,
}

impl<'a> Blocks<'a> {
    /// Blocks with these rows and columns, of which the ranges are given once more on their own.
    pub(super) fn new(
        job: &'a Job<'a>,
        [rows, cols]: [&'a [Line]; 2],
        [y, x]: [&'a [Range<usize>]; 2],
    ) -> Self {
        let shape = job.layer.shape;
        let source = |(k, projection): (usize, &'a Projection)| {
            let encoding = job.encodings[k];
            let [weighed, each] = &job.weighed[k];
            let inflow = |weighed| (projection.inflow(shape, [y, x], weighed, encoding.listed()), Vec::new());
            let events = job.profile.layers[projection.source].events();
            let is_rate = matches!(events, Events::Each);
            Source {
                arrivals: (!is_rate || !matches!(projection.op, Op::Conv2d(_))).then(|| inflow(weighed)),
                lists: (!is_rate && encoding == Encoding::Sparse).then(|| inflow(each)),
            }
        };
        let sources = job.layer.projections.iter().enumerate().map(source).collect();
        let emitted = match job.own.events() {
            Events::Each => None,
            Events::Counted(events) => Some(Emitted::new(shape, events, [y, x])),
        };
        Self { job, rows, cols, sources, emitted, sent: Vec::new() }
    }

    /// Makes these the present channels.
    pub(super) fn enter(&mut self, channels: &Channels) {
        for source in &mut self.sources {
            for (inflow, found) in [&mut source.arrivals, &mut source.lists].into_iter().flatten() {
                *found = inflow.at(&channels.range);
            }
        }
        if let Some(emitted) = &self.emitted {
            self.sent = emitted.of(&channels.range);
        }
    }

    /// Every pair of rows and columns, columns changing fastest.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, usize)> {
        let cols = self.cols.len();
        (0..self.rows.len()).flat_map(move |y| (0..cols).map(move |x| (y, x)))
    }

    /// Pairs among which are those with the greatest loads and needs.
    pub(super) fn leading(&self) -> impl Iterator<Item = (usize, usize)> {
        self.all().filter(|(y, x)| self.rows[*y].leads && self.cols[*x].leads)
    }

    /// Neurons and positions of a block.
    fn size(&self, channels: &Channels, y: usize, x: usize) -> (u64, u64) {
        let positions = (self.rows[y].range.len() * self.cols[x].range.len()) as u64;
        (positions * channels.range.len() as u64, positions)
    }

    /// What a block of the present channels takes of its core.
    pub(super) fn need(&self, channels: &Channels, y: usize, x: usize) -> Need {
        let Job { layer, encodings, rules, mapped, .. } = self.job;
        let (neurons, positions) = self.size(channels, y, x);
        let at = y * self.cols.len() + x;
        let mut stored = Stored::default();
        for (k, (projection, encoding)) in layer.projections.iter().zip(encodings).enumerate() {
            let source = &self.sources[k];
            stored = stored.plus(match (encoding, &projection.op) {
                (Encoding::Sparse, _) => match source.lists.as_ref().or(source.arrivals.as_ref()) {
                    Some((_, lists)) => Stored::sparse(rules, projection, &lists[at]),
                    None => {
                        let Lists { lists, words, .. } = self.lists(channels, k, y, x);
                        Stored { axons: lists, words }
                    }
                },
                (_, Op::Linear(linear)) => Stored::dense(rules, projection, linear.inputs as u64, neurons),
                (_, Op::Conv2d(conv)) if rules.lists.conv_index == 0 => {
                    // As `Stored::conv` has it, with the words of a kernel position at hand.
                    let [_, per_group, kh, kw] = conv.kernel;
                    let words = channels.fields[k].words.saturating_mul((per_group * kh * kw) as u64);
                    Stored { axons: CONV_AXONS, words }
                }
                (_, Op::Conv2d(conv)) => {
                    let kinds = [&*self.rows[y].fields[k].alike, &*self.cols[x].fields[k].alike];
                    let compartments = neurons * rules.compartments(layer);
                    Stored::conv(rules, projection, conv, &channels.fields[k].groups, kinds, compartments)
                }
                _ => Stored::default(),
            });
        }
        Need::new(rules, layer, stored, *mapped, neurons, positions)
    }

    /// The load of a block of the present channels.
    pub(super) fn load(&self, channels: &Channels, y: usize, x: usize) -> Load {
        let Job { layer, encodings, own, profile, rules, .. } = self.job;
        let (neurons, _) = self.size(channels, y, x);
        let at = y * self.cols.len() + x;
        let sent = if self.emitted.is_some() { self.sent[at] } else { neurons };
        let mut load = Load {
            updates: Interval::exact((neurons * rules.compartments(layer)).saturating_mul(1000)),
            messages_out: own.interval(sent, sent),
            ..Load::default()
        };
        for (k, (projection, encoding)) in layer.projections.iter().zip(encodings).enumerate() {
            let activity = &profile.layers[projection.source];
            let of = match (&self.sources[k].arrivals, &projection.op) {
                (Some((_, arrivals)), _) => {
                    tile::load_of(rules, projection, *encoding, activity, &arrivals[at])
                }
                (None, Op::Conv2d(_)) if *encoding == Encoding::Sparse => {
                    let Lists { lists, entries, words } = self.lists(channels, k, y, x);
                    Load {
                        synops: activity.interval(entries, entries),
                        reads: activity.interval(words, words),
                        messages_in: activity.interval(lists, lists),
                        ..Load::default()
                    }
                }
                (None, Op::Conv2d(conv)) => {
                    let fields = [&self.rows[y].fields[k], &self.cols[x].fields[k]];
                    self.product((projection, conv), activity, &channels.fields[k], fields)
                }
                _ => Load::default(),
            };
            load = load.plus(of);
        }
        load
    }

    /// Nominal messages that arrive at a block of the present channels per step, in thousandths.
    pub(super) fn messages(&self, channels: &Channels, y: usize, x: usize) -> u64 {
        let Job { layer, encodings, profile, .. } = self.job;
        let mut out = 0u64;
        for (k, (projection, encoding)) in layer.projections.iter().zip(encodings).enumerate() {
            let events = match (&self.sources[k].arrivals, &projection.op) {
                (Some((_, arrivals)), _) => arrivals[y * self.cols.len() + x].events(),
                _ if *encoding == Encoding::Sparse => self.lists(channels, k, y, x).lists,
                (None, Op::Conv2d(conv)) => {
                    let read = self.rows[y].fields[k].read * self.cols[x].fields[k].read;
                    events(conv, &channels.fields[k], read)
                }
                _ => 0,
            };
            out = out.saturating_add(profile.layers[projection.source].interval(events, events).nominal);
        }
        out
    }

    /// The lists of a convolution into a block.
    fn lists(&self, channels: &Channels, k: usize, y: usize, x: usize) -> Lists {
        let features = &channels.fields[k];
        let mut out = Lists::default();
        for (row, ys) in &self.rows[y].fields[k].kinds {
            let line = &features.lists[row * features.across..(row + 1) * features.across];
            for (col, xs) in &self.cols[x].fields[k].kinds {
                let (of, positions) = (line[*col], ys * xs);
                out.lists += positions * of.lists;
                out.entries += positions * of.entries;
                out.words += positions * of.words;
            }
        }
        out
    }

    /// What a convolution brings when every neuron of the source gives out as many events.
    fn product(
        &self,
        (projection, conv): (&Projection, &Conv2d),
        activity: &Activity,
        features: &Features,
        [y, x]: [&Field; 2],
    ) -> Load {
        let per_group = conv.kernel[1] as u64;
        let sum =
            |of: &dyn Fn(u64, u64) -> u64| features.groups.iter().map(|(f, groups)| of(*f, *groups)).sum();
        let pairs = y.pairs * x.pairs;
        let channels: u64 = sum(&|f, groups| f * groups);
        let stored = channels.saturating_mul(per_group).saturating_mul(pairs);
        let mut nonzero = stored;
        if !features.nonzero.is_empty() {
            nonzero = 0;
            for (down, row) in y.taps.iter().zip(features.nonzero.chunks_exact(conv.kernel[3])) {
                let along: u64 = x.taps.iter().zip(row).map(|(along, n)| along * n).sum();
                nonzero += down * along;
            }
        }
        let lists = &self.job.rules.lists;
        let words = if lists.conv_index == 0 {
            features.words.saturating_mul(per_group).saturating_mul(pairs)
        } else {
            let bits = self.job.rules.entry_bits(projection) + lists.conv_index;
            let kinds = y.alike.iter().flat_map(|y| x.alike.iter().map(move |x| (y, x)));
            let of = |f: u64, groups: u64| -> u64 {
                let words = |(y, x): (&_, &_)| of_kind(y, x, |outputs| lists.words(f * outputs, bits));
                groups * kinds.clone().map(words).sum::<u64>()
            };
            per_group * sum(&of)
        };
        let events = events(conv, features, y.read * x.read);
        Load {
            synops: activity.interval(nonzero, stored),
            reads: activity.interval(words, words),
            messages_in: activity.interval(events, events),
            ..Load::default()
        }
    }
}

/// Source neurons at so many positions that reach some channels.
fn events(conv: &Conv2d, features: &Features, positions: u64) -> u64 {
    let groups: u64 = features.groups.iter().map(|(_, groups)| groups).sum();
    groups.saturating_mul(conv.kernel[1] as u64).saturating_mul(positions)
}

/// Words that the positions of a kind read together.
fn of_kind(y: &Alike, x: &Alike, words: impl Fn(u64) -> u64) -> u64 {
    y.positions * x.positions * words((y.outputs * x.outputs) as u64)
}

/// Counted events of a layer at pairs of rows and columns: for every channel, and all before it, the sums.
struct Emitted {
    blocks: usize,
    sums: Vec<u64>,
}

impl Emitted {
    fn new(shape: Shape, events: &[u64], [rows, cols]: [&[Range<usize>]; 2]) -> Self {
        let blocks = rows.len() * cols.len();
        let mut sums = vec![0u64; blocks];
        sums.reserve(blocks * shape.c);
        for channel in events.chunks_exact(shape.plane().max(1)).take(shape.c) {
            let before = sums.len() - blocks;
            for rows in rows {
                for cols in cols {
                    let line = |y: usize| channel[y * shape.w..][cols.clone()].iter();
                    let sum = rows.clone().flat_map(line).fold(0, |sum: u64, n| sum.saturating_add(*n));
                    sums.push(sum.saturating_add(sums[sums.len() - blocks]));
                }
            }
            debug_assert_eq!(sums.len(), before + 2 * blocks);
        }
        Self { blocks, sums }
    }

    fn of(&self, channels: &Range<usize>) -> Vec<u64> {
        let at = |c: usize| &self.sums[c * self.blocks..(c + 1) * self.blocks];
        at(channels.end).iter().zip(at(channels.start)).map(|(end, start)| end - start).collect()
    }
}
