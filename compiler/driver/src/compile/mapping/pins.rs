//! What of a mapping is given.

use std::collections::BTreeMap;

use snnc_machine::target::{Choice, Implementation, Part, Price, Tile};
use snnc_place::keep::Seat;

/// What is given of a layer.
#[derive(Clone, Debug)]
pub(in crate::compile) enum Pin {
    /// The tile, and the encoding where one is named.
    Tile(Tile, Option<Implementation>),
    /// The encoding; tiles are searched.
    Encoding(Implementation),
    /// Everything.
    Parts(Fixed),
}

/// The parts of a layer.
#[derive(Clone, Debug)]
pub(in crate::compile) struct Fixed {
    /// The encoding. The tile has the right number of parts; where they are no grid it means nothing else.
    pub(in crate::compile) choice: Choice,
    /// Whether the parts are a grid.
    pub(in crate::compile) is_grid: bool,
    /// In the order of the file.
    pub(in crate::compile) parts: Vec<Part>,
    /// Per part the number of its core, where it is given.
    pub(in crate::compile) numbers: Vec<Option<u32>>,
    /// What it costs. A core that is shared counts for the first layer that is on it; its load counts in full.
    pub(in crate::compile) price: Price,
}

/// What of a mapping is given, by the index of the layer.
#[derive(Clone, Debug, Default)]
pub(in crate::compile) struct Pins {
    pub(in crate::compile) layers: BTreeMap<usize, Pin>,
    /// Where the cores are that parts name.
    pub(in crate::compile) seats: BTreeMap<u32, Seat>,
}

impl Pins {
    /// Whether everything is left to the search.
    pub(in crate::compile) fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The parts of a layer, when they are given.
    pub(in crate::compile) fn fixed(&self, layer: usize) -> Option<&Fixed> {
        match self.layers.get(&layer) {
            Some(Pin::Parts(fixed)) => Some(fixed),
            _ => None,
        }
    }

    /// The number of the core that a part of a layer names.
    pub(in crate::compile) fn number(&self, layer: usize, part: usize) -> Option<u32> {
        self.fixed(layer)?.numbers.get(part).copied().flatten()
    }

    /// Whether a layer may be implemented so.
    pub(super) fn allows(&self, layer: usize, how: Implementation) -> bool {
        match self.layers.get(&layer) {
            None | Some(Pin::Tile(_, None)) => true,
            Some(Pin::Tile(_, Some(own)) | Pin::Encoding(own)) => *own == how,
            Some(Pin::Parts(fixed)) => fixed.choice.implementation == how,
        }
    }

    /// The only tile that a layer may have.
    pub(super) fn tile(&self, layer: usize) -> Option<Tile> {
        match self.layers.get(&layer)? {
            Pin::Tile(tile, _) => Some(*tile),
            Pin::Encoding(_) => None,
            Pin::Parts(fixed) => Some(fixed.choice.tile),
        }
    }
}
