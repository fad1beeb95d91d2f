//! What running the network before and after each phase has shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of `--verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// `samples` of the user, or `generated`.
    pub source: String,
    /// Number of samples.
    pub samples: u64,
    /// Steps per sample, latency left out.
    pub steps: u64,
    /// Phases after which the network was found to give the same as before, in order. `emit` stands for
    /// the mapped network, run core by core.
    pub equal: Vec<EqualPhase>,
    /// Layers that gave out no event: nothing is known of them.
    pub silent: Vec<String>,
    /// What quantisation lost; none of a network that was in integers.
    pub quantisation: Option<QuantisationLoss>,
}

/// A phase that changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EqualPhase {
    /// Name of the phase.
    pub phase: String,
    /// Inputs, layers of neurons and outputs that were compared, step by step.
    pub layers: u64,
}

/// Differences between the real network and its integers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuantisationLoss {
    /// Per output.
    pub outputs: Vec<OutputLoss>,
    /// Samples for which both give the same class: the greatest element of the first output, summed over
    /// the steps.
    pub same_class: u64,
    /// Samples whose class is their label before quantisation; none without labels.
    pub correct_before: Option<u64>,
    /// Samples whose class is their label after quantisation; none without labels.
    pub correct_after: Option<u64>,
    /// Per layer of neurons that keeps its name.
    pub layers: Vec<LayerLoss>,
}

/// Differences of an output, summed over the steps of a sample, in millionths of the range (zero included)
/// of the sums before quantisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputLoss {
    /// Name of the output.
    pub output: String,
    /// Mean over samples and elements.
    pub mean_ppm: u64,
    /// The greatest.
    pub max_ppm: u64,
}

/// Events of a layer over all samples and steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerLoss {
    /// The layer.
    pub layer: String,
    /// Before quantisation.
    pub events_before: u64,
    /// After it.
    pub events_after: u64,
}
