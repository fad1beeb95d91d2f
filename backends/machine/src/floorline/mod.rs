//! From loads to bounds on the time of a step.
//!
//! ```text
//! lower = max( max_c synops·t_synop, max_c reads·t_read, max_c updates·t_update,
//!              max_c messages·t_message, max_link messages·t_link, t_barrier )
//! upper = max_c (updates·t_update + sent·t_message_out) + hops·t_hop
//!         + max_c (received·t_message_in + synops·t_synop) + t_barrier
//! ```
//!
//! `lower` takes the lower side of loads and constants (0 where nothing is known), `upper` the upper
//! side, and is unknown as soon as a constant has no ceiling; it takes the messages of all routes one
//! after the other. `nominal` is the formula of `lower` with nominal loads and constants: what the
//! search minimises, not a bound. `docs/floorline.md` says what is public and what is reconstructed.

mod rates;
mod step;

pub use rates::Rates;
pub use step::{CoreLoad, Mesh, StepBound, step_bound};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the time of a step is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Synaptic operations or reads of synaptic memory.
    MemoryBound,
    /// Neuron updates.
    ComputeBound,
    /// Messages at a core or on a link.
    TrafficBound,
    /// Links to the host or a sensor.
    IoBound,
    /// The barrier that ends a step.
    BarrierBound,
}

impl State {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::MemoryBound => "memory-bound",
            Self::ComputeBound => "compute-bound",
            Self::TrafficBound => "traffic-bound",
            Self::IoBound => "io-bound",
            Self::BarrierBound => "barrier-bound",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::MemoryBound => {
                "fewer synaptic operations on the busiest core: sparser activity into its layer, sparser weights, or more cores for it"
            }
            Self::ComputeBound => {
                "fewer neurons on the busiest core: more cores for its layer; sparser activity does not help"
            }
            Self::TrafficBound => {
                "fewer messages: sparser activity, fewer or larger tiles, neighbouring layers cut alike"
            }
            Self::IoBound => "fewer events between host and chip: encode the input more sparsely",
            Self::BarrierBound => "nothing on the cores: the step is as short as the chip allows",
        }
    }
}

/// One term of the floorline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Synaptic operations of a core.
    Synops,
    /// Reads of synaptic memory of a core.
    Reads,
    /// Neuron updates of a core.
    Updates,
    /// Messages that arrive at a core.
    MessagesIn,
    /// Messages that a core sends.
    MessagesOut,
    /// Messages on a link.
    Links,
    /// The barrier.
    Barrier,
}

impl Term {
    /// The state of a step in which this term is the greatest.
    pub fn state(self) -> State {
        match self {
            Self::Synops | Self::Reads => State::MemoryBound,
            Self::Updates => State::ComputeBound,
            Self::MessagesIn | Self::MessagesOut | Self::Links => State::TrafficBound,
            Self::Barrier => State::BarrierBound,
        }
    }

    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Synops => "synaptic operations",
            Self::Reads => "synaptic memory reads",
            Self::Updates => "neuron updates",
            Self::MessagesIn => "messages in",
            Self::MessagesOut => "messages out",
            Self::Links => "messages on a link",
            Self::Barrier => "barrier",
        }
    }
}
