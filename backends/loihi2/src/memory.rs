//! Registers and memory of a core.
//!
//! For Loihi 2 the rules were inferred from tables that the vendor's compiler printed in public notebooks,
//! for Loihi 1 they are those of nengo-loihi; README.md says how well each one is founded.

use std::collections::BTreeMap;
use std::ops::Range;

use snnc_ir::graph::op::{Conv2d, Op};
use snnc_machine::network::{Arrivals, Block, Layer, Network, Projection, Way, field};
use snnc_machine::target::{Memory, Refusal};

use crate::rules::{AxonsOut, Lists, Rules};

/// Bits of a synaptic word.
const WORD: u64 = 64;

/// The least storable width for weights of `bits` bits: 7 is stored as 8.
pub fn stored_bits(bits: u32) -> u64 {
    match bits {
        0 | 1 => 1,
        7 => 8,
        b => u64::from(b.min(8)),
    }
}

impl Lists {
    /// Words that a list of `entries` entries of `bits` bits takes, targets included.
    pub fn words(&self, entries: u64, bits: u64) -> u64 {
        let one = |n: u64| (self.header + n.saturating_mul(bits)).div_ceil(WORD);
        let (full, rest) = (entries / self.entries, entries % self.entries);
        if full == 0 { one(rest) } else { full * one(self.entries) + if rest > 0 { one(rest) } else { 0 } }
    }
}

/// Along an axis of a convolution: the kernel elements through which an input position reaches a range of
/// outputs, with the number of positions that do so through the same ones.
fn reaches(conv: &Conv2d, axis: usize, size: usize, range: &Range<usize>) -> Vec<(u64, u64)> {
    let mut through: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for out in range.clone() {
        for k in 0..conv.kernel[2 + axis] {
            let at = (out * conv.stride[axis] + k * conv.dilation[axis]).checked_sub(conv.pad[axis]);
            if let Some(at) = at.filter(|at| *at < size) {
                through.entry(at).or_default().push(k);
            }
        }
    }
    let mut alike: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
    for elements in through.into_values() {
        *alike.entry(elements).or_default() += 1;
    }
    alike.into_iter().map(|(elements, positions)| (elements.len() as u64, positions)).collect()
}

/// The lists of a convolution that is stored by targets, for one block and one input channel of each group:
/// words of each and how many source neurons share it. Input positions that reach the block through the same kernel elements share theirs.
fn shared_lists(rules: &Rules, conv: &Conv2d, projection: &Projection, block: &Block) -> Vec<(u64, u64)> {
    let bits = rules.entry_bits(projection) + rules.lists.conv_index;
    let shape = projection.source_shape;
    let rows = reaches(conv, 0, shape.h, &block.rows);
    let cols = reaches(conv, 1, shape.w, &block.cols);
    let mut out = Vec::new();
    for (_, features) in field::groups(conv, &block.channels) {
        for (down, ys) in &rows {
            for (along, xs) in &cols {
                out.push((rules.lists.words(features * down * along, bits), ys * xs));
            }
        }
    }
    out
}

/// Words of synaptic memory for a block.
pub fn synapse_words(rules: &Rules, projection: &Projection, block: &Block, compartments: u64) -> u64 {
    let bits = rules.entry_bits(projection);
    match &projection.op {
        Op::Conv2d(conv) if rules.lists.conv_index > 0 => {
            let once: u64 = shared_lists(rules, conv, projection, block).iter().map(|(words, _)| words).sum();
            once * conv.kernel[1] as u64 * (block.neurons() * compartments).div_ceil(rules.lists.reach)
        }
        Op::Conv2d(conv) => {
            let [_, per_group, kh, kw] = conv.kernel;
            let positions = (per_group * kh * kw) as u64;
            let words = |(_, features): &(usize, u64)| positions * rules.lists.words(*features, bits);
            field::groups(conv, &block.channels).iter().map(words).sum()
        }
        Op::Linear(linear) => {
            linear.inputs as u64 * rules.lists.words(block.neurons(), bits + rules.lists.dense_index)
        }
        _ => 0,
    }
}

/// Words of synaptic memory fetched for what arrives at a block.
pub fn words_read(rules: &Rules, projection: &Projection, arrivals: &Arrivals) -> u64 {
    let bits = rules.entry_bits(projection);
    let words = |w: &Way| match &projection.op {
        Op::Conv2d(_) if rules.lists.conv_index > 0 => {
            rules.lists.words(w.features * w.positions, bits + rules.lists.conv_index)
        }
        Op::Conv2d(_) => w.positions * rules.lists.words(w.features, bits),
        Op::Linear(_) => rules.lists.words(w.features, bits + rules.lists.dense_index),
        _ => 0,
    };
    arrivals.ways.iter().map(|w| w.events.saturating_mul(words(w))).fold(0, u64::saturating_add)
}

/// Input axons that a projection takes: one per source neuron of a dense layer. A convolution that is
/// stored by targets takes one per input position, which its channels share; one that is stored by kernel
/// position takes one or two by the vendor's tables.
fn axons_in(rules: &Rules, projection: &Projection, block: &Block) -> u64 {
    match &projection.op {
        Op::Linear(linear) => linear.inputs as u64,
        Op::Conv2d(conv) if rules.lists.conv_index > 0 => {
            let read = |axis, size, range| field::span(conv, axis, size, range).read().len() as u64;
            let shape = projection.source_shape;
            read(0, shape.h, &block.rows) * read(1, shape.w, &block.cols)
        }
        _ => 2,
    }
}

/// Entries of the axon map: a position of the block for a convolution that reads it, a neuron for
/// anything else.
fn axon_map(network: &Network, consumers: &[(usize, usize)], is_output: bool, block: &Block) -> u64 {
    let of = |(layer, projection): &(usize, usize)| match network.layers[*layer].projections[*projection].op {
        Op::Conv2d(_) => block.positions(),
        _ => block.neurons(),
    };
    let host = if is_output { block.neurons() } else { 0 };
    consumers.iter().map(of).sum::<u64>() + host
}

/// What a block takes of a core, whatever else is on the chip.
pub fn use_of(
    network: &Network,
    layer: &Layer,
    consumers: &[(usize, usize)],
    is_output: bool,
    block: &Block,
    rules: &Rules,
) -> Vec<Memory> {
    let caps = &rules.caps;
    let compartments = rules.compartments(layer);
    let axon_in: u64 = layer.projections.iter().map(|p| axons_in(rules, p, block)).sum();
    let synapses: u64 = layer.projections.iter().map(|p| synapse_words(rules, p, block, compartments)).sum();
    let neurons = block.neurons() * compartments;
    let of = |resource, used, cap| Memory { resource, used, cap };
    let mut out = vec![of("AxonIn", axon_in, caps.axon_in)];
    let map = match caps.axons_out {
        AxonsOut::Map(cap) => {
            let map = axon_map(network, consumers, is_output, block);
            out.push(of("AxonMap", map, cap));
            map
        }
        // Known when the layers that read have their tiles: `axons`.
        AxonsOut::PerCore { .. } => 0,
    };
    out.extend(caps.neuron_groups.map(|cap| of("NeuronGr", 1, cap)));
    out.push(of("Neurons", neurons, caps.neurons));
    out.push(of("Synapses", synapses, caps.synapses));
    out.extend(caps.total.map(|cap| of("Total", axon_in + map + neurons + synapses, cap)));
    out
}

/// The resource that is exceeded most, relative to its cap.
///
/// # Errors
/// That resource.
pub fn check(memory: &[Memory]) -> Result<(), Refusal> {
    let over = memory.iter().filter(|m| m.used > m.cap);
    // used / cap compared without division; the first of equals.
    let worst = over.reduce(|a, b| {
        let (left, right) = (u128::from(a.used) * u128::from(b.cap), u128::from(b.used) * u128::from(a.cap));
        if right > left { b } else { a }
    });
    match worst {
        None => Ok(()),
        Some(m) => Err(Refusal { rule: format!("{} per core", m.resource), limit: m.cap, found: m.used }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOIHI2: Lists =
        Lists { header: 10, entries: u64::MAX, dense_index: 12, conv_index: 0, delay: 0, reach: u64::MAX };
    const LOIHI1: Lists =
        Lists { header: 10, entries: 64, dense_index: 0, conv_index: 10, delay: 6, reach: 256 };

    /// Rows that the vendor's compiler printed for PilotNet, MNIST and Oxford (lava-dl notebooks, Synapses
    /// column in words): inputs, neurons of the core, the weight bits that explain the row, words.
    #[test]
    fn dense_rule_gives_the_printed_words() {
        let rows = [
            (100, 50, 4, 1300),
            (100, 50, 6, 1500),
            (784, 50, 8, 12544),
            (128, 64, 8, 2688),
            (200, 85, 8, 5400),
            (64, 10, 8, 256),
        ];
        for (inputs, neurons, bits, printed) in rows {
            assert_eq!(inputs * LOIHI2.words(neurons, 12 + bits), printed, "{inputs} x {neurons}");
        }
    }

    /// What `SynapseConfig.bits_per_axon` of nengo-loihi gives, in words of 64 bits.
    #[test]
    fn lists_of_64_entries_give_the_bits_of_nengo_loihi() {
        assert_eq!(LOIHI1.words(200, 8), 3 * 9 + 2);
        assert_eq!(LOIHI1.words(64, 8), 9);
        assert_eq!(LOIHI1.words(1, 8 + 6), 1);
    }

    /// Of 8 positions under a kernel of 3 with padding 1 the ends reach 2 outputs, the others 3; cut after
    /// output 3, position 4 reaches one output more in this half. With stride 2 every other one reaches 1.
    #[test]
    fn positions_that_reach_a_block_alike_share_a_list() {
        let conv = |stride| Conv2d {
            weights: snnc_ir::graph::weights::WeightId(0),
            kernel: [1, 1, 3, 3],
            bias: None,
            stride: [stride; 2],
            pad: [1; 4],
            dilation: [1; 2],
            groups: 1,
        };
        let sorted = |mut v: Vec<(u64, u64)>| {
            v.sort_unstable();
            v
        };
        assert_eq!(sorted(reaches(&conv(1), 0, 8, &(0..8))), [(2, 1), (2, 1), (3, 6)]);
        assert_eq!(sorted(reaches(&conv(1), 0, 8, &(0..4))), [(1, 1), (2, 1), (2, 1), (3, 2)]);
        assert_eq!(sorted(reaches(&conv(2), 0, 8, &(0..4))), [(1, 1), (1, 4), (2, 3)]);
    }

    /// PilotNet's fourth and fifth convolutions: 3x3, 64 features, 4 bits, per core.
    #[test]
    fn conv_rule_gives_the_printed_words() {
        assert_eq!(64 * 9 * LOIHI2.words(64, 4), 2880);
        // yolo_kp: 1x1 512 -> 256, 5 bits.
        assert_eq!(512 * LOIHI2.words(256, 5), 10752);
    }
}
