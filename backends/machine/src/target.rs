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
    /// Resources that it takes of its core.
    pub memory: Vec<Memory>,
    /// Events and work per step.
    pub load: Load,
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

/// A lower limit on what any mapping of a layer takes, whatever the tile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Least {
    /// Cores that its memory needs.
    pub cores: u64,
    /// Nominal synaptic operations per step of the whole layer, in thousandths.
    pub synops: u64,
    /// Neuron updates per step of the whole layer, in thousandths.
    pub updates: u64,
    /// The greatest synops of one neuron, which no tile can split, in thousandths.
    pub synops_of_one: u64,
    /// The greatest number of messages that a single neuron receives, which no tile can split, in
    /// thousandths.
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

    /// The loads of blocks of a layer that are a grid, under some other activity than they were cut for;
    /// messages out count one per event.
    fn loads_of(&self, network: &Network, layer: usize, grid: &Grid, profile: &Profile) -> Vec<Load>;

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
