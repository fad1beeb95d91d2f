//! Linear layers.

use std::ops::Range;

use snnc_ir::graph::op::Linear;
use snnc_ir::graph::shape::Shape;

use super::{Arrivals, Listed, Way};
use crate::activity::Events;
use crate::network::{Block, Projection};

/// A linear layer with its rows and columns cut.
pub(super) struct Dense<'a> {
    pub(super) projection: &'a Projection,
    pub(super) linear: &'a Linear,
    pub(super) shape: Shape,
    pub(super) rows: &'a [Range<usize>],
    pub(super) cols: &'a [Range<usize>],
    pub(super) events: Events<'a>,
    pub(super) listed: Listed,
}

impl Dense<'_> {
    pub(super) fn at(&self, channels: &Range<usize>) -> Vec<Arrivals> {
        let mut out = Vec::with_capacity(self.rows.len() * self.cols.len());
        for rows in self.rows {
            for cols in self.cols {
                let (channels, rows, cols) = (channels.clone(), rows.clone(), cols.clone());
                out.push(self.block(&Block { channels, rows, cols, fan_in: 0..0 }));
            }
        }
        out
    }

    fn block(&self, block: &Block) -> Arrivals {
        match self.listed {
            _ if !self.projection.has_zeros() => self.all(block, None),
            Listed::NonZero => self.lists(block),
            Listed::All => {
                let runs = runs(block, self.shape);
                let nonzero = match self.events {
                    Events::Each => {
                        runs.into_iter().map(|run| self.projection.nonzero[run].iter().sum::<u64>()).sum()
                    }
                    Events::Counted(counts) => {
                        let lengths = self.projection.connections(&runs);
                        let pairs = lengths.iter().zip(counts).map(|(n, c)| u64::from(*n).saturating_mul(*c));
                        pairs.fold(0, u64::saturating_add)
                    }
                };
                self.all(block, Some(nonzero))
            }
        }
    }

    /// Every input reaches every neuron.
    fn all(&self, block: &Block, nonzero: Option<u64>) -> Arrivals {
        let events = match self.events {
            Events::Each => self.linear.inputs as u64,
            Events::Counted(counts) => counts.iter().copied().fold(0, u64::saturating_add),
        };
        Arrivals::of(vec![Way { features: block.neurons(), positions: 1, events }], nonzero)
    }

    /// An input reaches the neurons that it has a weight for.
    fn lists(&self, block: &Block) -> Arrivals {
        let mut lengths = vec![0u64; block.neurons() as usize + 1];
        for (input, length) in self.projection.connections(&runs(block, self.shape)).into_iter().enumerate() {
            let events = match self.events {
                Events::Each => 1,
                Events::Counted(counts) => counts[input],
            };
            let sum = &mut lengths[length as usize];
            *sum = sum.saturating_add(events);
        }
        Arrivals::by_length(&lengths)
    }
}

/// Flat positions of a block as few ranges, ascending.
pub(super) fn runs(block: &Block, shape: Shape) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for c in block.channels.clone() {
        for y in block.rows.clone() {
            let start = shape.index(c, y, block.cols.start);
            let end = start + block.cols.len();
            match out.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => out.push(start..end),
            }
        }
    }
    out
}
