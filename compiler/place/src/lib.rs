//! Placement of cores on the mesh of a chip, and what its links then carry.
//!
//! - [`traffic`]: which core sends how many messages to which, exactly, from the receptive fields.
//! - [`mesh`]: sites on the mesh; plain placement in the order of the layers.
//! - [`keep`]: placement that leaves cores where they are.
//! - [`links`]: loads of the links under dimension-order routing.
#![forbid(unsafe_code)]

pub mod keep;
pub mod links;
pub mod mesh;
pub mod traffic;
