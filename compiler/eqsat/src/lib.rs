//! Search for the mapping of a network onto the cores of a chip.
//!
//! - [`normalise`]: exact normalisation of a retimed integer graph into populations and projections.
//! - [`extract`]: the bottleneck search over the tiles that a chip offers.
//!
//! Both work directly on the network so far; the e-graph that will hold alternatives between them is the
//! next step of this crate.
#![forbid(unsafe_code)]

pub mod extract;
pub mod normalise;
