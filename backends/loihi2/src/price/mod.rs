//! What many tiles of a layer cost: the same as their loads give, but what tiles share is counted once.
//!
//! Tiles with the same rows and columns go together: what arrives there is added up for them once. Where the
//! sources have a rate, parts that read the same number of positions through the same kernel elements are
//! alike, and one of them stands for all; parts that have less of everything than another need not be looked at
//! for what the greatest load is.

mod axis;
mod block;

use std::collections::BTreeMap;

use snnc_machine::activity::{Activity, Events, Profile};
use snnc_machine::network::{Layer, Network, Projection, Weighed};
use snnc_machine::target::{Implementation, Price, Refusal, Tile};

use crate::encoding::{self, Encoding};
use crate::memory::{self, Mapped};
use crate::rules::Rules;
use crate::tile::{Axis, Cuts, Weighing};

use axis::{Channels, Kinds};
use block::Blocks;

/// What is priced.
struct Job<'a> {
    layer: &'a Layer,
    encodings: Vec<Encoding>,
    own: &'a Activity,
    profile: &'a Profile,
    rules: &'a Rules,
    mapped: Mapped,
    /// By projection: the events of its source, and one of each neuron.
    weighed: Vec<[Weighed<'a>; 2]>,
}

/// What each of these tiles costs.
pub fn prices<'a>(
    network: &'a Network,
    index: usize,
    how: Implementation,
    tiles: &[Tile],
    profile: &'a Profile,
    (rules, weighing): (&'a Rules, Weighing),
) -> Vec<Result<Price, Refusal>> {
    let layer = &network.layers[index];
    let encodings = encoding::of(layer, how);
    let own = &profile.layers[index];
    let mapped = Mapped::of(network, index);
    let weigh = |p: &'a Projection| [profile.layers[p.source].events(), Events::Each].map(|e| p.weigh(e));
    let weighed = layer.projections.iter().map(weigh).collect();
    let job = Job { layer, encodings: encodings.clone(), own, profile, rules, mapped, weighed };
    let mut cuts = Cuts::new(layer, &encodings, profile, weighing);
    let mut rows = by_count(tiles, |t| t.rows, |n| job.lines(Axis::Rows, cuts.ranges(Axis::Rows, n)));
    let mut cols = by_count(tiles, |t| t.cols, |n| job.lines(Axis::Cols, cuts.ranges(Axis::Cols, n)));
    let mut kinds = |k: usize| {
        job.has_kinds(k).then(|| Kinds::collect(k, rows.values_mut().flatten(), cols.values_mut().flatten()))
    };
    let kinds: Vec<Option<Kinds>> = (0..layer.projections.len()).map(&mut kinds).collect();
    let channels = by_count(tiles, |t| t.channels, |n| job.channels(&kinds, cuts.ranges(Axis::Channels, n)));
    let mut order: Vec<usize> = (0..tiles.len()).collect();
    order.sort_by_key(|k| (tiles[*k].rows, tiles[*k].cols));
    let mut out = vec![Ok(Price::default()); tiles.len()];
    for group in order.chunk_by(|a, b| (tiles[*a].rows, tiles[*a].cols) == (tiles[*b].rows, tiles[*b].cols)) {
        let Some(first) = group.first().map(|k| tiles[*k]) else { continue };
        let lines = [&*rows[&first.rows], &*cols[&first.cols]];
        let [y, x] = lines.map(|lines| lines.iter().map(|l| l.range.clone()).collect::<Vec<_>>());
        let mut blocks = Blocks::new(&job, lines, [&y, &x]);
        for k in group {
            out[*k] = price(&mut blocks, tiles[*k], &channels[&tiles[*k].channels], rules);
        }
    }
    out
}

/// What is known of an axis by the number of parts into which it is cut.
fn by_count<T>(
    tiles: &[Tile],
    count: impl Fn(&Tile) -> u32,
    mut make: impl FnMut(u32) -> T,
) -> BTreeMap<u32, T> {
    let mut out = BTreeMap::new();
    for count in tiles.iter().map(count) {
        out.entry(count).or_insert_with(|| make(count));
    }
    out
}

/// The price of a tile, of which `blocks` has the rows and columns.
fn price(
    blocks: &mut Blocks<'_>,
    tile: Tile,
    channels: &[Channels],
    rules: &Rules,
) -> Result<Price, Refusal> {
    let mut out = Price { cores: tile.cores(), ..Price::default() };
    for channels in channels {
        blocks.enter(channels);
        let fits = |(y, x): &(usize, usize)| blocks.need(channels, *y, *x).fits(&rules.caps);
        if !blocks.leading().all(|at| fits(&at)) {
            // The first block that does not fit is the one that is told of.
            for (y, x) in blocks.all() {
                memory::check(&blocks.need(channels, y, x).memory(&rules.caps))?;
            }
        }
        for (y, x) in blocks.leading() {
            out.peak = out.peak.max(blocks.load(channels, y, x));
        }
        for (y, x) in blocks.all() {
            let times = channels.times * blocks.rows[y].times * blocks.cols[x].times;
            let messages = blocks.messages(channels, y, x).saturating_mul(times);
            out.messages = out.messages.saturating_add(messages);
        }
    }
    Ok(out)
}
