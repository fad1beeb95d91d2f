//! Which encoding is better follows from what it takes, counted entry by entry.

mod layers;

use std::collections::BTreeMap;

use proptest::prelude::*;
use snnc_ir::graph::op::{Conv2d, Linear, Op};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::WeightId;
use snnc_ir::sim::taps;
use snnc_loihi2::{CHIP, LOIHI1, Loihi};
use snnc_machine::activity::{Activity, Profile};
use snnc_machine::network::{Block, Network, Output, Projection};
use snnc_machine::target::{Implementation, Part, Target};

const SPARSE: Implementation = Implementation { encoding: "sparse" };

/// Words of a list: a header of 10 bits, and after every 64 entries another one on Loihi 1.
fn words(chip: &Loihi, entries: u64, bits: u64) -> u64 {
    let most = if is_loihi1(chip) { 64 } else { u64::MAX };
    let (mut left, mut out) = (entries, 0);
    while left > 0 {
        out += (10 + left.min(most) * bits).div_ceil(64);
        left -= left.min(most);
    }
    out
}

fn is_loihi1(chip: &Loihi) -> bool {
    chip.chip().name == "loihi1"
}

/// Bits of an entry with its target.
fn entry(chip: &Loihi, projection: &Projection) -> u64 {
    let stored = if projection.bits == 7 { 8 } else { u64::from(projection.bits) };
    let delay = if is_loihi1(chip) && projection.delay > 1 { 6 } else { 0 };
    stored + delay + if is_loihi1(chip) { 10 } else { 12 }
}

/// The neurons of a block that each source neuron has a weight for, tap by tap.
fn lists(shape: Shape, projection: &Projection, block: &Block) -> BTreeMap<usize, u64> {
    let mut out = BTreeMap::new();
    block.each(shape, |at| {
        let place = match projection.op {
            Op::Linear(_) => (at, 0, 0),
            _ => (at / shape.plane(), at % shape.plane() / shape.w, at % shape.w),
        };
        taps(&projection.op, projection.source_shape, place, |tap| {
            if projection.weights.integer(tap.weight) != Some(0) {
                *out.entry(tap.source).or_default() += 1;
            }
        });
    });
    out
}

fn used(part: &Part, resource: &str) -> u64 {
    part.memory.iter().find(|m| m.resource == resource).expect("a resource of the chip").used
}

proptest! {
    #[test]
    fn lists_of_non_zero_weights_are_counted_entry_by_entry(seed in any::<u64>(), cut in any::<u64>()) {
        let (network, index) = layers::network(seed);
        let layer = &network.layers[index];
        let profile = Profile { layers: vec![Activity::stated(1_000_000); network.layers.len()] };
        let mut n = layers::Numbers(cut);
        let mut range = |size: usize| {
            let start = n.below(size);
            start..n.within(start + 1, size)
        };
        let [channels, rows, cols] = [layer.shape.c, layer.shape.h, layer.shape.w].map(&mut range);
        let block = Block { channels, rows, cols, fan_in: 0..layer.fan_in() };
        for chip in [layers::chip(CHIP, 1), layers::chip(LOIHI1, 1)] {
            if !chip.implementations(&network, index).unwrap().contains(&SPARSE) {
                continue;
            }
            let part = chip.part(&network, index, SPARSE, &block, &profile).unwrap();
            let (mut axons, mut stored, mut entries) = (0, 0, 0);
            for projection in &layer.projections {
                let lists = lists(layer.shape, projection, &block);
                axons += lists.len() as u64;
                stored += lists.values().map(|n| words(&chip, *n, entry(&chip, projection))).sum::<u64>();
                entries += lists.values().sum::<u64>();
            }
            prop_assert_eq!((used(&part, "AxonIn"), used(&part, "Synapses")), (axons, stored));
            // With an event of every neuron each list is read once, and each entry executed.
            let load = part.load;
            prop_assert_eq!(load.synops.lower, entries * 1000);
            prop_assert_eq!(load.synops.nominal, entries * 1000);
            prop_assert_eq!((load.reads.nominal, load.messages_in.nominal), (stored * 1000, axons * 1000));
        }
    }
}

/// A layer with one projection from an input.
fn network(source: Shape, shape: Shape, op: Op, kernel: [usize; 4], zeros: usize, bits: u32) -> Network {
    let weights = layers::Numbers(zeros as u64 + 1).weights(kernel, zeros, bits);
    let projection = Projection::new(0, 1, source, op, weights);
    let layer = layers::population("layer", shape, vec![projection], false);
    let output = Output { name: "out".into(), layer: 1, delay: 0, shape };
    Network {
        name: "one".into(),
        steps: 1,
        layers: vec![layers::input("in", source), layer],
        outputs: vec![output],
    }
}

fn linear(zeros: usize, bits: u32) -> Network {
    let linear = Linear { weights: WeightId(0), inputs: 100, outputs: 100, bias: None };
    network(Shape::new(100, 1, 1), Shape::new(100, 1, 1), Op::Linear(linear), [100, 100, 1, 1], zeros, bits)
}

fn conv(zeros: usize) -> Network {
    let kernel = [8, 8, 3, 3];
    let conv = Conv2d {
        weights: WeightId(0),
        kernel,
        bias: None,
        stride: [1; 2],
        pad: [1; 4],
        dilation: [1; 2],
        groups: 1,
    };
    network(Shape::new(8, 8, 8), Shape::new(8, 8, 8), Op::Conv2d(conv), kernel, zeros, 8)
}

/// The whole layer on one core.
fn whole(chip: &Loihi, network: &Network, encoding: &'static str) -> Part {
    let layer = &network.layers[1];
    let profile = Profile { layers: vec![Activity::stated(1_000_000); 2] };
    let block = Block::whole(layer.shape, layer.fan_in());
    chip.part(network, 1, Implementation { encoding }, &block, &profile).expect("it fits")
}

/// Loihi 1 stores a dense list without targets, so lists of non-zero weights are shorter only when zeros are
/// many; the crossing depends on the bits of a weight. Loihi 2 stores targets either way.
#[test]
fn sparse_lists_are_shorter_than_dense_ones_from_some_density_on() {
    for (text, bits) in [(LOIHI1, 8), (LOIHI1, 4), (LOIHI1, 2), (CHIP, 8), (CHIP, 4)] {
        let chip = layers::chip(text, 1);
        let mut crossing = None;
        for zeros in (10..=990).step_by(10) {
            let network = linear(zeros, bits);
            let projection = &network.layers[1].projections[0];
            let block = Block::whole(Shape::new(100, 1, 1), 100);
            let counted: u64 = lists(Shape::new(100, 1, 1), projection, &block)
                .values()
                .map(|n| words(&chip, *n, entry(&chip, projection)))
                .sum();
            let index = if is_loihi1(&chip) { 10 } else { 0 };
            let full = 100 * words(&chip, 100, entry(&chip, projection) - index);
            let (dense, sparse) = (
                used(&whole(&chip, &network, "dense"), "Synapses"),
                used(&whole(&chip, &network, "sparse"), "Synapses"),
            );
            assert_eq!((dense, sparse), (full, counted), "{zeros} zeros of {bits} bits");
            if sparse < dense && crossing.is_none() {
                crossing = Some(zeros);
            }
        }
        // An entry with its target takes 18 bits instead of 8, 14 instead of 4, 12 instead of 2.
        let expected = match (is_loihi1(&chip), bits) {
            (true, 8) => 500..=620,
            (true, 4) => 660..=780,
            (true, _) => 740..=860,
            (false, _) => 10..=40,
        };
        let crossing = crossing.unwrap();
        assert!(expected.contains(&crossing), "{bits} bits: at {crossing} zeros in a thousand");
    }
}

#[test]
fn a_convolution_with_few_weights_is_faster_unrolled_and_a_full_one_only_bigger() {
    let chip = layers::chip(CHIP, 1);
    let of = |network: &Network, encoding| {
        let part = whole(&chip, network, encoding);
        (part.load.synops.nominal, used(&part, "Synapses"))
    };
    let few = conv(900);
    let (shared, unrolled) = (of(&few, "conv"), of(&few, "sparse"));
    assert!(unrolled.0 * 5 < shared.0, "{unrolled:?} {shared:?}");
    let full = conv(0);
    let (shared, unrolled) = (of(&full, "conv"), of(&full, "sparse"));
    assert_eq!(unrolled.0, shared.0);
    assert!(unrolled.1 > 10 * shared.1, "{unrolled:?} {shared:?}");
}

/// Lists that cannot be told from the dense form are not offered, nor are tiles whose cores are too few for
/// unrolled lists.
#[test]
fn encodings_that_lead_nowhere_are_not_offered() {
    let chip = layers::chip(CHIP, 1);
    let ways = |network: &Network| -> Vec<&str> {
        chip.implementations(network, 1).unwrap().iter().map(|how| how.encoding).collect()
    };
    assert_eq!(ways(&linear(0, 8)), ["dense"]);
    assert_eq!(ways(&linear(100, 8)), ["dense", "sparse"]);
    assert_eq!(ways(&conv(0)), ["conv", "sparse"]);
    let small = layers::chip(CHIP, 20);
    let full = conv(0);
    let words = used(&whole(&chip, &full, "sparse"), "Synapses");
    let needed = words.div_ceil(16000 / 20);
    let tiles = small.tiles(&full, 1, SPARSE, 120);
    assert!(needed > 1 && !tiles.is_empty() && tiles.iter().all(|t| t.cores() >= needed));
    assert!(small.tiles(&full, 1, SPARSE, needed - 1).is_empty());
}

/// A neuron that is read by lists of non-zero weights has an entry of its own in the axon map.
#[test]
fn readers_of_neurons_are_entered_in_the_axon_map() {
    let chip = layers::chip(CHIP, 1);
    let mut network = conv(500);
    let mut second = network.layers[1].clone();
    "second".clone_into(&mut second.name);
    second.projections[0].source = 1;
    network.layers.push(second);
    network.outputs[0].layer = 2;
    let profile = Profile { layers: vec![Activity::stated(100_000); 3] };
    let block = Block::whole(Shape::new(8, 8, 8), 72);
    for (encoding, entries) in [("conv", 64), ("sparse", 512)] {
        let part = |layer, encoding| {
            (layer, chip.part(&network, layer, Implementation { encoding }, &block, &profile).unwrap())
        };
        let mut parts = [part(1, "conv"), part(2, encoding)];
        let before = used(&parts[0].1, "Total") - used(&parts[0].1, "AxonMap");
        chip.assign(&network, &mut parts).unwrap();
        assert_eq!(used(&parts[0].1, "AxonMap"), entries, "{encoding}");
        assert_eq!(used(&parts[0].1, "Total"), before + entries, "{encoding}");
    }
}
