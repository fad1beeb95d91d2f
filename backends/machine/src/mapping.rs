//! A mapping as a user writes it: the compact form of a manifest's cores. `schemas/mapping-1.json` is its JSON
//! schema, `docs/mapping.md` tells it by example.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::target::Tile;

/// Name and version of the format.
pub const SCHEMA: &str = "snnc-mapping/1";

/// A mapping, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingFile {
    /// `snnc-mapping/1`.
    pub schema: String,
    /// Layers in any order; one that is not here is searched.
    pub layers: Vec<LayerMapping>,
}

/// What is given of a layer: a tile or parts; with neither, its encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerMapping {
    /// Name of the layer, as in `layers[]` of a manifest.
    pub layer: String,
    /// How its connections are stored; the best that the chip offers when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Parts per axis, e.g. `c2y1x4`; the cuts are made so that the busiest part has the least work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tile: Option<String>,
    /// Parts one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<PartMapping>>,
}

/// A part of a layer: half-open ranges, each the whole axis when it is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartMapping {
    /// Number of its core, counted over the chips router by router; any free core when it is left out. Parts of
    /// several layers share a core that they all name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core: Option<u32>,
    /// Channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<[u64; 2]>,
    /// Rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<[u64; 2]>,
    /// Columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cols: Option<[u64; 2]>,
    /// Fan-in elements of each neuron.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fan_in: Option<[u64; 2]>,
}

impl MappingFile {
    /// The JSON schema as text, ending in a line feed.
    ///
    /// # Errors
    /// Never for these types; serde's signature is kept.
    pub fn schema() -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Self))?;
        text.push('\n');
        Ok(text)
    }
}

impl std::str::FromStr for Tile {
    type Err = String;

    /// Reads what [`Display`](std::fmt::Display) writes; axes that are left out are not cut.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut out = Self { channels: 1, rows: 1, cols: 1, fan_in: 1 };
        let mut rest = text;
        for (letter, count) in
            [('c', &mut out.channels), ('y', &mut out.rows), ('x', &mut out.cols), ('k', &mut out.fan_in)]
        {
            let Some(after) = rest.strip_prefix(letter) else { continue };
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let (digits, more) = after.split_at(end);
            *count =
                digits.parse().ok().filter(|n| *n > 0).ok_or_else(|| {
                    format!("the count after '{letter}' is no number from 1 to {}", u32::MAX)
                })?;
            rest = more;
        }
        if rest.is_empty() && !text.is_empty() {
            return Ok(out);
        }
        Err("a tile is the counts of parts along channels, rows and columns, e.g. c2y1x4".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_tile_is_refused() {
        for text in
            ["", "c", "c0", "c-1", "2", "x2y1", "c2c2", "c4294967296", "c2y1x4 ", "c2y1x4k", "custom", "c²"]
        {
            assert!(text.parse::<Tile>().is_err(), "{text}");
        }
        assert_eq!("y3".parse(), Ok(Tile { channels: 1, rows: 3, cols: 1, fan_in: 1 }));
    }

    proptest! {
        #[test]
        fn a_tile_reads_back(counts in prop::array::uniform4(1u32..)) {
            let [channels, rows, cols, fan_in] = counts;
            let tile = Tile { channels, rows, cols, fan_in };
            prop_assert_eq!(tile.to_string().parse(), Ok(tile));
        }
    }
}
