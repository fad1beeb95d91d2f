//! Tiles of a layer and the loads that they mean.

use std::collections::BTreeMap;
use std::ops::Range;

use snnc_machine::activity::{Activity, Profile};
use snnc_machine::load::{Interval, Load};
use snnc_machine::network::field::Grid;
use snnc_machine::network::partition::contiguous;
use snnc_machine::network::{Arrivals, Block, Layer, Listed, Projection};
use snnc_machine::target::Tile;

use crate::encoding::Encoding;
use crate::memory;
use crate::rules::Rules;

/// What one synaptic operation and one update weigh when an axis is cut, in femtoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Weighing {
    /// Per synaptic operation.
    pub synop: u64,
    /// Per neuron update.
    pub update: u64,
}

/// An axis of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Channels.
    Channels,
    /// Rows.
    Rows,
    /// Columns.
    Cols,
}

impl Axis {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Channels, Self::Rows, Self::Cols];

    /// Elements of the axis in a layer.
    pub fn size(self, layer: &Layer) -> usize {
        match self {
            Self::Channels => layer.shape.c,
            Self::Rows => layer.shape.h,
            Self::Cols => layer.shape.w,
        }
    }

    /// The grid of the layer's elements along this axis.
    fn elements(self, layer: &Layer) -> Grid {
        let whole = Grid::of(&Block::whole(layer.shape, 0));
        let single = (0..self.size(layer)).map(|k| k..k + 1).collect();
        match self {
            Self::Channels => Grid { channels: single, ..whole },
            Self::Rows => Grid { rows: single, ..whole },
            Self::Cols => Grid { cols: single, ..whole },
        }
    }
}

/// Pairs of an event and a connection that an encoding executes.
pub fn executed(encoding: Encoding, arrivals: &Arrivals) -> u64 {
    match encoding.listed() {
        Listed::All => arrivals.stored(),
        Listed::NonZero => arrivals.nonzero,
    }
}

/// Nominal synaptic operations of every element of an axis, in thousandths.
pub fn synops(layer: &Layer, encodings: &[Encoding], axis: Axis, profile: &Profile) -> Vec<u64> {
    let grid = axis.elements(layer);
    let mut out = vec![0u64; axis.size(layer)];
    for (projection, encoding) in layer.projections.iter().zip(encodings) {
        let activity = &profile.layers[projection.source];
        let arrivals = projection.arrivals(layer.shape, &grid, activity.events(), Listed::All);
        for (sum, arrivals) in out.iter_mut().zip(&arrivals) {
            let executed = executed(*encoding, arrivals);
            *sum = sum.saturating_add(activity.interval(executed, executed).nominal);
        }
    }
    out
}

/// How a layer is cut: along each axis the exact contiguous partition of the nominal work, each once.
pub struct Cuts<'a> {
    layer: &'a Layer,
    encodings: &'a [Encoding],
    profile: &'a Profile,
    weighing: Weighing,
    work: [Option<Vec<u64>>; 3],
    ranges: [BTreeMap<u32, Vec<Range<usize>>>; 3],
}

impl<'a> Cuts<'a> {
    /// No cut yet.
    pub fn new(
        layer: &'a Layer,
        encodings: &'a [Encoding],
        profile: &'a Profile,
        weighing: Weighing,
    ) -> Self {
        let (work, ranges) = Default::default();
        Self { layer, encodings, profile, weighing, work, ranges }
    }

    /// The ranges of an axis that is cut into so many parts.
    pub fn ranges(&mut self, axis: Axis, parts: u32) -> &[Range<usize>] {
        let size = axis.size(self.layer);
        if parts > 1 && self.work[axis as usize].is_none() {
            self.work[axis as usize] = Some(self.work(axis));
        }
        let work = self.work[axis as usize].as_deref().unwrap_or_default();
        self.ranges[axis as usize].entry(parts).or_insert_with(|| match parts {
            0 | 1 => std::iter::once(0..size).collect(),
            parts => contiguous(work, parts as usize),
        })
    }

    /// The grid of a tile.
    pub fn grid(&mut self, tile: Tile) -> Grid {
        Grid {
            channels: self.ranges(Axis::Channels, tile.channels).to_vec(),
            rows: self.ranges(Axis::Rows, tile.rows).to_vec(),
            cols: self.ranges(Axis::Cols, tile.cols).to_vec(),
        }
    }

    /// The nominal work of every element of an axis, up to a common factor.
    fn work(&self, axis: Axis) -> Vec<u64> {
        let size = axis.size(self.layer);
        let updates = (self.layer.shape.len() / size.max(1)) as u64 * 1000;
        let weigh = |synops: u64| {
            let synops = synops.saturating_mul(self.weighing.synop);
            synops.saturating_add(updates.saturating_mul(self.weighing.update)) >> 10
        };
        synops(self.layer, self.encodings, axis, self.profile).into_iter().map(weigh).collect()
    }
}

/// What one projection brings into a block.
pub fn load_of(
    rules: &Rules,
    projection: &Projection,
    encoding: Encoding,
    activity: &Activity,
    arrivals: &Arrivals,
) -> Load {
    let words = memory::words_read(rules, projection, encoding, arrivals);
    let events = arrivals.events();
    Load {
        synops: activity.interval(arrivals.nonzero, arrivals.stored()),
        reads: activity.interval(words, words),
        messages_in: activity.interval(events, events),
        ..Load::default()
    }
}

/// The load of every block of a grid, in its order. Messages out count one per spike; how many cores a
/// spike really goes to is known when all layers have their tiles.
pub fn loads(
    layer: &Layer,
    encodings: &[Encoding],
    own: &Activity,
    grid: &Grid,
    profile: &Profile,
    rules: &Rules,
) -> Vec<Load> {
    let compartments = rules.compartments(layer);
    let blocks = grid.blocks(layer.fan_in());
    let mut out: Vec<Load> = blocks
        .iter()
        .map(|block| {
            let neurons = block.neurons();
            Load {
                updates: Interval::exact((neurons * compartments).saturating_mul(1000)),
                messages_out: own.of_block(layer.shape, block),
                ..Load::default()
            }
        })
        .collect();
    for (projection, encoding) in layer.projections.iter().zip(encodings) {
        let activity = &profile.layers[projection.source];
        let arrivals = projection.arrivals(layer.shape, grid, activity.events(), encoding.listed());
        for (load, arrivals) in out.iter_mut().zip(&arrivals) {
            *load = load.plus(load_of(rules, projection, *encoding, activity, arrivals));
        }
    }
    out
}
