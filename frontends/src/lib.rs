//! Readers of network files: ONNX and the .snn text form.
//!
//! [`onnx::read`] decodes a file, [`onnx::import`] makes the network of it. A file is never trusted:
//! whatever is in it, reading it gives a network or diagnostics, within a budget of nodes and bytes.
#![forbid(unsafe_code)]

pub mod onnx;
pub mod text;
