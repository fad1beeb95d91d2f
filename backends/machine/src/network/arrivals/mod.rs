//! What arrives at the blocks of a population, weighed by the events of the sources.

mod conv;
mod linear;
mod sources;
#[cfg(test)]
mod tests;

use std::ops::Range;

use snnc_ir::graph::op::Op;
use snnc_ir::graph::shape::Shape;

use super::field::Grid;
use super::{Block, Projection};
use crate::activity::Events;
pub use conv::Kind;
use conv::{Conv, Sums};
use linear::Dense;

/// Events that reach as many neurons of a block, in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Channels of the block that an event reaches; of a linear layer, its neurons. Where only weights that
    /// are not zero are listed: the neurons of the list.
    pub features: u64,
    /// Positions of the block that it reaches in each of them; 1 in a linear layer and in lists of weights
    /// that are not zero.
    pub positions: u64,
    /// Events.
    pub events: u64,
}

/// Which connections of a source neuron are listed, and so executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Every one that the operator has.
    All,
    /// Those with a weight that is not zero.
    NonZero,
}

/// What one projection brings into a block of its population.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Ascending by channels, then positions; none without an event or without a listed connection.
    pub ways: Vec<Way>,
    /// Pairs of an event and a connection of it with a weight that is not zero.
    pub nonzero: u64,
}

impl Arrivals {
    /// Pairs of an event and a listed connection of it.
    pub fn stored(&self) -> u64 {
        let pairs = |w: &Way| w.features.saturating_mul(w.positions).saturating_mul(w.events);
        self.ways.iter().map(pairs).fold(0, u64::saturating_add)
    }

    /// Events with at least one listed connection into the block.
    pub fn events(&self) -> u64 {
        self.ways.iter().map(|w| w.events).fold(0, u64::saturating_add)
    }

    /// `nonzero` is absent where no listed weight is zero.
    fn of(mut ways: Vec<Way>, nonzero: Option<u64>) -> Self {
        ways.retain(|w| w.events > 0);
        ways.sort_unstable_by_key(|w| (w.features, w.positions));
        let mut out = Self { ways, nonzero: 0 };
        out.nonzero = nonzero.unwrap_or_else(|| out.stored());
        out
    }

    /// Lists by their length: `events[n]` events reach `n` neurons.
    fn by_length(events: &[u64]) -> Self {
        let lists = events.iter().enumerate().skip(1).filter(|(_, events)| **events > 0);
        let way = |(n, events): (usize, &u64)| Way { features: n as u64, positions: 1, events: *events };
        Self::of(lists.map(way).collect(), None)
    }
}

/// The events by which the arrivals of a projection are weighed, with what is added up of them once.
pub struct Weighed<'a> {
    events: Events<'a>,
    sums: Sums,
}

/// What one projection brings into blocks that share their rows and columns; what does not depend on
/// channels is added up once.
pub struct Inflow<'a>(Form<'a>);

enum Form<'a> {
    Conv(Conv<'a>),
    Linear(Dense<'a>),
    Nothing(usize),
}

impl Inflow<'_> {
    /// What arrives in a range of channels at each pair of rows and columns, columns changing fastest.
    pub fn at(&mut self, channels: &Range<usize>) -> Vec<Arrivals> {
        match &mut self.0 {
            Form::Conv(conv) => conv.at(channels),
            Form::Linear(linear) => linear.at(channels),
            Form::Nothing(blocks) => vec![Arrivals::default(); *blocks],
        }
    }
}

impl Projection {
    /// Connections into a population of shape `shape`, zero weights included.
    pub fn synapses(&self, shape: Shape) -> u64 {
        let whole = Grid::of(&Block::whole(shape, 0));
        self.arrivals(shape, &whole, Events::Each, Listed::All).iter().map(Arrivals::stored).sum()
    }

    /// What the projection brings into every block of a grid, in the order of [`Grid::blocks`]. `shape` is
    /// that of the population, counted events are in the order of the source's neurons.
    pub fn arrivals(&self, shape: Shape, grid: &Grid, events: Events<'_>, listed: Listed) -> Vec<Arrivals> {
        let weighed = self.weigh(events);
        let mut inflow = self.inflow(shape, [&grid.rows, &grid.cols], &weighed, listed);
        grid.channels.iter().flat_map(|channels| inflow.at(channels)).collect()
    }

    /// The events by which arrivals are weighed.
    pub fn weigh<'a>(&self, events: Events<'a>) -> Weighed<'a> {
        let channels = match events {
            Events::Each => 0,
            Events::Counted(_) => self.source_shape.c,
        };
        Weighed { events, sums: Sums::new(channels) }
    }

    /// What the projection brings into blocks with these rows and columns.
    pub fn inflow<'a>(
        &'a self,
        shape: Shape,
        ranges: [&'a [Range<usize>]; 2],
        weighed: &'a Weighed<'a>,
        listed: Listed,
    ) -> Inflow<'a> {
        let [rows, cols] = ranges;
        Inflow(match &self.op {
            Op::Conv2d(conv) => Form::Conv(Conv::new(self, conv, ranges, weighed, listed)),
            Op::Linear(linear) => {
                let events = weighed.events;
                Form::Linear(Dense { projection: self, linear, shape, rows, cols, events, listed })
            }
            _ => Form::Nothing(rows.len() * cols.len()),
        })
    }
}
