//! Events from outside.

/// What values an input can take in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    /// Integers from `lo` to `hi` of an integer graph, each of which stands for so many times `scale`: a
    /// real sample is divided by `scale`, rounded and clamped on its way in.
    Quantised {
        /// Least value.
        lo: i32,
        /// Greatest value.
        hi: i32,
        /// Real value of 1.
        scale: f32,
        /// Whether halves are rounded up instead of to even.
        half_up: bool,
    },
    /// Any real number.
    Real,
}

/// An input of the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input {
    /// What the source promises of the values; an input from a file that says nothing is `Real` in a
    /// real graph.
    pub values: Values,
}

impl Values {
    /// The integer that stands for a real sample.
    pub fn encode(self, sample: f32) -> i32 {
        match self {
            Self::Quantised { lo, hi, scale, half_up } => {
                let level = sample / scale;
                let level = if half_up { (level + 0.5).floor() } else { level.round_ties_even() };
                // A cast of a float saturates; not a number becomes zero.
                (level as i32).clamp(lo, hi)
            }
            Self::Binary | Self::Integer { .. } | Self::Real => sample as i32,
        }
    }
}
