//! The scale of a layer and its integers, as sinabs calculates them (`backend/dynapcnn/discretize.py`).
//!
//! Everything is 32-bit floating point with one rounding per operation, in sinabs' order: an integer that lies
//! on the edge between two values falls to the same side.

/// The greatest factor with which all values fit `bits` bits, sign included; infinite where all are zero.
pub fn greatest(values: impl IntoIterator<Item = f32>, bits: u32) -> f32 {
    let (least, most) = values
        .into_iter()
        .fold(None, |range, v| match range {
            None => Some((v, v)),
            Some((least, most)) => Some((v.min(least), v.max(most))),
        })
        .unwrap_or((0.0, 0.0));
    let (lowest, highest) = range(bits);
    // There is one integer more below zero than above.
    let ratio = (lowest / highest).abs() as f32;
    let (end, value) =
        if least.abs() <= most.abs() * ratio { (highest as f32, most) } else { (lowest as f32, least) };
    // torch divides a number by a tensor as the number times the reciprocal.
    (value.recip() * end).abs()
}

/// The integer of a value: times the scale, half to even.
pub fn level(value: f32, scale: f32) -> i32 {
    // A cast of a float saturates; not a number becomes zero.
    (value * scale).round_ties_even() as i32
}

/// The integer of a value within `bits` bits, and how far it is from the value, in integers.
pub(super) fn held(value: f32, scale: f32, bits: u32) -> (i32, f64) {
    let (lowest, highest) = range(bits);
    let integer = f64::from(level(value, scale)).clamp(lowest, highest);
    let error = (f64::from(value) * f64::from(scale) - integer).abs();
    (integer as i32, error)
}

/// Least and greatest integer of `bits` bits, from 2 to 32.
pub(super) fn range(bits: u32) -> (f64, f64) {
    let half = (1u64 << (bits - 1)) as f64;
    (-half, half - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_that_is_nearer_decides() {
        assert_eq!(greatest([-0.5, 1.0], 8), 127.0);
        assert_eq!(greatest([-2.0, 1.0], 8), 64.0);
        // The integers reach one further down.
        assert_eq!(greatest([-1.0, 1.0], 8), 127.0);
        assert_eq!(greatest([-0.5], 8), 254.0);
        assert_eq!(greatest([0.0, -0.5], 8), 256.0);
    }

    #[test]
    fn nothing_limits_zeros() {
        assert_eq!(greatest([], 8), f32::INFINITY);
        assert_eq!(greatest([0.0, 0.0], 8), f32::INFINITY);
    }

    /// The scale that sinabs gives for the first layer of its residual example.
    #[test]
    fn a_division_is_rounded_twice() {
        assert_eq!(greatest([-0.235_119_6, 0.234_319_42], 8), 541.995_2);
    }

    #[test]
    fn halves_go_to_even() {
        for (value, want) in [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2)] {
            assert_eq!(level(value, 1.0), want, "{value}");
        }
        assert_eq!(held(127.6, 1.0, 8).0, 127);
        assert_eq!(held(-200.0, 1.0, 8).0, -128);
    }
}
