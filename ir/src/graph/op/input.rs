//! Events from outside.

/// What values an input can take in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// 0 or 1.
    Binary,
    /// Integers from `lo` to `hi`: counts or graded events.
    Integer {
        /// Least value.
        lo: i32,
        /// Greatest value.
        hi: i32,
    },
    /// Any real number.
    Real,
}

/// An input of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// What the source promises of the values; an input from a file that says nothing is `Real` in a
    /// real graph.
    pub values: Values,
}
