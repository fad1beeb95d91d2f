//! The number of steps per inference, and whether time is an axis of the file.

use super::ai_snnc;
use super::file::Model;
use super::importer::Options;
use super::proto::GraphProto;
use super::refusal::{Refusal, refuse_with};
use snnc_ir::diag::Code;

const REMEDY: &str = "give --steps T, the number of time steps of one inference";

/// Steps of the file and of the user.
#[derive(Debug)]
pub(crate) struct Steps {
    /// Whether the file holds whole sequences: its values have a time axis.
    pub sequence: bool,
    /// From `--steps` or the metadata `snnc.steps`.
    pub declared: Option<u32>,
    /// Length of the time axis in the file, 1 in step form.
    pub length: Option<usize>,
}

impl Steps {
    pub(crate) fn new(model: &Model, source: &GraphProto, options: &Options) -> Result<Self, Refusal> {
        let metadata = model.proto().metadata_props.iter().find(|p| p.key == "snnc.steps");
        let metadata = match metadata {
            None => None,
            Some(entry) => Some(entry.value.trim().parse::<u32>().map_err(|_| {
                let message = format!("the metadata snnc.steps '{}' is no number of steps", entry.value);
                refuse_with(Code::MissingSteps, message, REMEDY)
            })?),
        };
        let declared = options.steps.or(metadata);
        if declared == Some(0) {
            return Err(refuse_with(Code::MissingSteps, "an inference of no step computes nothing", REMEDY));
        }
        Ok(Self { sequence: source.node.iter().any(ai_snnc::is_sequence), declared, length: None })
    }

    /// Steps per inference of the network.
    pub(crate) fn resolve(&self, stateful: bool) -> Result<u32, Refusal> {
        let length = self.length.filter(|_| self.sequence).and_then(|l| u32::try_from(l).ok());
        match self.declared.or(length) {
            Some(steps) => Ok(steps),
            None if !stateful => Ok(1),
            None => Err(missing()),
        }
    }
}

/// The number of steps is not known.
pub(crate) fn missing() -> Refusal {
    refuse_with(Code::MissingSteps, "the model has state and does not say for how many steps it runs", REMEDY)
}
