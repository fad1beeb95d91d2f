//! How a sample file is to be read.

/// What the user says of a sample file beside its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How numbers become the values of steps; `None` when the file has an axis of steps.
    pub encode: Option<Encode>,
    /// Numbers are divided by this before they are encoded.
    pub max: Option<f64>,
    /// Steps per sample of images and events.
    pub steps: Option<u32>,
    /// Samples to read, from the first on.
    pub limit: Option<usize>,
    /// Picoseconds of a step of an event list; `None` divides the time of each sample by its steps.
    pub bin: Option<u64>,
    /// Picoseconds of the unit in which an event list has its times.
    pub time_unit: u64,
    /// What the columns of an event list without names are, such as `txyp`.
    pub event_order: Option<String>,
    /// Whether several events in one place and step are one.
    pub binary: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            encode: None,
            max: None,
            steps: None,
            limit: None,
            bin: None,
            time_unit: 1_000_000,
            event_order: None,
            binary: false,
        }
    }
}

/// How numbers become the values of steps. `docs/simulate.md` has the rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encode {
    /// An event in each step with the probability that the number is.
    Rate {
        /// What the draws depend on, beside sample, step and position.
        seed: u64,
    },
    /// The number itself in each step.
    Direct,
    /// An event where a frame differs from the one before.
    Delta {
        /// Least difference.
        threshold: f32,
    },
}
