//! ONNX models.
//!
//! [`read`] decodes a file with its external data, [`import`] makes the network of it, [`fingerprint`]
//! names it. What is read and what is refused: the quantised forms and layers under `ops/`, the neurons
//! of `ai.snnc` (docs/ai.snnc.md) under `ai_snnc/`. All refusals of a model are collected, grouped and
//! counted; nothing is dropped in silence.

mod ai_snnc;
mod attribute;
mod broadcast;
mod budget;
mod call;
mod common_factor;
mod consistency;
mod constant;
mod describe;
mod dims;
mod expand;
mod feedback;
mod file;
mod fold;
mod imported;
mod importer;
mod inputs;
mod lift;
mod lifted;
mod names;
mod notes;
mod ops;
mod order;
mod outputs;
#[allow(missing_docs, clippy::all, clippy::pedantic)]
#[rustfmt::skip]
pub mod proto;
mod refusal;
mod shared;
mod states;
mod steps;
mod tensor;
mod value;
mod weights;

pub use file::{Model, decode, fingerprint, message, read};
pub use fold::evaluate;
pub use imported::{HeldState, Imported, StatePart};
pub use importer::{Options, import};
pub use lift::Readout;
pub use ops::operators;
