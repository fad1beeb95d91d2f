//! How a layer was mapped and why, from the manifest alone.

mod assumptions;
mod find;
mod overview;
mod terms;

pub use find::{closest, find};
pub use overview::{Overview, OverviewLayer, overview};
pub use terms::TermTime;

use serde::Serialize;
use snnc_machine::floorline::{State, Term};
use snnc_machine::manifest::{
    Assumption, Layer, LayerBound, LayerChoice, LayerInput, LosesBy, Manifest, Nominal,
};

use super::usage::Usage;

/// The law of a rewrite rule in one line, by the rule's name.
pub type Laws<'a> = &'a dyn Fn(&str) -> Option<&'static str>;

/// What there is to say of a layer. Times in picoseconds, loads in thousandths per step.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Name of the layer.
    pub layer: String,
    /// `input` or the neuron model.
    pub op: String,
    /// Nodes of the model that it was made of.
    pub onnx_nodes: Vec<String>,
    /// What it reads.
    pub inputs: Vec<LayerInput>,
    /// Channels, rows, columns.
    pub shape: [u64; 3],
    /// Neurons.
    pub neurons: u64,
    /// Connections, a shared weight counted as often as it is used.
    pub synapses: u64,
    /// Stored weights that are not zero.
    pub nonzero_weights: u64,
    /// Bits of the widest stored weight.
    pub weight_bits: u64,
    /// The rules that led from the imported layer to what is on the cores, in order.
    pub rules: Vec<Rule>,
    /// How it is mapped; none for an input.
    pub mapping: Option<Mapped>,
}

/// A rewrite rule that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Its law; none of a rule that this version does not have.
    pub law: Option<&'static str>,
}

/// How a layer is mapped.
#[derive(Clone, Debug, Serialize)]
pub struct Mapped {
    /// How connections are stored.
    pub encoding: String,
    /// Parts per axis.
    pub tile: String,
    /// Cores with a part of it.
    pub cores: u64,
    /// How many of them have parts of other layers too.
    pub shared_cores: u64,
    /// Messages that arrive at its parts per step, nominal.
    pub messages: u64,
    /// Each resource of a core where it is fullest.
    pub memory: Vec<Fullest>,
    /// Terms of the floorline, each at the core where it is greatest.
    pub terms: Vec<TermTime>,
    /// Bounds on its cores alone, and the term that binds.
    pub bound: LayerBound,
    /// The step of the network, and what binds there.
    pub step: Nominal,
    /// Whether this layer is what the step waits for.
    pub bottleneck: bool,
    /// What to change.
    pub advice: String,
    /// Whether the mapping was given by hand.
    pub by_hand: bool,
    /// How the search decided; none of a layer on which it did not.
    pub choice: Option<LayerChoice>,
    /// Constants and rules behind these figures that are derived, inferred or assumed.
    pub assumptions: Vec<Assumption>,
}

/// A resource on the core where it is fullest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fullest {
    /// The vendor's name for it.
    pub resource: String,
    /// The core.
    pub core: u32,
    /// Units in use, by all layers of the core.
    pub used: u64,
    /// Units there are.
    pub cap: u64,
}

/// What there is to say of the layer at an index of the manifest.
pub fn explain(manifest: &Manifest, layer: &Layer, laws: Laws<'_>) -> Explanation {
    let usage = Usage::of(manifest);
    let rule = |name: &String| Rule { name: name.clone(), law: laws(name) };
    Explanation {
        layer: layer.name.clone(),
        op: layer.op.clone(),
        onnx_nodes: layer.onnx_nodes.clone(),
        inputs: layer.inputs.clone(),
        shape: layer.shape,
        neurons: layer.neurons,
        synapses: layer.synapses,
        nonzero_weights: layer.nonzero_weights,
        weight_bits: layer.weight_bits,
        rules: layer.rewrites.iter().map(rule).collect(),
        mapping: layer.bound.as_ref().map(|bound| mapped(manifest, &usage, layer, bound)),
    }
}

fn mapped(manifest: &Manifest, usage: &Usage<'_>, layer: &Layer, bound: &LayerBound) -> Mapped {
    let shares = usage.shares(&layer.name);
    let terms = terms::of(shares, &manifest.bounds.constants);
    let step = &manifest.bounds.nominal;
    let bottleneck = step.binding.layer.as_ref() == Some(&layer.name);
    let memory = usage.memory(&layer.name).into_iter();
    let sent = |sum: u64, s: &super::usage::Share<'_>| sum.saturating_add(s.load.messages_in.nominal);
    Mapped {
        encoding: layer.encoding.clone(),
        tile: layer.tile.clone(),
        cores: shares.len() as u64,
        shared_cores: usage.shared(&layer.name) as u64,
        messages: shares.iter().fold(0, sent),
        memory: memory
            .map(|(resource, (core, m))| Fullest {
                resource: resource.into(),
                core: core.id,
                used: m.used,
                cap: m.cap,
            })
            .collect(),
        assumptions: assumptions::of(manifest, layer, &terms),
        terms,
        bound: bound.clone(),
        step: step.clone(),
        bottleneck,
        advice: advice(step, bound.state, bottleneck),
        by_hand: manifest.inputs.options.mapping_blake3.is_some() && layer.choice.is_none(),
        choice: layer.choice.clone(),
    }
}

/// What to change so that the step gets shorter.
fn advice(step: &Nominal, own: State, bottleneck: bool) -> String {
    if bottleneck {
        return own.advice().into();
    }
    match (&step.binding.layer, step.binding.resource) {
        (Some(other), _) => format!("nothing here: the step waits for layer {other}"),
        (None, Term::Barrier) => State::BarrierBound.advice().into(),
        (None, _) => "nothing on its cores: the step waits for a link of the mesh".into(),
    }
}

/// What a runner-up loses by, in words.
pub fn loses_by(what: LosesBy) -> &'static str {
    match what {
        LosesBy::Time => "it makes the step longer",
        LosesBy::Cores => "with it the network needs more cores than there are",
        LosesBy::NominalTime => "its nominal time is beyond the slack",
        LosesBy::Messages => "it needs more messages",
        LosesBy::MoreCores => "it needs more cores for as many messages",
        LosesBy::Order => "nothing: it is as good, and comes later in order",
    }
}
