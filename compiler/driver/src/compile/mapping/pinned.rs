//! A target that offers nothing but what is pinned.

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::Graph;
use snnc_machine::activity::Profile;
use snnc_machine::chip::ChipFile;
use snnc_machine::load::Load;
use snnc_machine::manifest::Assumption;
use snnc_machine::network::field::Grid;
use snnc_machine::network::{Block, Network};
use snnc_machine::quantise::{Averages, Quantise, QuantisedGraph};
use snnc_machine::target::{Choice, Implementation, Least, Memory, Part, Price, Refusal, Target, Tile};

use super::pins::Pins;

/// A target on which the pinned layers have no other encodings, tiles and parts than those that are given. What a
/// layer cannot do without stays as it is, so the independent bound is that of any mapping.
///
/// Every method of [`Target`] is passed on, those with a default too.
pub(in crate::compile) struct PinnedTarget<'a> {
    target: &'a dyn Target,
    pins: &'a Pins,
}

impl<'a> PinnedTarget<'a> {
    pub(in crate::compile) fn new(target: &'a dyn Target, pins: &'a Pins) -> Self {
        Self { target, pins }
    }
}

impl Quantise for PinnedTarget<'_> {
    fn averages(&self) -> Averages {
        self.target.averages()
    }

    fn quantise(&self, graph: &Graph) -> Result<QuantisedGraph, Vec<Diagnostic>> {
        self.target.quantise(graph)
    }
}

impl Target for PinnedTarget<'_> {
    fn chip(&self) -> &ChipFile {
        self.target.chip()
    }

    fn edge_delay(&self) -> u32 {
        self.target.edge_delay()
    }

    fn implementations(
        &self,
        network: &Network,
        layer: usize,
    ) -> Result<Vec<Implementation>, Vec<Diagnostic>> {
        let mut all = self.target.implementations(network, layer)?;
        all.retain(|how| self.pins.allows(layer, *how));
        Ok(all)
    }

    fn tiles(&self, network: &Network, layer: usize, how: Implementation, max_cores: u64) -> Vec<Tile> {
        match self.pins.tile(layer) {
            Some(tile) => vec![tile],
            None => self.target.tiles(network, layer, how, max_cores),
        }
    }

    fn loads(
        &self,
        network: &Network,
        layer: usize,
        choice: Choice,
        profile: &Profile,
    ) -> Result<Vec<Part>, Refusal> {
        match self.pins.fixed(layer) {
            Some(fixed) => Ok(fixed.parts.clone()),
            None => self.target.loads(network, layer, choice, profile),
        }
    }

    fn prices(
        &self,
        network: &Network,
        layer: usize,
        how: Implementation,
        tiles: &[Tile],
        profile: &Profile,
    ) -> Vec<Result<Price, Refusal>> {
        match self.pins.fixed(layer) {
            Some(fixed) => vec![Ok(fixed.price); tiles.len()],
            None => self.target.prices(network, layer, how, tiles, profile),
        }
    }

    fn part(
        &self,
        network: &Network,
        layer: usize,
        how: Implementation,
        block: &Block,
        profile: &Profile,
    ) -> Result<Part, Refusal> {
        self.target.part(network, layer, how, block, profile)
    }

    fn shares_cores(&self) -> bool {
        self.target.shares_cores()
    }

    fn share(&self, parts: &[&Part]) -> Result<Vec<Memory>, Refusal> {
        self.target.share(parts)
    }

    fn loads_of(
        &self,
        network: &Network,
        layer: usize,
        how: Implementation,
        grid: &Grid,
        profile: &Profile,
    ) -> Vec<Load> {
        self.target.loads_of(network, layer, how, grid, profile)
    }

    fn assign(&self, network: &Network, parts: &mut [(usize, Part)]) -> Result<(), (usize, Refusal)> {
        self.target.assign(network, parts)
    }

    fn least(&self, network: &Network, layer: usize, profile: &Profile) -> Least {
        self.target.least(network, layer, profile)
    }

    fn assumptions(&self) -> Vec<Assumption> {
        self.target.assumptions()
    }
}
