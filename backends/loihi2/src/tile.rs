//! Tiles of a layer and the loads that they mean.

use std::ops::Range;

use snnc_ir::graph::op::{Conv2d, Op};
use snnc_machine::load::{Interval, Load};
use snnc_machine::network::partition::{contiguous, counts};
use snnc_machine::network::{Block, Layer, Projection, field};
use snnc_machine::target::{Least, Profile, Rate, Tile};

use crate::memory::{self, Caps};

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

/// The blocks of a tile: along each axis the exact contiguous partition of the nominal work.
pub fn blocks(layer: &Layer, tile: Tile, profile: &Profile, weighing: Weighing) -> Vec<Block> {
    let shape = layer.shape;
    let whole = Block::whole(shape, layer.fan_in());
    let work = |block: &Block| {
        let synops = layer.projections.iter().fold(0u64, |sum, p| {
            let stored = p.field(shape, block).stored;
            sum.saturating_add(profile.rates[p.source].of(stored, stored).nominal)
        });
        // Thousandths of an operation times femtoseconds; only ratios matter.
        synops
            .saturating_mul(weighing.synop)
            .saturating_add(block.neurons().saturating_mul(1000).saturating_mul(weighing.update))
            >> 10
    };
    let cut = |size: usize, parts: u32, one: &dyn Fn(Range<usize>) -> Block| -> Vec<Range<usize>> {
        if parts == 1 {
            return std::iter::once(0..size).collect();
        }
        let weights: Vec<u64> = (0..size).map(|k| work(&one(k..k + 1))).collect();
        contiguous(&weights, parts as usize)
    };
    let channels = cut(shape.c, tile.channels, &|r| Block { channels: r, ..whole.clone() });
    let rows = cut(shape.h, tile.rows, &|r| Block { rows: r, ..whole.clone() });
    let cols = cut(shape.w, tile.cols, &|r| Block { cols: r, ..whole.clone() });
    let mut out = Vec::with_capacity(tile.cores() as usize);
    for channels in &channels {
        for rows in &rows {
            for cols in &cols {
                out.push(Block {
                    channels: channels.clone(),
                    rows: rows.clone(),
                    cols: cols.clone(),
                    fan_in: whole.fan_in.clone(),
                });
            }
        }
    }
    out
}

/// The load of a block. Messages out count one per spike; how many cores a spike really goes to is known
/// when all layers have their tiles.
pub fn load(layer: &Layer, own: Rate, block: &Block, profile: &Profile) -> Load {
    let mut out = Load::default();
    for projection in &layer.projections {
        let rate = profile.rates[projection.source];
        let field = projection.field(layer.shape, block);
        let words = words_read(projection, block);
        out.synops = out.synops.plus(rate.of(field.nonzero, field.stored));
        out.reads = out.reads.plus(rate.of(words, words));
        out.messages_in = out.messages_in.plus(rate.of(field.sources, field.sources));
    }
    let neurons = block.neurons();
    out.updates = Interval::exact(neurons.saturating_mul(1000));
    out.messages_out = own.of(neurons, neurons);
    out
}

/// Words of synaptic memory fetched when every source neuron fires once.
fn words_read(projection: &Projection, block: &Block) -> u64 {
    let bits = memory::width(projection);
    match &projection.op {
        Op::Conv2d(conv) => {
            let words: u64 =
                field::groups(conv, &block.channels).iter().map(|(_, f)| memory::conv_words(*f, bits)).sum();
            taps(conv, projection, block) * conv.kernel[1] as u64 * words
        }
        Op::Linear(linear) => linear.inputs as u64 * memory::dense_words(block.neurons(), bits),
        _ => 0,
    }
}

/// Pairs of an output position of the block and a kernel position inside the input.
fn taps(conv: &Conv2d, projection: &Projection, block: &Block) -> u64 {
    let rows: u64 = field::span(conv, 0, projection.source_shape.h, &block.rows).taps.iter().sum();
    let cols: u64 = field::span(conv, 1, projection.source_shape.w, &block.cols).taps.iter().sum();
    rows * cols
}

/// What no tile of the layer can do without.
pub fn least(layer: &Layer, profile: &Profile, caps: &Caps) -> Least {
    let whole = Block::whole(layer.shape, layer.fan_in());
    let all = load(layer, Rate::stated(0), &whole, profile);
    let bits: u64 = layer.projections.iter().map(least_bits).sum();
    let words = bits.div_ceil(64);
    let neurons = whole.neurons();
    let one = busiest_neuron(layer, profile);
    let cores = [
        neurons.div_ceil(caps.neurons.max(1)),
        words.div_ceil(caps.synapses.max(1)),
        (words + neurons).div_ceil(caps.total.max(1)),
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
fn least_bits(projection: &Projection) -> u64 {
    let bits = memory::width(projection);
    match &projection.op {
        Op::Linear(linear) => {
            (linear.inputs as u64).saturating_mul(linear.outputs as u64).saturating_mul(12 + bits)
        }
        _ => (projection.weights.len() as u64).saturating_mul(bits),
    }
}

/// The load of a neuron with the most connections along each axis.
fn busiest_neuron(layer: &Layer, profile: &Profile) -> Load {
    let busiest = |size: usize, one: &dyn Fn(usize) -> Block| {
        (0..size).max_by_key(|k| {
            let block = one(*k);
            let stored = layer.projections.iter().map(|p| p.field(layer.shape, &block).stored);
            (stored.sum::<u64>(), std::cmp::Reverse(*k))
        })
    };
    let whole = Block::whole(layer.shape, layer.fan_in());
    let c = busiest(layer.shape.c, &|k| Block { channels: k..k + 1, ..whole.clone() }).unwrap_or(0);
    let y = busiest(layer.shape.h, &|k| Block { rows: k..k + 1, ..whole.clone() }).unwrap_or(0);
    let x = busiest(layer.shape.w, &|k| Block { cols: k..k + 1, ..whole.clone() }).unwrap_or(0);
    let one = Block { channels: c..c + 1, rows: y..y + 1, cols: x..x + 1, fan_in: whole.fan_in };
    load(layer, Rate::stated(0), &one, profile)
}
