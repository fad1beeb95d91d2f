//! What a core does per step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A quantity per step in thousandths: no less than `lower`, no more than `upper`, ranked as `nominal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Lower bound.
    pub lower: u64,
    /// What the search ranks by.
    pub nominal: u64,
    /// Upper bound.
    pub upper: u64,
}

impl Interval {
    /// A known quantity, in thousandths.
    pub const fn exact(value: u64) -> Self {
        Self { lower: value, nominal: value, upper: value }
    }

    /// The sum; saturates.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            lower: self.lower.saturating_add(other.lower),
            nominal: self.nominal.saturating_add(other.nominal),
            upper: self.upper.saturating_add(other.upper),
        }
    }

    /// The greater of both, each bound on its own.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            lower: self.lower.max(other.lower),
            nominal: self.nominal.max(other.nominal),
            upper: self.upper.max(other.upper),
        }
    }
}

/// Events and work of a core per step, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Synaptic operations: accumulates. The lower bound leaves out stored zeros.
    pub synops: Interval,
    /// Words of synaptic memory fetched.
    pub reads: Interval,
    /// Neuron updates.
    pub updates: Interval,
    /// Messages that arrive.
    pub messages_in: Interval,
    /// Messages that are sent: one per spike and receiving core.
    pub messages_out: Interval,
}

impl Load {
    /// The greater of both, each load on its own.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            synops: self.synops.max(other.synops),
            reads: self.reads.max(other.reads),
            updates: self.updates.max(other.updates),
            messages_in: self.messages_in.max(other.messages_in),
            messages_out: self.messages_out.max(other.messages_out),
        }
    }

    /// The load of a core that does both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            synops: self.synops.plus(other.synops),
            reads: self.reads.plus(other.reads),
            updates: self.updates.plus(other.updates),
            messages_in: self.messages_in.plus(other.messages_in),
            messages_out: self.messages_out.plus(other.messages_out),
        }
    }
}
