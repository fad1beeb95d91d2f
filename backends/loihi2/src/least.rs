//! What no mapping of a layer can do without.
//!
//! Lists get no shorter when they are cut, and every weight that is used is stored somewhere, so what one
//! block of the whole layer takes is the least that its parts take together. Lists that positions share are
//! the exception: parts can share what the whole cannot, and only their entries are counted. Stretches of a
//! list are another: parts of 63 entries can take less room than stretches of 64, so a list has one header here.

use std::ops::Range;

use snnc_ir::graph::op::{Conv2d, Op};
use snnc_machine::activity::{Activity, Profile};
use snnc_machine::load::{Interval, Load};
use snnc_machine::network::field::{Grid, span};
use snnc_machine::network::{Block, Layer, Network, Projection};
use snnc_machine::target::{Least, Memory};

use crate::encoding::{self, Encoding};
use crate::memory::{Mapped, Need, Stored};
use crate::rules::{Lists, Rules};
use crate::tile::{Axis, loads, synops};

/// What no mapping of the layer can do without, whichever way it is stored.
pub fn least(network: &Network, index: usize, profile: &Profile, rules: &Rules) -> Least {
    let layer = &network.layers[index];
    let rules = &unbroken(rules);
    let ways: Vec<Vec<Encoding>> =
        encoding::implementations(layer).into_iter().map(|how| encoding::of(layer, how)).collect();
    let whole = Block::whole(layer.shape, layer.fan_in());
    let one = busiest_neuron(layer, ways.last().map_or(&[], Vec::as_slice), profile);
    let least = |own: &Activity, block: &Block| {
        let of = |encodings: &Vec<Encoding>| {
            loads(layer, encodings, own, &Grid::of(block), profile, rules).first().copied()
        };
        ways.iter().filter_map(of).reduce(lesser).unwrap_or_default()
    };
    let total = least(&profile.layers[index], &whole);
    let of_one = least(&Activity::stated(0), &one);
    let memory =
        ways.iter().map(|e| memory(network, index, e, rules)).reduce(less_memory).unwrap_or_default();
    Least {
        cores: cores_of(&memory),
        synops: total.synops.nominal,
        updates: total.updates.nominal,
        synops_of_one: of_one.synops.nominal,
        messages_of_one: of_one.messages_in.nominal,
        total,
        of_one,
        memory,
    }
}

/// Cores that the memory of a layer needs when it is stored in this way.
pub fn cores(network: &Network, index: usize, encodings: &[Encoding], rules: &Rules) -> u64 {
    cores_of(&memory(network, index, encodings, &unbroken(rules)))
}

/// The rules with lists of one stretch, which are no longer when they are cut.
fn unbroken(rules: &Rules) -> Rules {
    Rules { lists: Lists { entries: u64::MAX, ..rules.lists }, ..*rules }
}

fn cores_of(memory: &[Memory]) -> u64 {
    memory.iter().map(|m| m.used.div_ceil(m.cap.max(1))).max().unwrap_or(1).max(1)
}

/// The least of every resource that all parts take together.
fn memory(network: &Network, index: usize, encodings: &[Encoding], rules: &Rules) -> Vec<Memory> {
    let layer = &network.layers[index];
    let whole = Block::whole(layer.shape, layer.fan_in());
    let of = |(k, encoding): (usize, &Encoding)| {
        let stored = Stored::of(rules, layer, k, *encoding, &whole);
        match shared_words(&layer.projections[k], *encoding, &whole, rules) {
            Some(words) => Stored { words: words.min(stored.words), ..stored },
            None => stored,
        }
    };
    let stored = encodings.iter().enumerate().map(of).fold(Stored::default(), Stored::plus);
    let mapped = Mapped::of(network, index);
    Need::new(rules, layer, stored, mapped, whole.neurons(), whole.positions()).memory(&rules.caps)
}

/// Words for the entries of a convolution that is stored by targets, once over all parts; `None` where a
/// whole layer takes no more than its parts.
fn shared_words(projection: &Projection, encoding: Encoding, whole: &Block, rules: &Rules) -> Option<u64> {
    let Op::Conv2d(conv) = &projection.op else { return None };
    if rules.lists.conv_index == 0 || encoding == Encoding::Sparse {
        return None;
    }
    let used = |axis: usize, size: usize, range: &Range<usize>| {
        span(conv, axis, size, range).taps.iter().filter(|n| **n > 0).count() as u64
    };
    let Conv2d { kernel: [out, per_group, ..], .. } = conv;
    let shape = projection.source_shape;
    let elements = used(0, shape.h, &whole.rows) * used(1, shape.w, &whole.cols);
    let bits = rules.entry_bits(projection) + rules.lists.conv_index;
    Some(((out * per_group) as u64).saturating_mul(elements).saturating_mul(bits).div_ceil(64))
}

/// A neuron with the most connections along each axis.
fn busiest_neuron(layer: &Layer, encodings: &[Encoding], profile: &Profile) -> Block {
    let [channels, rows, cols] = Axis::ALL.map(|axis| {
        if axis.size(layer) < 2 {
            return 0..1;
        }
        let work = synops(layer, encodings, axis, profile);
        let at = (0..work.len()).max_by_key(|k| (work[*k], std::cmp::Reverse(*k))).unwrap_or(0);
        at..at + 1
    });
    Block { channels, rows, cols, fan_in: 0..layer.fan_in() }
}

/// The lesser of both, each load and each bound on its own.
fn lesser(a: Load, b: Load) -> Load {
    let min = |a: Interval, b: Interval| Interval {
        lower: a.lower.min(b.lower),
        nominal: a.nominal.min(b.nominal),
        upper: a.upper.min(b.upper),
    };
    Load {
        synops: min(a.synops, b.synops),
        reads: min(a.reads, b.reads),
        updates: min(a.updates, b.updates),
        messages_in: min(a.messages_in, b.messages_in),
        messages_out: min(a.messages_out, b.messages_out),
    }
}

/// The lesser of both, each resource on its own; a layer has the same resources however it is stored.
fn less_memory(mut a: Vec<Memory>, b: Vec<Memory>) -> Vec<Memory> {
    for (a, b) in a.iter_mut().zip(b) {
        a.used = a.used.min(b.used);
    }
    a
}
