//! The akd1000 back end: its chip file. Mapping is not there yet; the compiler says so (E0505).
#![forbid(unsafe_code)]

/// The built-in chip file.
pub const CHIP: &str = include_str!("../chip.toml");
