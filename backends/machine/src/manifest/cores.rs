//! Cores and what is on them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::load::Load;

/// A core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Core {
    /// Position in the list.
    pub id: u32,
    /// Chip.
    pub chip: u32,
    /// Column of its router.
    pub x: u32,
    /// Row of its router.
    pub y: u32,
    /// Use of each resource, by the vendor's name for it.
    pub memory: BTreeMap<String, CoreMemory>,
    /// What it computes.
    pub parts: Vec<Part>,
}

/// Use of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoreMemory {
    /// Units in use.
    pub used: u64,
    /// Units there are.
    pub cap: u64,
}

/// What a part does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Adds up and updates its neurons.
    Compute,
    /// Adds up a share of the fan-in for another core.
    Partial,
    /// Hands events on.
    Relay,
}

/// A share of a population on a core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The population.
    pub layer: String,
    /// What the part does.
    pub role: Role,
    /// Its neurons and fan-in elements.
    pub slice: Slice,
    /// Events and work per step, in thousandths.
    pub load: Load,
}

/// Half-open ranges of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// Channels.
    pub channels: [u64; 2],
    /// Rows.
    pub rows: [u64; 2],
    /// Columns.
    pub cols: [u64; 2],
    /// Fan-in elements of each neuron, over all its inputs in their order.
    pub fan_in: [u64; 2],
}

impl Slice {
    /// The ranges in the order channels, rows, columns, fan-in.
    pub fn ranges(&self) -> [[u64; 2]; 4] {
        [self.channels, self.rows, self.cols, self.fan_in]
    }
}

impl From<&crate::network::Block> for Slice {
    fn from(block: &crate::network::Block) -> Self {
        let range = |r: &std::ops::Range<usize>| [r.start as u64, r.end as u64];
        Self {
            channels: range(&block.channels),
            rows: range(&block.rows),
            cols: range(&block.cols),
            fan_in: range(&block.fan_in),
        }
    }
}
