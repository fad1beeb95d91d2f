//! What went in, and the populations that came of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::floorline::{State, Term};

/// Everything that a result depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The model.
    pub model: ModelInput,
    /// Where the activity comes from.
    pub activity: ActivitySource,
    /// Name of the target.
    pub target: String,
    /// blake3 of the chip file, in hex.
    pub chip_blake3: String,
    /// Options that change the result, with their defaults filled in.
    pub options: Options,
    /// Seed.
    pub seed: u64,
}

/// A model file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelInput {
    /// File name without folders.
    pub name: String,
    /// blake3 of the file and its external data, in hex.
    pub blake3: String,
    /// Versions of the operator sets by domain.
    pub opset: BTreeMap<String, i64>,
}

/// Where the activity comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivitySource {
    /// `none`, `stated` or `measured`.
    pub source: String,
    /// The option as given, when stated.
    pub stated: Option<String>,
    /// blake3 of the sample file, in hex, when measured.
    pub blake3: Option<String>,
    /// Samples that were run, when measured.
    pub samples: Option<u64>,
    /// Steps of each, when measured.
    pub steps: Option<u64>,
}

/// Options that change the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Steps per inference.
    pub steps: u32,
    /// `time` or `cores`.
    pub objective: String,
    /// Chips.
    pub chips: u32,
    /// Greatest number of cores, when limited.
    pub max_cores: Option<u64>,
    /// Deadline of a step in picoseconds.
    pub period_ps: Option<u64>,
    /// How much slower than the least nominal time a mapping with fewer messages may be, in thousandths.
    pub slack_thousandths: u64,
    /// How hard the search tried, 0 to 3.
    pub effort: u32,
    /// blake3 of the mapping that was given, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping_blake3: Option<String>,
    /// blake3 of the manifest whose cores were to be kept, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like_blake3: Option<String>,
}

/// A population.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Unique name.
    pub name: String,
    /// `input` or the neuron model.
    pub op: String,
    /// ONNX nodes that it stands for.
    pub onnx_nodes: Vec<String>,
    /// What it reads.
    pub inputs: Vec<LayerInput>,
    /// Channels, rows, columns.
    pub shape: [u64; 3],
    /// Neurons.
    pub neurons: u64,
    /// Connections, each weight counted as often as it is used, padding left out.
    pub synapses: u64,
    /// Stored weights that are not zero.
    pub nonzero_weights: u64,
    /// Bits per stored weight, the widest of its connections; 0 for an input.
    pub weight_bits: u64,
    /// How the connections are stored; empty for an input.
    pub encoding: String,
    /// Parts per axis, e.g. `c2y1x4`; empty for an input.
    pub tile: String,
    /// Its own events per neuron and step, in millionths.
    pub activity: ActivitySummary,
    /// Bounds on its cores alone; none for an input.
    pub bound: Option<LayerBound>,
    /// Rules that led from the imported layer to what is on the cores, in order.
    pub rewrites: Vec<String>,
    /// How the search decided; none for an input, and for a layer that was mapped by hand.
    pub choice: Option<LayerChoice>,
}

/// How the search decided on a layer. Times are those that it ranks by, barrier left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerChoice {
    /// Forms, encodings and tiles that were priced.
    pub considered: u64,
    /// How many of them the chip can hold.
    pub legal: u64,
    /// Time of the chosen one, in picoseconds.
    pub time_ps: u64,
    /// By how much the layer could be slower without slowing the step, in picoseconds.
    pub slack_ps: u64,
    /// The best choice of another form, encoding or tile: what the layer would take if the chosen one were not
    /// there and the others stayed; none when there is no other.
    pub runner_up: Option<RunnerUp>,
}

/// A choice that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunnerUp {
    /// Name of the encoding.
    pub encoding: String,
    /// Parts per axis.
    pub tile: String,
    /// Its cores.
    pub cores: u64,
    /// Its time, in picoseconds.
    pub time_ps: u64,
    /// Its nominal time, messages sent left out, in picoseconds.
    pub nominal_ps: u64,
    /// Its nominal messages per step, in thousandths.
    pub messages: u64,
    /// What it loses by.
    pub loses_by: LosesBy,
}

/// What a runner-up loses by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LosesBy {
    /// It makes the step longer.
    Time,
    /// With it the network needs more cores than there are.
    Cores,
    /// Its nominal time is beyond the slack.
    NominalTime,
    /// It needs more messages.
    Messages,
    /// It needs more cores for as many messages.
    MoreCores,
    /// Nothing: it is as good, and comes later in order.
    Order,
}

/// One connection into a population.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerInput {
    /// The source.
    pub layer: String,
    /// Steps between a spike and its arrival.
    pub delay: u32,
    /// Fan-in elements of each neuron; they follow those of the inputs before.
    pub fan_in: u64,
}

/// Events per neuron and step, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivitySummary {
    /// Not fewer.
    pub lower_ppm: u32,
    /// What was ranked by.
    pub nominal_ppm: u32,
    /// Not more.
    pub upper_ppm: u32,
    /// How steps and channels differ, when measured.
    pub measured: Option<MeasuredSummary>,
}

/// How measured activity differs between steps and channels: events per neuron and step, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasuredSummary {
    /// Median of the steps.
    pub median_step_ppm: u32,
    /// 95 of 100 steps have no more.
    pub p95_step_ppm: u32,
    /// The busiest step.
    pub max_step_ppm: u32,
    /// Mean of the busiest channel.
    pub busiest_channel_ppm: u32,
    /// Neurons without any event.
    pub silent_neurons: u64,
}

/// Bounds on the cores of one population per step, barrier and network left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerBound {
    /// Not less, in picoseconds.
    pub lower_ps: u64,
    /// Not more, in picoseconds; unknown when a constant has no ceiling.
    pub upper_ps: Option<u64>,
    /// What the search ranked by, in picoseconds; no bound.
    pub nominal_ps: u64,
    /// State of the greatest nominal term.
    pub state: State,
    /// The greatest nominal term.
    pub binding: Term,
}
