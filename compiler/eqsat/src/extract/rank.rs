//! Times by which choices are ranked.

use snnc_machine::floorline::Rates;
use snnc_machine::load::{Interval, Load};

/// What a load is worth.
#[derive(Clone, Copy, Debug)]
pub struct Ranking {
    /// Constants of the chip.
    pub rates: Rates,
    /// Nothing is known of the activity: loads are taken as they are when every neuron fires.
    pub unknown: bool,
}

impl Ranking {
    /// The time that the search minimises, in femtoseconds: the lower bound on a core with this load.
    pub fn time(&self, load: &Load) -> u64 {
        if !self.unknown {
            return self.rates.lower(load);
        }
        let firing = |i: Interval| Interval::exact(i.nominal);
        self.rates.lower(&Load {
            synops: firing(load.synops),
            reads: firing(load.reads),
            updates: firing(load.updates),
            messages_in: firing(load.messages_in),
            messages_out: firing(load.messages_out),
        })
    }

    /// The nominal time, in femtoseconds.
    pub fn nominal(&self, load: &Load) -> u64 {
        self.rates.nominal(load)
    }

    /// The barrier, in femtoseconds: below it times are all alike.
    pub fn floor(&self) -> u64 {
        self.rates.barrier.rank()
    }
}
