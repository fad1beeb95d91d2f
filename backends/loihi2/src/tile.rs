//! Tiles of a layer and the loads that they mean.

use std::ops::Range;

use snnc_ir::graph::op::Op;
use snnc_machine::activity::{Activity, Profile};
use snnc_machine::load::{Interval, Load};
use snnc_machine::network::field::Grid;
use snnc_machine::network::partition::{contiguous, counts};
use snnc_machine::network::{Arrivals, Block, Layer, Projection};
use snnc_machine::target::{Least, Tile};

use crate::memory;
use crate::rules::Rules;

/// Every tile with at most `max_cores` blocks: along each axis the counts at which the largest range
/// changes. The fan-in is not cut: a core cannot hand partial sums to another.
///
/// That a core can take any contiguous ranges, not only powers of two as the vendor's compiler makes
/// them, is an assumption (README.md).
pub fn menu(layer: &Layer, max_cores: u64) -> Vec<Tile> {
    let mut out = Vec::new();
    for channels in counts(layer.shape.c) {
        for rows in counts(layer.shape.h) {
            for cols in counts(layer.shape.w) {
                let tile =
                    Tile { channels: channels as u32, rows: rows as u32, cols: cols as u32, fan_in: 1 };
                if tile.cores() <= max_cores {
                    out.push(tile);
                }
            }
        }
    }
    out
}

/// What one synaptic operation and one update weigh when an axis is cut, in femtoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Weighing {
    /// Per synaptic operation.
    pub synop: u64,
    /// Per neuron update.
    pub update: u64,
}

/// The grid of a tile: along each axis the exact contiguous partition of the nominal work.
pub fn grid(layer: &Layer, tile: Tile, profile: &Profile, weighing: Weighing) -> Grid {
    let shape = layer.shape;
    let cut = |size: usize, parts: u32, with: &dyn Fn(Vec<Range<usize>>) -> Grid| -> Vec<Range<usize>> {
        if parts == 1 {
            return std::iter::once(0..size).collect();
        }
        contiguous(
            &work(layer, &with((0..size).map(|k| k..k + 1).collect()), profile, weighing),
            parts as usize,
        )
    };
    let whole = Grid::of(&Block::whole(shape, 0));
    Grid {
        channels: cut(shape.c, tile.channels, &|channels| Grid { channels, ..whole.clone() }),
        rows: cut(shape.h, tile.rows, &|rows| Grid { rows, ..whole.clone() }),
        cols: cut(shape.w, tile.cols, &|cols| Grid { cols, ..whole.clone() }),
    }
}

/// The nominal work of every block of a grid, up to a common factor.
fn work(layer: &Layer, grid: &Grid, profile: &Profile, weighing: Weighing) -> Vec<u64> {
    let mut synops = vec![0u64; grid.channels.len() * grid.rows.len() * grid.cols.len()];
    for projection in &layer.projections {
        let activity = &profile.layers[projection.source];
        let arrivals = projection.arrivals(layer.shape, grid, activity.events());
        for (sum, stored) in synops.iter_mut().zip(arrivals.iter().map(Arrivals::stored)) {
            *sum = sum.saturating_add(activity.interval(stored, stored).nominal);
        }
    }
    let weigh = |(synops, block): (u64, Block)| {
        let updates = block.neurons().saturating_mul(1000);
        synops.saturating_mul(weighing.synop).saturating_add(updates.saturating_mul(weighing.update)) >> 10
    };
    synops.into_iter().zip(grid.blocks(0)).map(weigh).collect()
}

/// The load of every block of a grid, in its order. Messages out count one per spike; how many cores a
/// spike really goes to is known when all layers have their tiles.
pub fn loads(layer: &Layer, own: &Activity, grid: &Grid, profile: &Profile, rules: &Rules) -> Vec<Load> {
    let compartments = rules.compartments(layer);
    let blocks = grid.blocks(layer.fan_in());
    let mut out: Vec<Load> = blocks
        .iter()
        .map(|block| {
            let neurons = block.neurons();
            Load {
                updates: Interval::exact((neurons * compartments).saturating_mul(1000)),
                messages_out: own.of_block(layer.shape, block),
                ..Load::default()
            }
        })
        .collect();
    for projection in &layer.projections {
        let activity = &profile.layers[projection.source];
        let arrivals = projection.arrivals(layer.shape, grid, activity.events());
        for (load, arrivals) in out.iter_mut().zip(arrivals) {
            let words = memory::words_read(rules, projection, &arrivals);
            let events = arrivals.events();
            load.synops = load.synops.plus(activity.interval(arrivals.nonzero, arrivals.stored()));
            load.reads = load.reads.plus(activity.interval(words, words));
            load.messages_in = load.messages_in.plus(activity.interval(events, events));
        }
    }
    out
}

/// What no tile of the layer can do without.
pub fn least(layer: &Layer, profile: &Profile, rules: &Rules) -> Least {
    let whole = Block::whole(layer.shape, layer.fan_in());
    let all = load_of(layer, &whole, profile, rules);
    let bits: u64 = layer.projections.iter().map(|p| least_bits(p, rules)).sum();
    let words = bits.div_ceil(64);
    let neurons = whole.neurons() * rules.compartments(layer);
    let one = busiest_neuron(layer, profile, rules);
    let caps = &rules.caps;
    let cores = [
        neurons.div_ceil(caps.neurons.max(1)),
        words.div_ceil(caps.synapses.max(1)),
        caps.total.map_or(1, |total| (words + neurons).div_ceil(total.max(1))),
    ];
    Least {
        cores: cores.into_iter().max().unwrap_or(1),
        synops: all.synops.nominal,
        updates: all.updates.nominal,
        synops_of_one: one.synops.nominal,
        messages_of_one: one.messages_in.nominal,
    }
}

/// Bits that the weights of a projection take at least, once over all cores.
fn least_bits(projection: &Projection, rules: &Rules) -> u64 {
    let bits = rules.entry_bits(projection);
    match &projection.op {
        Op::Linear(linear) => (linear.inputs as u64)
            .saturating_mul(linear.outputs as u64)
            .saturating_mul(rules.lists.dense_index + bits),
        _ => (projection.weights.len() as u64).saturating_mul(bits),
    }
}

/// The load of a neuron with the most connections along each axis.
fn busiest_neuron(layer: &Layer, profile: &Profile, rules: &Rules) -> Load {
    let whole = Block::whole(layer.shape, layer.fan_in());
    let busiest = |size: usize, with: &dyn Fn(Vec<Range<usize>>) -> Grid| {
        let work = work(
            layer,
            &with((0..size).map(|k| k..k + 1).collect()),
            profile,
            Weighing { synop: 1 << 10, update: 0 },
        );
        (0..size).max_by_key(|k| (work[*k], std::cmp::Reverse(*k))).unwrap_or(0)
    };
    let grid = Grid::of(&whole);
    let c = busiest(layer.shape.c, &|channels| Grid { channels, ..grid.clone() });
    let y = busiest(layer.shape.h, &|rows| Grid { rows, ..grid.clone() });
    let x = busiest(layer.shape.w, &|cols| Grid { cols, ..grid.clone() });
    let one = Block { channels: c..c + 1, rows: y..y + 1, cols: x..x + 1, fan_in: whole.fan_in };
    load_of(layer, &one, profile, rules)
}

fn load_of(layer: &Layer, block: &Block, profile: &Profile, rules: &Rules) -> Load {
    loads(layer, &Activity::stated(0), &Grid::of(block), profile, rules).first().copied().unwrap_or_default()
}
