//! A population in a form is a population on a core.

use std::sync::Arc;

use egg::{Id, Rewrite};
use snnc_machine::target::Tile;

use super::Menu;
use crate::analysis::Analysis;
use crate::language::{EGraph, Kind, Snn};
use crate::rules::rewrite;

/// The law of all encodings; the rule's name ends in the encoding.
pub(super) const LAW: (&str, &str) = (
    "implement",
    "neurons over a sum of weighed populations = a population on one core, its connections stored in an encoding",
);

const ONE: Tile = Tile { channels: 1, rows: 1, cols: 1, fan_in: 1 };

/// Names of the rules; an encoding that is not among them has the last.
const NAMES: &[(&str, &str)] = &[
    ("conv", "implement-conv"),
    ("dense", "implement-dense"),
    ("sparse", "implement-sparse"),
    ("mixed", "implement-mixed"),
];

/// The rule of an encoding.
pub(super) fn rule(menu: Arc<Menu>, encoding: &'static str) -> Rewrite<Snn, Analysis> {
    let name = NAMES.iter().find(|(known, _)| *known == encoding).map_or(LAW.0, |(_, name)| *name);
    rewrite(name, Kind::Neuron, move |egraph, term| {
        let Some(class) = egraph.lookup(term.clone()) else { return Vec::new() };
        let Some(offers) = menu.of.get(&class) else { return Vec::new() };
        let own = offers.iter().filter(|offer| offer.tiles.contains_key(encoding));
        own.filter_map(|offer| add(egraph, offer.form?, ONE, encoding, &offer.sources)).collect()
    })
}

/// A mapped term.
pub(super) fn add(
    egraph: &mut EGraph,
    form: crate::language::FormId,
    tile: Tile,
    encoding: &'static str,
    sources: &[Id],
) -> Option<Id> {
    let tile = egraph.add_uncanonical(Snn::Tile(tile));
    let encoding = egraph.add_uncanonical(Snn::Encoding(encoding));
    let children = [tile, encoding].into_iter().chain(sources.iter().copied()).collect();
    Some(egraph.add_uncanonical(Snn::Pop(form, children)))
}
