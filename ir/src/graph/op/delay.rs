//! Delay by whole steps.

/// The input of `steps` steps ago; zero in the first `steps` steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// At least 1.
    pub steps: u32,
}
