//! The back end of Intel's Loihi 2 and, with another chip file, of Loihi 1.
//!
//! - `chip.toml`, `loihi1.toml`: the numbers of the chips with their sources; [`CHIP`] and [`LOIHI1`] are
//!   their texts.
//! - [`rules`]: what of them the rules in the code need, and so where the generations differ.
//! - [`quantise`]: a real network in the chip's integers.
//! - [`legal`]: what the chip can run at all.
//! - [`fixed`]: what neurons of a fixed form cannot be, Loihi 1's.
//! - [`encoding`]: how connections are stored.
//! - [`memory`], [`axons`]: registers and memory of a core.
//! - [`menu`]: the tiles of a layer.
//! - [`tile`]: how a layer is cut, and the loads that this means.
//! - [`price`]: what many tiles cost.
//! - [`least`]: what no mapping of a layer can do without.
//!
//! `README.md` says where the numbers and rules come from and where public knowledge ends.
#![forbid(unsafe_code)]

pub mod axons;
pub mod encoding;
pub mod fixed;
pub mod least;
pub mod legal;
pub mod memory;
pub mod menu;
pub mod price;
pub mod quantise;
pub mod rules;
pub mod tile;

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::Graph;
use snnc_ir::text::print_node;
use snnc_machine::activity::Profile;
use snnc_machine::chip::ChipFile;
use snnc_machine::floorline::Rates;
use snnc_machine::load::Load;
use snnc_machine::manifest::Assumption;
use snnc_machine::network::field::Grid;
use snnc_machine::network::{Block, Network};
use snnc_machine::quantise::{Quantise, QuantisedGraph};
use snnc_machine::target::{Choice, Implementation, Least, Memory, Part, Price, Refusal, Target, Tile};

use memory::{Mapped, Need};
use rules::Rules;
use tile::Cuts;

/// The built-in chip file of Loihi 2.
pub const CHIP: &str = include_str!("../chip.toml");

/// The built-in chip file of Loihi 1.
pub const LOIHI1: &str = include_str!("../loihi1.toml");

/// A Loihi with the numbers of one chip file.
#[derive(Debug)]
pub struct Loihi {
    chip: ChipFile,
    rules: Rules,
    weighing: tile::Weighing,
}

impl Loihi {
    /// The back end for a chip file.
    ///
    /// # Errors
    /// When the file lacks a constant that the back end needs.
    pub fn new(chip: ChipFile) -> Result<Self, Diagnostic> {
        let rules = Rules::of(&chip)?;
        let rates = Rates::of(&chip)?;
        let weighing = tile::Weighing { synop: rates.synop.rank(), update: rates.update.rank() };
        Ok(Self { chip, rules, weighing })
    }
}

impl Quantise for Loihi {
    fn quantise(&self, graph: &Graph) -> Result<QuantisedGraph, Vec<Diagnostic>> {
        let done = quantise::quantise(graph, &self.rules)?;
        let warnings = done.errors.iter().filter(|e| !e.is_exact()).map(|e| lossy(graph, e)).collect();
        let notes = done.errors.iter().map(note).collect();
        Ok(QuantisedGraph { graph: done.graph, warnings, notes })
    }
}

impl Target for Loihi {
    fn chip(&self) -> &ChipFile {
        &self.chip
    }

    fn edge_delay(&self) -> u32 {
        self.rules.edge_delay
    }

    fn implementations(
        &self,
        network: &Network,
        layer: usize,
    ) -> Result<Vec<Implementation>, Vec<Diagnostic>> {
        let broken = legal::check(network, layer, &self.rules);
        if broken.is_empty() { Ok(encoding::implementations(&network.layers[layer])) } else { Err(broken) }
    }

    fn tiles(&self, network: &Network, layer: usize, how: Implementation, max_cores: u64) -> Vec<Tile> {
        let encodings = encoding::of(&network.layers[layer], how);
        menu::menu(network, layer, &encodings, &self.rules, max_cores)
    }

    fn loads(
        &self,
        network: &Network,
        layer: usize,
        choice: Choice,
        profile: &Profile,
    ) -> Result<Vec<Part>, Refusal> {
        let how = choice.implementation;
        let this = &network.layers[layer];
        let encodings = encoding::of(this, how);
        let grid = Cuts::new(this, &encodings, profile, self.weighing).grid(choice.tile);
        let mapped = Mapped::of(network, layer);
        let mut out = Vec::with_capacity(choice.tile.cores() as usize);
        for block in grid.blocks(this.fan_in()) {
            let memory = Need::of(&self.rules, this, &encodings, mapped, &block).memory(&self.rules.caps);
            memory::check(&memory)?;
            out.push(Part { block, how, memory, load: Load::default() });
        }
        let loads = self.loads_of(network, layer, how, &grid, profile);
        for (part, load) in out.iter_mut().zip(loads) {
            part.load = load;
        }
        Ok(out)
    }

    fn prices(
        &self,
        network: &Network,
        layer: usize,
        how: Implementation,
        tiles: &[Tile],
        profile: &Profile,
    ) -> Vec<Result<Price, Refusal>> {
        price::prices(network, layer, how, tiles, profile, (&self.rules, self.weighing))
    }

    fn part(
        &self,
        network: &Network,
        layer: usize,
        how: Implementation,
        block: &Block,
        profile: &Profile,
    ) -> Result<Part, Refusal> {
        let this = &network.layers[layer];
        let encodings = encoding::of(this, how);
        let mapped = Mapped::of(network, layer);
        let memory = Need::of(&self.rules, this, &encodings, mapped, block).memory(&self.rules.caps);
        memory::check(&memory)?;
        let load = self.loads_of(network, layer, how, &Grid::of(block), profile);
        Ok(Part { block: block.clone(), how, memory, load: load.first().copied().unwrap_or_default() })
    }

    fn loads_of(
        &self,
        network: &Network,
        layer: usize,
        how: Implementation,
        grid: &Grid,
        profile: &Profile,
    ) -> Vec<Load> {
        let this = &network.layers[layer];
        tile::loads(this, &encoding::of(this, how), &profile.layers[layer], grid, profile, &self.rules)
    }

    fn least(&self, network: &Network, layer: usize, profile: &Profile) -> Least {
        least::least(network, layer, profile, &self.rules)
    }

    fn shares_cores(&self) -> bool {
        self.rules.caps.neuron_groups.is_some()
    }

    fn share(&self, parts: &[&Part]) -> Result<Vec<Memory>, Refusal> {
        memory::share(&self.rules, parts)
    }

    fn assign(&self, network: &Network, parts: &mut [(usize, Part)]) -> Result<(), (usize, Refusal)> {
        axons::assign(&self.rules, network, parts)
    }

    fn assumptions(&self) -> Vec<Assumption> {
        let own = if self.rules.fixed.is_some() { FIXED } else { PROGRAMMED };
        own.iter()
            .chain(SHARED)
            .map(|(name, kind, source)| Assumption {
                name: (*name).into(),
                side: "rule".into(),
                value: String::new(),
                kind: (*kind).into(),
                source: (*source).into(),
            })
            .collect()
    }
}

/// A rule of the back end that is not quoted from anywhere: name, kind, source. README.md tells more.
type Rule = (&'static str, &'static str, &'static str);

/// Rules of both generations.
const SHARED: &[Rule] = &[
    (
        "sparse_lists",
        "assumed",
        "lists of non-zero weights, one per source neuron, take the header and the entries with a target that other lists take; only their entries are executed",
    ),
    (
        "stored_zeros",
        "assumed",
        "whether stored zero weights are executed is not public: lower bounds leave them out, nominal and upper loads count them",
    ),
    (
        "tiles",
        "assumed",
        "a core takes any contiguous ranges of channels, rows and columns; the vendor's compiler makes powers of two",
    ),
];

/// Rules where neurons are programmed: Loihi 2.
const PROGRAMMED: &[Rule] = &[
    (
        "axon_map",
        "inferred",
        "entries per position for a convolution that reads the layer, per neuron otherwise and for one in lists of non-zero weights; the published tables show twice that for some layers",
    ),
    (
        "conv_memory",
        "inferred",
        "words per shared kernel position; the published tables show one word more for some strided layers",
    ),
    (
        "core_sharing",
        "inferred",
        "parts of different layers share a core as far as groups of neurons and every other resource, added up, are within their caps; the published tables count groups, but print no core with two layers",
    ),
    ("dense_memory", "inferred", "words per input axon; agrees with every published row"),
    (
        "graded_events",
        "assumed",
        "events carry up to 24 bits; input of neurons that read graded events is shifted left by less than 6 where 24-bit states ask for it",
    ),
    (
        "neuron_microcode",
        "assumed",
        "reset, comparison and decay of every neuron model of the IR can be programmed, among them neurons without memory and a multiplication by a 24-bit factor with rounding, and a population can start in a given step",
    ),
];

/// Rules where the form of a neuron is fixed: Loihi 1.
const FIXED: &[Rule] = &[
    (
        "conv_memory",
        "derived",
        "lists by target, shared by input positions that reach a core through the same kernel elements, as nengo-loihi stores them; stored once more for every further 256 compartments, which is never too little",
    ),
    (
        "neuron_bias",
        "assumed",
        "any bias of 24 bits; nengo-loihi stores a mantissa of 12 bits and an exponent of up to 7, so a large one is rounded on the chip",
    ),
    (
        "neuron_form",
        "assumed",
        "order of decay and input, time of the reset, initial states and the first step of a population can be set as the network has them",
    ),
    (
        "output_axons_to_host",
        "assumed",
        "one per neuron of an output; how outputs are read on the chip is up to the program beside the network",
    ),
];

fn lossy(graph: &Graph, e: &quantise::LayerError) -> Diagnostic {
    let mut at = Location::node(&e.layer);
    if let Some(id) = graph.ids().find(|id| graph.node(*id).name == e.layer) {
        at = at.with_line(print_node(graph, id));
    }
    Diagnostic::new(Code::LossyQuantisation, format!("'{}' was rounded to the chip's integers", e.layer))
        .at(at)
        .label(errors(e))
        .remedy("train with 8-bit weights of one scale per layer, decays in 4096ths and thresholds that are multiples of the scale")
}

/// One line on what quantisation did to a layer.
fn note(e: &quantise::LayerError) -> String {
    if e.is_exact() {
        return format!("{}: scale {:?}, exact", e.layer, e.scale);
    }
    format!("{}: scale {:?}, {}", e.layer, e.scale, errors(e))
}

/// The greatest errors that are not zero.
fn errors(e: &quantise::LayerError) -> String {
    let all = [
        (e.weight, format!("weight {:.3} steps", e.weight)),
        (e.threshold, format!("threshold {:.1e} of itself", e.threshold)),
        (e.decay, format!("decay {:.1e}", e.decay)),
        (e.bias, format!("bias {:.1e} steps", e.bias)),
        (e.rescale, format!("graded events {:.1e} of the greatest", e.rescale)),
    ];
    let list: Vec<String> = all.into_iter().filter(|(v, _)| *v > 0.0).map(|(_, text)| text).collect();
    format!("greatest error: {}", list.join(", "))
}
