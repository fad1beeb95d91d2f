//! What every chip back end shares.
//!
//! - [`activity`]: how often neurons give out events.
//! - [`chip`]: chip files, the numbers of a chip with their sources.
//! - [`load`]: what a core does per step.
//! - [`floorline`]: from loads to bounds on time.
//! - [`network`]: populations and projections, what a back end maps.
//! - [`quantise`]: the seam to a chip's integers.
//! - [`target`]: the seam to a chip that networks are mapped to.
//! - [`manifest`]: the result as data, with its schema.
//! - [`mapping`]: a mapping as a user writes it.
//!
//! Nothing here knows a particular chip, the search or a file of a user.
#![forbid(unsafe_code)]

pub mod activity;
pub mod chip;
pub mod floorline;
pub mod load;
pub mod manifest;
pub mod mapping;
pub mod network;
pub mod quantise;
pub mod target;
