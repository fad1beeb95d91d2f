//! Registers and memory of a core.
//!
//! For Loihi 2 the rules were inferred from tables that the vendor's compiler printed in public notebooks,
//! for Loihi 1 they are those of nengo-loihi; README.md says how well each one is founded.

use snnc_ir::graph::op::{Conv2d, Op};
use snnc_machine::activity::Events;
use snnc_machine::network::field::{Alike, Grid};
use snnc_machine::network::{Arrivals, Block, Layer, Listed, Network, Projection, Way, field};
use snnc_machine::target::{Memory, Part, Refusal};

use crate::encoding::Encoding;
use crate::rules::{AxonsOut, Caps, Lists, Rules};

/// Input axons of a convolution that is stored by kernel position: one or two by the vendor's tables.
pub const CONV_AXONS: u64 = 2;

/// Name of the axon map.
pub const AXON_MAP: &str = "AxonMap";
/// Name of synaptic memory.
pub const SYNAPSES: &str = "Synapses";
/// Name of the pool.
pub const TOTAL: &str = "Total";

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
        if entries <= self.entries {
            return (self.header + entries.saturating_mul(bits)).div_ceil(WORD);
        }
        let one = |n: u64| (self.header + n.saturating_mul(bits)).div_ceil(WORD);
        let (full, rest) = (entries / self.entries, entries % self.entries);
        full * one(self.entries) + if rest > 0 { one(rest) } else { 0 }
    }

    /// Bits of the target of an entry in lists of weights that are not zero: those of other lists with targets.
    pub fn sparse_index(&self) -> u64 {
        self.dense_index.max(self.conv_index)
    }
}

/// Axons and words that a projection takes of a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Input axons.
    pub axons: u64,
    /// Words of synaptic memory.
    pub words: u64,
}

impl Stored {
    /// A dense layer has a list for every input, with all neurons of the block.
    pub fn dense(rules: &Rules, projection: &Projection, inputs: u64, neurons: u64) -> Self {
        let bits = rules.entry_bits(projection) + rules.lists.dense_index;
        Self { axons: inputs, words: inputs * rules.lists.words(neurons, bits) }
    }

    /// Lists by their length: an axon and a list for every source neuron that has a weight into the block.
    pub fn sparse(rules: &Rules, projection: &Projection, lists: &Arrivals) -> Self {
        Self { axons: lists.events(), words: words_read(rules, projection, Encoding::Sparse, lists) }
    }

    /// A convolution: `features` are the channels of the block in a group, each with the number of groups,
    /// `kinds` the input positions of its rows and columns, `compartments` all of the block.
    ///
    /// Stored by kernel position, it takes two axons by the vendor's tables and a list per position. Stored by
    /// targets, input positions that reach the block through the same kernel elements share a list, and an
    /// axon leads from each position, which its channels share.
    pub fn conv(
        rules: &Rules,
        projection: &Projection,
        conv: &Conv2d,
        features: &[(u64, u64)],
        kinds: [&[Alike]; 2],
        compartments: u64,
    ) -> Self {
        let bits = rules.entry_bits(projection);
        let [_, per_group, kh, kw] = conv.kernel;
        let (lists, index) = (&rules.lists, rules.lists.conv_index);
        if index == 0 {
            let words: u64 = features.iter().map(|(f, groups)| groups * lists.words(*f, bits)).sum();
            return Self { axons: CONV_AXONS, words: words.saturating_mul((per_group * kh * kw) as u64) };
        }
        let mut words = 0;
        for (features, groups) in features {
            for y in kinds[0] {
                for x in kinds[1] {
                    words += groups * lists.words(features * (y.outputs * x.outputs) as u64, bits + index);
                }
            }
        }
        let read = |kinds: &[Alike]| kinds.iter().map(|a| a.positions).sum::<u64>();
        Self {
            axons: read(kinds[0]) * read(kinds[1]),
            words: words * per_group as u64 * compartments.div_ceil(lists.reach),
        }
    }

    /// What a projection takes for one block.
    pub fn of(rules: &Rules, layer: &Layer, k: usize, encoding: Encoding, block: &Block) -> Self {
        let projection = &layer.projections[k];
        match (encoding, &projection.op) {
            (Encoding::Sparse, _) => {
                let grid = Grid::of(block);
                let lists = projection.arrivals(layer.shape, &grid, Events::Each, Listed::NonZero);
                lists.first().map_or(Self::default(), |lists| Self::sparse(rules, projection, lists))
            }
            (_, Op::Linear(linear)) => Self::dense(rules, projection, linear.inputs as u64, block.neurons()),
            (_, Op::Conv2d(conv)) => {
                let features = field::features(conv, &block.channels);
                let shape = projection.source_shape;
                let rows = field::span(conv, 0, shape.h, &block.rows).alike();
                let cols = field::span(conv, 1, shape.w, &block.cols).alike();
                let compartments = block.neurons() * rules.compartments(layer);
                Self::conv(rules, projection, conv, &features, [&rows, &cols], compartments)
            }
            _ => Self::default(),
        }
    }

    /// Both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { axons: self.axons.saturating_add(other.axons), words: self.words.saturating_add(other.words) }
    }
}

/// Words of synaptic memory fetched for what arrives at a block.
pub fn words_read(rules: &Rules, projection: &Projection, encoding: Encoding, arrivals: &Arrivals) -> u64 {
    let (lists, bits) = (&rules.lists, rules.entry_bits(projection));
    let words = |w: &Way| match encoding {
        Encoding::Sparse => lists.words(w.features, bits + lists.sparse_index()),
        Encoding::Dense => lists.words(w.features, bits + lists.dense_index),
        Encoding::Conv if lists.conv_index > 0 => {
            lists.words(w.features * w.positions, bits + lists.conv_index)
        }
        Encoding::Conv => w.positions * lists.words(w.features, bits),
    };
    arrivals.ways.iter().map(|w| w.events.saturating_mul(words(w))).fold(0, u64::saturating_add)
}

/// How often the neurons of a layer are entered in the axon map of their core, as far as that does not depend
/// on how the layers that read are stored: once for each position where a convolution reads, once for each
/// neuron where anything else does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// Readers of positions.
    pub positions: u64,
    /// Readers of neurons, the host among them.
    pub neurons: u64,
}

impl Mapped {
    /// Counts the readers of a layer.
    pub fn of(network: &Network, index: usize) -> Self {
        let mut out = Self::default();
        for projection in network.layers.iter().flat_map(|l| &l.projections).filter(|p| p.source == index) {
            match projection.op {
                Op::Conv2d(_) => out.positions += 1,
                _ => out.neurons += 1,
            }
        }
        out.neurons += u64::from(network.outputs.iter().any(|o| o.layer == index));
        out
    }
}

/// What a block takes of a core, whatever else is on the chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Input axons and words.
    pub stored: Stored,
    /// Entries of the axon map; none where output axons are counted, which are known when the layers that read
    /// have their tiles ([`axons`](crate::axons)).
    pub map: u64,
    /// Neurons, or compartments.
    pub neurons: u64,
}

impl Need {
    /// The need of a block with this many neurons and positions.
    pub fn new(
        rules: &Rules,
        layer: &Layer,
        stored: Stored,
        mapped: Mapped,
        neurons: u64,
        positions: u64,
    ) -> Self {
        let map = match rules.caps.axons_out {
            AxonsOut::Map(_) => mapped.positions * positions + mapped.neurons * neurons,
            AxonsOut::PerCore { .. } => 0,
        };
        Self { stored, map, neurons: neurons * rules.compartments(layer) }
    }

    /// The need of a block.
    pub fn of(rules: &Rules, layer: &Layer, encodings: &[Encoding], mapped: Mapped, block: &Block) -> Self {
        let of = |(k, encoding): (usize, &Encoding)| Stored::of(rules, layer, k, *encoding, block);
        let stored = encodings.iter().enumerate().map(of).fold(Stored::default(), Stored::plus);
        Self::new(rules, layer, stored, mapped, block.neurons(), block.positions())
    }

    fn total(&self) -> u64 {
        self.stored.axons.saturating_add(self.stored.words).saturating_add(self.map + self.neurons)
    }

    /// Whether a core has as much.
    pub fn fits(&self, caps: &Caps) -> bool {
        let map = match caps.axons_out {
            AxonsOut::Map(cap) => cap,
            AxonsOut::PerCore { .. } => u64::MAX,
        };
        self.stored.axons <= caps.axon_in
            && self.map <= map
            && caps.neuron_groups.is_none_or(|cap| cap >= 1)
            && self.neurons <= caps.neurons
            && self.stored.words <= caps.synapses
            && caps.total.is_none_or(|cap| self.total() <= cap)
    }

    /// By resource, in the vendor's terms.
    pub fn memory(&self, caps: &Caps) -> Vec<Memory> {
        let of = |resource, used, cap| Memory { resource, used, cap };
        let mut out = vec![of("AxonIn", self.stored.axons, caps.axon_in)];
        if let AxonsOut::Map(cap) = caps.axons_out {
            out.push(of(AXON_MAP, self.map, cap));
        }
        out.extend(caps.neuron_groups.map(|cap| of("NeuronGr", 1, cap)));
        out.push(of("Neurons", self.neurons, caps.neurons));
        out.push(of(SYNAPSES, self.stored.words, caps.synapses));
        out.extend(caps.total.map(|cap| of(TOTAL, self.total(), cap)));
        out
    }
}

/// What parts take of a core that they share: each resource added up, where neurons come in groups with
/// parameters of their own.
///
/// # Errors
/// The rule that forbids it, or the resource that is exceeded most.
pub fn share(rules: &Rules, parts: &[&Part]) -> Result<Vec<Memory>, Refusal> {
    if parts.len() > 1 && rules.caps.neuron_groups.is_none() {
        return Err(Refusal { rule: "layers per core".into(), limit: 1, found: parts.len() as u64 });
    }
    let mut out: Vec<Memory> = Vec::new();
    for memory in parts.iter().flat_map(|part| &part.memory) {
        match out.iter_mut().find(|m| m.resource == memory.resource) {
            Some(sum) => sum.used = sum.used.saturating_add(memory.used),
            None => out.push(memory.clone()),
        }
    }
    check(&out)?;
    Ok(out)
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
        let alike = |stride, range| {
            let alike = field::span(&conv(stride), 0, 8, &range).alike();
            let mut out: Vec<(usize, u64)> = alike.iter().map(|a| (a.outputs, a.positions)).collect();
            out.sort_unstable();
            out
        };
        assert_eq!(alike(1, 0..8), [(2, 1), (2, 1), (3, 6)]);
        assert_eq!(alike(1, 0..4), [(1, 1), (2, 1), (2, 1), (3, 2)]);
        assert_eq!(alike(2, 0..4), [(1, 1), (1, 4), (2, 3)]);
    }

    /// PilotNet's fourth and fifth convolutions: 3x3, 64 features, 4 bits, per core.
    #[test]
    fn conv_rule_gives_the_printed_words() {
        assert_eq!(64 * 9 * LOIHI2.words(64, 4), 2880);
        // yolo_kp: 1x1 512 -> 256, 5 bits.
        assert_eq!(512 * LOIHI2.words(256, 5), 10752);
    }
}
