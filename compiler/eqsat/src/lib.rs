//! The search for the mapping of a network onto the cores of a chip: equality saturation, then extraction.
//!
//! - [`language`]: the terms, from values to populations on cores; [`analysis`]: what is known of each class.
//! - [`rules`]: the rewrite rules, one file each, with their laws; [`saturate`]: running them.
//! - [`space`]: a network as its populations, each with the forms that the rules have found.
//! - [`extract`]: the best choice of forms, encodings and tiles, and how good any could be.
//! - [`explain`]: which rules led to a choice.
//! - [`tutorial`]: a rule and a search from beginning to end.
#![forbid(unsafe_code)]

pub mod analysis;
pub mod explain;

pub mod extract;
pub mod language;
pub mod rules;
pub mod saturate;
pub mod space;
pub mod tutorial;

mod weights;
