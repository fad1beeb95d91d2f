//! How often neurons give out events: stated, measured or unknown.

use std::sync::Arc;

use crate::load::Interval;
use crate::network::Block;
use snnc_ir::graph::shape::Shape;

/// Events per source neuron and step, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// No fewer than this.
    pub lower: u32,
    /// What the search ranks by.
    pub nominal: u32,
    /// No more than this.
    pub upper: u32,
}

impl Rate {
    /// One event per neuron and step.
    pub const ONE: u32 = 1_000_000;
    /// From silent to all-firing; ranked as all-firing.
    pub const UNKNOWN: Self = Self { lower: 0, nominal: Self::ONE, upper: Self::ONE };

    /// A stated rate.
    pub const fn stated(ppm: u32) -> Self {
        Self { lower: ppm, nominal: ppm, upper: ppm }
    }

    /// Thousandths per step of things that each happen once per event: at least `least`, at most `most`.
    pub fn of(self, least: u64, most: u64) -> Interval {
        let nominal = scaled(most, self.nominal, true);
        Interval {
            lower: scaled(least, self.lower, false),
            nominal,
            upper: if self.upper == self.nominal { nominal } else { scaled(most, self.upper, true) },
        }
    }
}

/// `count · ppm / 1000`, rounded up or down; 64 bits are wide enough for nearly all counts.
fn scaled(count: u64, ppm: u32, up: bool) -> u64 {
    match count.checked_mul(u64::from(ppm)) {
        Some(v) if up => v.div_ceil(1000),
        Some(v) => v / 1000,
        None => {
            let v = u128::from(count) * u128::from(ppm);
            cap(if up { v.div_ceil(1000) } else { v / 1000 })
        }
    }
}

fn cap(v: u128) -> u64 {
    u64::try_from(v).unwrap_or(u64::MAX)
}

/// Events of every neuron of a layer, counted over a number of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Events per neuron over all steps, in C, H, W order.
    pub events: Arc<[u64]>,
    /// Steps that they were counted over; at least 1.
    pub steps: u64,
}

impl Measured {
    /// The mean per step of a count over all steps, in thousandths: rounded outwards.
    fn of(&self, least: u64, most: u64) -> Interval {
        let steps = u128::from(self.steps.max(1));
        let most = cap((u128::from(most) * 1000).div_ceil(steps));
        Interval { lower: cap(u128::from(least) * 1000 / steps), nominal: most, upper: most }
    }
}

/// The events of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    /// The same rate for every neuron and step.
    Rate(Rate),
    /// Counted per neuron.
    Measured(Measured),
}

/// The events of every source neuron by which arrivals are weighed.
#[derive(Clone, Copy, Debug)]
pub enum Events<'a> {
    /// One of each neuron.
    Each,
    /// A count per neuron, in C, H, W order.
    Counted(&'a [u64]),
}

impl Activity {
    /// From silent to all-firing.
    pub const UNKNOWN: Self = Self::Rate(Rate::UNKNOWN);

    /// A stated rate.
    pub const fn stated(ppm: u32) -> Self {
        Self::Rate(Rate::stated(ppm))
    }

    /// What counts of [`interval`](Self::interval) are to be weighed by.
    pub fn events(&self) -> Events<'_> {
        match self {
            Self::Rate(_) => Events::Each,
            Self::Measured(m) => Events::Counted(&m.events),
        }
    }

    /// Thousandths per step of things that were counted with [`events`](Self::events): at least `least`, at
    /// most `most` of them.
    pub fn interval(&self, least: u64, most: u64) -> Interval {
        match self {
            Self::Rate(rate) => rate.of(least, most),
            Self::Measured(measured) => measured.of(least, most),
        }
    }

    /// Events that the neurons of a block give out per step, in thousandths; `shape` is that of the layer.
    pub fn of_block(&self, shape: Shape, block: &Block) -> Interval {
        let count = match self.events() {
            Events::Each => block.neurons(),
            Events::Counted(events) => {
                let mut sum = 0u64;
                block.each(shape, |at| sum = sum.saturating_add(events[at]));
                sum
            }
        };
        self.interval(count, count)
    }

    /// The mean rate over all neurons.
    pub fn mean(&self) -> Rate {
        match self {
            Self::Rate(rate) => *rate,
            Self::Measured(m) => {
                let sum: u128 = m.events.iter().map(|n| u128::from(*n)).sum();
                let of = (u128::from(m.steps) * m.events.len() as u128).max(1);
                let ppm = |v: u128| u32::try_from(v).unwrap_or(Rate::ONE).min(Rate::ONE);
                let scaled = sum * u128::from(Rate::ONE);
                let upper = ppm(scaled.div_ceil(of));
                Rate { lower: ppm(scaled / of), nominal: upper, upper }
            }
        }
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Rate(rate) if rate.lower != rate.upper)
    }
}

/// The activity of a network: one per layer of [`Network::layers`](crate::network::Network::layers).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The layers' own events.
    pub layers: Vec<Activity>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_means_rounded_outwards() {
        let measured = Activity::Measured(Measured { events: [1, 0, 3].into(), steps: 3 });
        assert_eq!(measured.interval(1, 2), Interval { lower: 333, nominal: 667, upper: 667 });
        assert_eq!(measured.mean(), Rate { lower: 444_444, nominal: 444_445, upper: 444_445 });
        let block = Block { channels: 1..3, rows: 0..1, cols: 0..1, fan_in: 0..0 };
        assert_eq!(measured.of_block(Shape::new(3, 1, 1), &block), Interval::exact(1000));
        assert_eq!(Activity::stated(500_000).of_block(Shape::new(3, 1, 1), &block), Interval::exact(1000));
    }
}
