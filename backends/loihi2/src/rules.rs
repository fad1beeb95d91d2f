//! What the two generations do not share, read from the chip file.

use snnc_ir::diag::Diagnostic;
use snnc_ir::neuron::{Model, Neuron, Reset, Spec};
use snnc_machine::chip::{ChipFile, names};
use snnc_machine::network::{Layer, Projection};

/// Caps of one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Input axons.
    pub axon_in: u64,
    /// Groups of neurons with equal parameters; `None` where they are not counted.
    pub neuron_groups: Option<u64>,
    /// Neurons or, where a neuron can take several, compartments.
    pub neurons: u64,
    /// Words of synaptic memory.
    pub synapses: u64,
    /// What leads from neurons to the axons that they reach.
    pub axons_out: AxonsOut,
    /// Words over all of these; `None` without a shared pool.
    pub total: Option<u64>,
}

/// How axons out of a core are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxonsOut {
    /// Entries of a map, once for each layer that reads.
    Map(u64),
    /// Output axons, once for each core that reads.
    PerCore {
        /// Axons of a core.
        cap: u64,
        /// Axons that all channels of a position take together when a convolution reads them.
        population: u64,
    },
}

/// How lists of synapses are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lists {
    /// Bits in front of the entries of a list.
    pub header: u64,
    /// Entries that a list holds; a longer one is continued behind another header.
    pub entries: u64,
    /// Bits of the target of an entry, dense layers.
    pub dense_index: u64,
    /// Bits of the target of an entry, convolutions; 0 where a kernel is stored by position instead.
    pub conv_index: u64,
    /// Bits of the delay of an entry; none for connections without a delay.
    pub delay: u64,
    /// Neurons that lists with targets reach from their base, before they are stored once more.
    pub reach: u64,
}

/// Neurons whose form is fixed in the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedForm {
    /// Compartments of a neuron that is reset by subtraction.
    pub soft_reset: u64,
    /// Greatest mantissa of a threshold.
    pub threshold_max: i64,
    /// Places by which the mantissa of a threshold is shifted left.
    pub threshold_shift: u32,
}

/// Numbers of a chip file that the back end's rules need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Caps of a core.
    pub caps: Caps,
    /// How synapses are stored.
    pub lists: Lists,
    /// Bits of the value that a spike carries; 0 for spikes that are all alike.
    pub payload_bits: u32,
    /// The form of a neuron; `None` where it is programmed.
    pub fixed: Option<FixedForm>,
    /// Steps that a spike takes from one population to the next.
    pub edge_delay: u32,
    /// Longest delay of a projection.
    pub max_delay: u32,
}

impl Rules {
    /// The rules of a chip file.
    ///
    /// # Errors
    /// When the file lacks a constant that the back end needs.
    pub fn of(chip: &ChipFile) -> Result<Self, Diagnostic> {
        let small = |name| chip.count(name).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let maybe = |name| chip.constants.contains_key(name).then(|| chip.count(name)).transpose();
        let axons_out = match maybe("axon_out_per_core")? {
            Some(cap) => AxonsOut::PerCore { cap, population: chip.count("population_axons")? },
            None => AxonsOut::Map(chip.count("axon_map_per_core")?),
        };
        let caps = Caps {
            axon_in: chip.count("axon_in_per_core")?,
            neuron_groups: maybe("neuron_groups_per_core")?,
            neurons: chip.count("neurons_per_core")?,
            synapses: chip.count("synapse_words_per_core")?,
            axons_out,
            total: maybe("total_words_per_core")?,
        };
        let lists = Lists {
            header: chip.count("list_header_bits")?,
            entries: maybe("list_entries")?.unwrap_or(u64::MAX).max(1),
            dense_index: chip.count("dense_index_bits")?,
            conv_index: chip.count("conv_index_bits")?,
            delay: maybe("synapse_delay_bits")?.unwrap_or(0),
            reach: maybe("list_reach")?.unwrap_or(u64::MAX).max(1),
        };
        let fixed = match maybe("soft_reset_compartments")? {
            None => None,
            Some(soft_reset) => Some(FixedForm {
                soft_reset: soft_reset.max(1),
                threshold_max: (1 << small("threshold_bits")?.min(23)) - 1,
                threshold_shift: small("input_shift")?.min(23),
            }),
        };
        Ok(Self {
            caps,
            lists,
            payload_bits: small("payload_bits")?,
            fixed,
            edge_delay: small(names::EDGE_DELAY)?,
            max_delay: small(names::MAX_DELAY)?,
        })
    }

    /// Compartments that a neuron of a layer takes, each with an update of its own.
    pub fn compartments(&self, layer: &Layer) -> u64 {
        match (&self.fixed, layer.neuron()) {
            (Some(fixed), Some(Neuron::Integer(Spec { model: Model::Spiking(spiking), .. }, _)))
                if matches!(spiking.reset, Reset::Subtract(_)) =>
            {
                fixed.soft_reset
            }
            _ => 1,
        }
    }

    /// Bits of an entry beside its target: the weight, and the delay where there is one.
    pub fn entry_bits(&self, projection: &Projection) -> u64 {
        let delay = if projection.delay > self.edge_delay { self.lists.delay } else { 0 };
        crate::memory::stored_bits(projection.bits) + delay
    }
}
