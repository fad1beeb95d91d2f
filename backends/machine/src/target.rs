//! The seam between the compiler and a chip.
//!
//! A back end answers four questions about a network: how each layer can be implemented, which tiles
//! that allows, what load and memory a tile means, and whether a set of choices fits the chip as a
//! whole. The search asks them and knows no chip.

use snnc_ir::diag::Diagnostic;

use crate::activity::Profile;
use crate::chip::ChipFile;
use crate::load::Load;
use crate::manifest::Assumption;
use crate::network::field::Grid;
use crate::network::{Block, Network};
use crate::quantise::Quantise;

/// A way to store and compute a layer's connections, by its name in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Implementation {
    /// Name of the encoding, e.g. `dense` or `conv`.
    pub encoding: &'static str,
}

/// Into how many parts each axis of a layer is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Parts of the output channels.
    pub channels: u32,
    /// Parts of the rows.
    pub rows: u32,
    /// Parts of the columns.
    pub cols: u32,
    /// Parts of the fan-in.
    pub fan_in: u32,
}

impl Tile {
    /// Number of blocks.
    pub fn cores(self) -> u64 {
        u64::from(self.channels) * u64::from(self.rows) * u64::from(self.cols) * u64::from(self.fan_in)
    }
}

impl std::fmt::Display for Tile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "c{}y{}x{}", self.channels, self.rows, self.cols)?;
        if self.fan_in > 1 { write!(f, "k{}", self.fan_in) } else { Ok(()) }
    }
}

/// Use of one resource of a core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Name of the resource in the vendor's terms.
    pub resource: &'static str,
    /// Units in use.
    pub used: u64,
    /// Units there are.
    pub cap: u64,
}

/// What one core does for a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The neurons.
    pub block: Block,
    /// How their connections are stored.
    pub how: Implementation,
    /// Resources that it takes of its core.
    pub memory: Vec<Memory>,
    /// Events and work per step.
    pub load: Load,
}

/// What a choice costs, without its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Each load's greatest value over the parts; they need not be of the same part.
    pub peak: Load,
    /// Number of parts.
    pub cores: u64,
    /// Nominal messages that arrive at all parts together per step, in thousandths.
    pub messages: u64,
}

impl Price {
    /// The price of these parts.
    pub fn of(parts: &[Part]) -> Self {
        let mut out = Self { cores: parts.len() as u64, ..Self::default() };
        for part in parts {
            out.peak = out.peak.max(part.load);
            out.messages = out.messages.saturating_add(part.load.messages_in.nominal);
        }
        out
    }
}

/// A rule that a tile breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub rule: String,
    /// Its limit.
    pub limit: u64,
    /// What the tile needs.
    pub found: u64,
}

/// A layer's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The implementation.
    pub implementation: Implementation,
    /// The tile.
    pub tile: Tile,
}

/// A lower limit on what any mapping of a layer takes, whatever the implementation and the tile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Least {
    /// Cores that its memory needs, when no other layer has a part on them.
    pub cores: u64,
    /// Work and messages per step of the whole layer: over all parts no mapping sums to less. Of the lower
    /// sides parts round theirs down, each by less than a thousandth per projection. Messages out count one
    /// per event that the layer gives out.
    pub total: Load,
    /// Each load of a neuron that has much of it, which no tile can split; the loads need not be of the same
    /// neuron.
    pub of_one: Load,
    /// What all parts together take of each resource, with what a core has of it.
    pub memory: Vec<Memory>,
    /// Nominal synaptic operations of [`total`](Self::total).
    pub synops: u64,
    /// Nominal neuron updates of [`total`](Self::total).
    pub updates: u64,
    /// Nominal synaptic operations of [`of_one`](Self::of_one).
    pub synops_of_one: u64,
    /// Nominal messages that arrive of [`of_one`](Self::of_one).
    pub messages_of_one: u64,
}

/// A chip that networks can be mapped to.
pub trait Target: Quantise + Send + Sync {
    /// The chip file in use.
    fn chip(&self) -> &ChipFile;

    /// Steps that a spike takes from one population to the next.
    fn edge_delay(&self) -> u32;

    /// The ways to implement a layer of neurons.
    ///
    /// # Errors
    /// Why the chip cannot run the layer at all.
    fn implementations(
        &self,
        network: &Network,
        layer: usize,
    ) -> Result<Vec<Implementation>, Vec<Diagnostic>>;

    /// The tiles of an implementation, at most `max_cores` blocks each, in a fixed order.
    fn tiles(&self, network: &Network, layer: usize, how: Implementation, max_cores: u64) -> Vec<Tile>;

    /// The parts that a tile means under the real weights and the activity.
    ///
    /// # Errors
    /// The first rule that a part breaks.
    fn loads(
        &self,
        network: &Network,
        layer: usize,
        choice: Choice,
        profile: &Profile,
    ) -> Result<Vec<Part>, Refusal>;

    /// What each of these tiles costs: as [`loads`](Self::loads) gives it, for many tiles at once.
    fn prices(
        &self,
        network: &Network,
        layer: usize,
        how: Implementation,
        tiles: &[Tile],
        profile: &Profile,
    ) -> Vec<Result<Price, Refusal>> {
        let price = |tile: &Tile| {
            let choice = Choice { implementation: how, tile: *tile };
            self.loads(network, layer, choice, profile).map(|parts| Price::of(&parts))
        };
        tiles.iter().map(price).collect()
    }

    /// The part that any block of a layer means.
    ///
    /// # Errors
    /// The first rule that it breaks.
    fn part(
        &self,
        network: &Network,
        layer: usize,
        how: Implementation,
        block: &Block,
        profile: &Profile,
    ) -> Result<Part, Refusal>;

    /// Whether parts can share a core at all; [`share`](Self::share) says which ones.
    fn shares_cores(&self) -> bool {
        false
    }

    /// What parts take of a core that they share.
    ///
    /// # Errors
    /// The rule that forbids it; by default that a core has one part.
    fn share(&self, parts: &[&Part]) -> Result<Vec<Memory>, Refusal> {
        match parts {
            [] => Ok(Vec::new()),
            [one] => Ok(one.memory.clone()),
            _ => Err(Refusal { rule: "layers per core".into(), limit: 1, found: parts.len() as u64 }),
        }
    }

    /// The loads of blocks of a layer that are a grid, under some other activity than they were cut for;
    /// messages out count one per event.
    fn loads_of(
        &self,
        network: &Network,
        layer: usize,
        how: Implementation,
        grid: &Grid,
        profile: &Profile,
    ) -> Vec<Load>;

    /// Limits on a mapping as a whole: adds to the memory of each part (with the index of its layer) what
    /// depends on the parts of other layers.
    ///
    /// # Errors
    /// The first part, by its position, that breaks a rule; the parts may be changed by then.
    fn assign(&self, _network: &Network, _parts: &mut [(usize, Part)]) -> Result<(), (usize, Refusal)> {
        Ok(())
    }

    /// What no mapping of the layer can do without.
    fn least(&self, network: &Network, layer: usize, profile: &Profile) -> Least;

    /// Rules of the back end that are inferred or assumed, by name.
    fn assumptions(&self) -> Vec<Assumption>;
}
