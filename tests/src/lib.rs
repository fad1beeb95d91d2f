//! Tests of snnc as a whole.

pub mod corpus;
pub mod onnx_builder;
pub mod pb;
