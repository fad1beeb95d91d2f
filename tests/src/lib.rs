//! Tests of snnc as a whole.
#![allow(clippy::unwrap_used, clippy::panic)]

pub mod arbitrary;
pub mod corpus;
pub mod filetest;
pub mod flat;
pub mod golden;
pub mod mappings;
pub mod onnx_builder;
pub mod pb;
pub mod replay;
