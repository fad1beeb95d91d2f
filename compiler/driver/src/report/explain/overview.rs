//! One line for each layer, and what the step waits for.

use serde::Serialize;
use snnc_machine::floorline::{State, Term};
use snnc_machine::manifest::{Layer, Manifest, Nominal};

use crate::report::usage::Usage;

/// All layers in short. Times in picoseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// Name of the model file.
    pub model: String,
    /// Name of the chip.
    pub target: String,
    /// Cores in use.
    pub cores: u64,
    /// Nominal time of a step, and what binds in it.
    pub bottleneck: Nominal,
    /// Layers that are on cores, in the order of the network.
    pub layers: Vec<OverviewLayer>,
}

/// A layer in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OverviewLayer {
    /// Its name.
    pub layer: String,
    /// How connections are stored.
    pub encoding: String,
    /// Parts per axis.
    pub tile: String,
    /// Cores with a part of it.
    pub cores: u64,
    /// How many of them have parts of other layers too.
    pub shared_cores: u64,
    /// Nominal time of its cores alone.
    pub nominal_ps: u64,
    /// State of the greatest nominal term.
    pub state: State,
    /// That term.
    pub binding: Term,
    /// By how much it could be slower without slowing the step; none of a layer on which the search did not
    /// decide.
    pub slack_ps: Option<u64>,
    /// How many rules were applied to it.
    pub rules: u64,
}

/// All layers of a manifest in short.
pub fn overview(manifest: &Manifest) -> Overview {
    let usage = Usage::of(manifest);
    Overview {
        model: manifest.inputs.model.name.clone(),
        target: manifest.inputs.target.clone(),
        cores: manifest.cores.len() as u64,
        bottleneck: manifest.bounds.nominal.clone(),
        layers: manifest.layers.iter().filter_map(|layer| line(&usage, layer)).collect(),
    }
}

fn line(usage: &Usage<'_>, layer: &Layer) -> Option<OverviewLayer> {
    let bound = layer.bound.as_ref()?;
    Some(OverviewLayer {
        layer: layer.name.clone(),
        encoding: layer.encoding.clone(),
        tile: layer.tile.clone(),
        cores: usage.shares(&layer.name).len() as u64,
        shared_cores: usage.shared(&layer.name) as u64,
        nominal_ps: bound.nominal_ps,
        state: bound.state,
        binding: bound.binding,
        slack_ps: layer.choice.as_ref().map(|c| c.slack_ps),
        rules: layer.rewrites.len() as u64,
    })
}
