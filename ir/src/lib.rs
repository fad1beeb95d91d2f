//! The intermediate representation of spiking networks.
//!
//! A [`Graph`](graph::Graph) is a step function with state: evaluated once per time step, its nodes
//! in order, with neurons and delays keeping state between steps. It is built by a front end, checked
//! by [`verify`](graph::verify), transformed by passes and judged by the interpreter in [`sim`].
//!
//! - [`graph`]: nodes, operators, shapes, weights, the verifier.
//! - [`neuron`]: what differs between training libraries, as fields.
//! - [`diag`]: diagnostics with codes, shared by every crate above.
//! - [`text`]: the `.snn` text form, printed and parsed.
//! - [`sim`]: the interpreter; the oracle of every pass.
//!
//! This crate does no I/O and knows no chip, no file format but its own text form.
#![forbid(unsafe_code)]

pub mod diag;
pub mod graph;
pub mod neuron;
pub mod sim;
pub mod text;
