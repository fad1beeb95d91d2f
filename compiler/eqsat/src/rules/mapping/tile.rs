//! A population on a core is the same on several, cut along an axis.
//!
//! A tile says how many parts each axis has; which they are is computed where it is priced, by exact contiguous partition.
//! Rows are cut first, then columns, channels and fan-in, so each tile is made once.

use std::collections::BTreeSet;
use std::sync::Arc;

use egg::{Id, Rewrite};
use snnc_machine::target::Tile;

use super::implement::add;
use super::{Menu, choice_of};
use crate::analysis::Analysis;
use crate::language::{EGraph, Kind, Snn};
use crate::rules::rewrite;

pub(super) const ROWS: (&str, &str) = (
    "tile-rows",
    "a population on cores = the same with its rows cut into ranges: neurons do not see each other",
);
pub(super) const COLUMNS: (&str, &str) = ("tile-columns", "the same for its columns");
pub(super) const CHANNELS: (&str, &str) = ("tile-channels", "the same for its channels");
pub(super) const FAN_IN: (&str, &str) = (
    "tile-fan-in",
    "the same with the fan-in of its neurons cut into ranges, whose sums are added before the update: addition is exact",
);

/// A rule's name, the tiles that it applies to, and what it leaves of finer ones.
type Axis = (&'static str, fn(Tile) -> bool, fn(Tile) -> Tile);

/// The rules, one an axis.
pub(super) fn rules(menu: &Arc<Menu>) -> Vec<Rewrite<Snn, Analysis>> {
    let axes: [Axis; 4] = [
        (
            ROWS.0,
            |t| (t.rows, t.cols, t.channels, t.fan_in) == (1, 1, 1, 1),
            |t| Tile { cols: 1, channels: 1, fan_in: 1, ..t },
        ),
        (
            COLUMNS.0,
            |t| (t.cols, t.channels, t.fan_in) == (1, 1, 1),
            |t| Tile { channels: 1, fan_in: 1, ..t },
        ),
        (CHANNELS.0, |t| (t.channels, t.fan_in) == (1, 1), |t| Tile { fan_in: 1, ..t }),
        (FAN_IN.0, |t| t.fan_in == 1, |t| t),
    ];
    axes.into_iter().map(|(name, applies, cut)| axis(menu, name, applies, cut)).collect()
}

/// The rule of an axis: `applies` to tiles that are whole along it and those after it, and leads to what `cut` leaves of
/// the tiles of the menu.
fn axis(
    menu: &Arc<Menu>,
    name: &'static str,
    applies: fn(Tile) -> bool,
    cut: fn(Tile) -> Tile,
) -> Rewrite<Snn, Analysis> {
    let menu = Arc::clone(menu);
    rewrite(name, Kind::Pop, move |egraph, term| {
        let Snn::Pop(form, children) = term else { return Vec::new() };
        let Some((tile, encoding)) = choice_of(egraph, children).filter(|(tile, _)| applies(*tile)) else {
            return Vec::new();
        };
        let Some(class) = egraph.lookup(term.clone()) else { return Vec::new() };
        let offers = menu.of.get(&class).into_iter().flatten();
        let tiles =
            offers.filter(|offer| offer.form == Some(*form)).filter_map(|offer| offer.tiles.get(encoding));
        let finer: BTreeSet<Tile> =
            tiles.flatten().map(|t| cut(*t)).filter(|t| *t != tile && is_cut_of(*t, tile, cut)).collect();
        finer.into_iter().filter_map(|t| finer_term(egraph, *form, t, encoding, children)).collect()
    })
}

/// Whether `fine` differs from `coarse` along the rule's axis only.
fn is_cut_of(fine: Tile, coarse: Tile, cut: fn(Tile) -> Tile) -> bool {
    // What an axis before this one says must be the same: make the axis of the rule, and those after it, whole.
    let whole = |t: Tile| match cut(Tile { channels: 2, rows: 2, cols: 2, fan_in: 2 }) {
        Tile { fan_in: 2, .. } => Tile { fan_in: 1, ..t },
        Tile { channels: 2, .. } => Tile { channels: 1, fan_in: 1, ..t },
        Tile { cols: 2, .. } => Tile { cols: 1, channels: 1, fan_in: 1, ..t },
        _ => Tile { rows: 1, cols: 1, channels: 1, fan_in: 1 },
    };
    whole(fine) == whole(coarse)
}

fn finer_term(
    egraph: &mut EGraph,
    form: crate::language::FormId,
    tile: Tile,
    encoding: &'static str,
    children: &[Id],
) -> Option<Id> {
    add(egraph, form, tile, encoding, &children[2..])
}
