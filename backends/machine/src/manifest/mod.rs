//! The manifest: the result of a compilation as data. `schemas/manifest-1.json` is its JSON schema.
//!
//! Integers only, sorted, no time stamps, no paths: the same model, chip file, activity, options,
//! version and seed give the same bytes.

mod bounds;
mod cores;
mod coverage;
mod inputs;
mod verification;

pub use bounds::{
    Binding, Bounds, Constant, Deadline, DeadlineState, GapKind, GapReason, Io, LinkLoad, Nominal,
    Optimality, ParetoPoint, PeriodOf, Range, Site, Trace,
};
pub use cores::{Core, CoreMemory, Part, Role, Slice};
pub use coverage::check_coverage;
pub use inputs::{
    ActivitySource, ActivitySummary, Inputs, Layer, LayerBound, LayerChoice, LayerInput, LosesBy,
    MeasuredSummary, ModelInput, Options, RunnerUp,
};

pub use verification::{EqualPhase, LayerLoss, OutputLoss, QuantisationLoss, Verification};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name and version of the format.
pub const SCHEMA: &str = "snnc-manifest/1";

/// A mapped network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `snnc-manifest/1`.
    pub schema: String,
    /// `snnc` and its version.
    pub generator: String,
    /// Everything that the result depends on.
    pub inputs: Inputs,
    /// The lowered network that lies beside the manifest.
    pub network: NetworkFiles,
    /// Populations, in the order of the network.
    pub layers: Vec<Layer>,
    /// Cores in use, by id.
    pub cores: Vec<Core>,
    /// Bounds on time and energy, and how good the mapping is.
    pub bounds: Bounds,
    /// The front of time and cores, by ascending cores; empty unless asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pareto: Vec<ParetoPoint>,
    /// Every constant that touched a bound and is not measured or quoted, by name.
    pub assumptions: Vec<Assumption>,
    /// Warnings of the run.
    pub diagnostics: Vec<Warning>,
    /// What `--verify` has shown; absent without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
}

/// The lowered network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkFiles {
    /// blake3 of `network.snn`, in hex.
    pub snn_blake3: String,
    /// blake3 of `weights.bin`, in hex.
    pub weights_blake3: String,
}

/// A number or rule that is not measured or quoted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// The constant or rule.
    pub name: String,
    /// `lo`, `nominal` or `hi` of a constant, `rule` otherwise.
    pub side: String,
    /// The value with its unit; empty for a rule.
    pub value: String,
    /// `derived`, `inferred` or `assumed`.
    pub kind: String,
    /// Where it comes from.
    pub source: String,
}

/// A warning of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// Its code.
    pub code: String,
    /// Where, when it is somewhere.
    pub node: Option<String>,
    /// The text.
    pub message: String,
}

impl Manifest {
    /// The manifest as JSON text, ending in a line feed.
    ///
    /// # Errors
    /// Never for a manifest made of these types; serde's signature is kept.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// The JSON schema as text, ending in a line feed.
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json).
    pub fn schema() -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Self))?;
        text.push('\n');
        Ok(text)
    }
}
