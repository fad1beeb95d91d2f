//! Registers and memory of a core, in the terms of the vendor's compiler.
//!
//! The rules were inferred from tables that the compiler printed in public notebooks; README.md says
//! how well each one fits them.

use snnc_ir::graph::op::Op;
use snnc_machine::network::{Block, Layer, Network, Projection, field};
use snnc_machine::target::{Memory, Refusal};

/// Bits of a synaptic word.
const WORD: u64 = 64;
/// Bits in front of the entries of an axon's list.
const LIST_HEADER: u64 = 10;
/// Bits of the target index of an entry of a dense layer.
const INDEX: u64 = 12;

/// Caps of one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Input axons.
    pub axon_in: u64,
    /// Groups of neurons with equal parameters.
    pub neuron_groups: u64,
    /// Neurons.
    pub neurons: u64,
    /// Words of synaptic memory.
    pub synapses: u64,
    /// Entries of the axon map.
    pub axon_map: u64,
    /// Words over all of these.
    pub total: u64,
}

/// The least storable width for weights of `bits` bits: 7 is stored as 8.
pub fn stored_bits(bits: u32) -> u64 {
    match bits {
        0 | 1 => 1,
        7 => 8,
        b => u64::from(b.min(8)),
    }
}

/// Words that an axon's list for a dense layer takes with `targets` neurons.
pub fn dense_words(targets: u64, bits: u64) -> u64 {
    (LIST_HEADER + targets * (INDEX + bits)).div_ceil(WORD)
}

/// Words that one shared kernel position takes for `features` output channels.
pub fn conv_words(features: u64, bits: u64) -> u64 {
    (LIST_HEADER + features * bits).div_ceil(WORD)
}

/// Width at which the weights of a projection are stored.
pub fn width(projection: &Projection) -> u64 {
    stored_bits(projection.bits)
}

/// Words of synaptic memory for a block.
pub fn synapse_words(projection: &Projection, block: &Block) -> u64 {
    let bits = width(projection);
    match &projection.op {
        Op::Conv2d(conv) => {
            let [_, per_group, kh, kw] = conv.kernel;
            let positions = (per_group * kh * kw) as u64;
            field::groups(conv, &block.channels).iter().map(|(_, f)| positions * conv_words(*f, bits)).sum()
        }
        Op::Linear(linear) => linear.inputs as u64 * dense_words(block.neurons(), bits),
        _ => 0,
    }
}

/// Input axons that a projection takes: one per source neuron of a dense layer; convolutions share
/// theirs, the vendor's tables show one or two.
pub fn axons_in(projection: &Projection) -> u64 {
    match &projection.op {
        Op::Linear(linear) => linear.inputs as u64,
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

/// What a block takes of a core.
pub fn use_of(
    network: &Network,
    layer: &Layer,
    consumers: &[(usize, usize)],
    is_output: bool,
    block: &Block,
    caps: &Caps,
) -> Vec<Memory> {
    let axon_in: u64 = layer.projections.iter().map(axons_in).sum();
    let synapses: u64 = layer.projections.iter().map(|p| synapse_words(p, block)).sum();
    let neurons = block.neurons();
    let map = axon_map(network, consumers, is_output, block);
    let of = |resource, used, cap| Memory { resource, used, cap };
    vec![
        of("AxonIn", axon_in, caps.axon_in),
        of("AxonMap", map, caps.axon_map),
        of("NeuronGr", 1, caps.neuron_groups),
        of("Neurons", neurons, caps.neurons),
        of("Synapses", synapses, caps.synapses),
        of("Total", axon_in + map + neurons + synapses, caps.total),
    ]
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
            assert_eq!(inputs * dense_words(neurons, bits), printed, "{inputs} x {neurons}");
        }
    }

    /// PilotNet's fourth and fifth convolutions: 3x3, 64 features, 4 bits, per core.
    #[test]
    fn conv_rule_gives_the_printed_words() {
        assert_eq!(64 * 9 * conv_words(64, 4), 2880);
        // yolo_kp: 1x1 512 -> 256, 5 bits.
        assert_eq!(512 * conv_words(256, 5), 10752);
    }
}
