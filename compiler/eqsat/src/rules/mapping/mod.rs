//! Rules that put populations on cores.
//!
//! What a chip offers comes in as data, a [`Menu`]: for each population its forms, for each form the encodings, for each
//! encoding the tiles that the chip can hold and that no other beats. The rules add a term for each of them and for the
//! coarser tiles on the way there, one rule an encoding and one an axis, so that every tile is reached in one way.

mod implement;
mod tile;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use egg::{Id, Rewrite};
use snnc_machine::target::Tile;

use crate::analysis::Analysis;
use crate::language::{EGraph, FormId, Snn};

/// Names and laws of the rules of this folder.
pub const LAWS: &[(&str, &str)] = &[implement::LAW, tile::ROWS, tile::COLUMNS, tile::CHANNELS, tile::FAN_IN];

/// What a chip offers for a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The form.
    pub form: Option<FormId>,
    /// The classes of the populations that it reads.
    pub sources: Vec<Id>,
    /// Per encoding its tiles.
    pub tiles: BTreeMap<&'static str, BTreeSet<Tile>>,
}

/// What a chip offers for the populations of an e-graph, by class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Menu {
    /// Per class of a population its offers.
    pub of: BTreeMap<Id, Vec<Offer>>,
}

/// The rules of a menu, encodings first.
pub fn rules(menu: &Arc<Menu>) -> Vec<Rewrite<Snn, Analysis>> {
    let encodings: BTreeSet<&'static str> =
        menu.of.values().flatten().flat_map(|offer| offer.tiles.keys().copied()).collect();
    let mut out: Vec<_> =
        encodings.into_iter().map(|encoding| implement::rule(Arc::clone(menu), encoding)).collect();
    out.extend(tile::rules(menu));
    out
}

/// The tile and the encoding of a mapped term.
pub fn choice_of(egraph: &EGraph, children: &[Id]) -> Option<(Tile, &'static str)> {
    let tile = egraph[*children.first()?]
        .nodes
        .iter()
        .find_map(|t| if let Snn::Tile(tile) = t { Some(*tile) } else { None });
    let encoding = egraph[*children.get(1)?]
        .nodes
        .iter()
        .find_map(|t| if let Snn::Encoding(name) = t { Some(*name) } else { None });
    Some((tile?, encoding?))
}
