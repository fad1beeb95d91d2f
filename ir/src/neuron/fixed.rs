//! Fixed-point arithmetic of a quantised neuron.

use super::Rescale;

/// Rounding of `state · numerator / 2^shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero.
    TowardZero,
    /// Towards minus infinity (an arithmetic shift).
    Down,
    /// To the nearest, halves away from zero.
    Nearest,
}

/// What happens when a state leaves its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// It stays within `±(2^(bits-1) - 1)`.
    Saturate,
    /// It wraps around by `2^bits` into `(-2^(bits-1), 2^(bits-1)]`, as Lava's current does.
    Wrap,
}

/// How a quantised neuron calculates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedPoint {
    /// A decay is a numerator over `2^shift`.
    pub shift: u8,
    /// Rounding after the shift.
    pub rounding: Rounding,
    /// Width of the membrane in bits, sign included.
    pub v_bits: u8,
    /// What happens when the membrane leaves its range.
    pub v_overflow: Overflow,
    /// Width of the synaptic current in bits, sign included.
    pub i_bits: u8,
    /// What happens when the current leaves its range.
    pub i_overflow: Overflow,
    /// Factor on graded values: on the input of an activation before it is rounded to its levels, on what
    /// a delta or sigma-delta unit compares with its reference, on the membrane that an integrator gives
    /// out. Absent: 1. Spikes have none.
    pub rescale: Option<Rescale>,
}

impl FixedPoint {
    /// 12-bit decays rounded towards zero, 24-bit states, the membrane saturating and the current
    /// wrapping: Lava's bit-accurate LIF (`lava/proc/lif/models.py`).
    pub const LAVA: Self = Self {
        shift: 12,
        rounding: Rounding::TowardZero,
        v_bits: 24,
        v_overflow: Overflow::Saturate,
        i_bits: 24,
        i_overflow: Overflow::Wrap,
        rescale: None,
    };

    /// `state · numerator / 2^shift`, rounded. The product saturates at 64 bits, which a state within
    /// its width never reaches.
    #[inline]
    pub fn decay(&self, state: i64, numerator: i32) -> i64 {
        let product = state.saturating_mul(i64::from(numerator));
        match self.rounding {
            Rounding::Down => product >> self.shift,
            Rounding::TowardZero => product / (1i64 << self.shift),
            Rounding::Nearest => {
                let half = if self.shift == 0 { 0 } else { 1i64 << (self.shift - 1) };
                if product >= 0 {
                    product.saturating_add(half) >> self.shift
                } else {
                    -(product.saturating_neg().saturating_add(half) >> self.shift)
                }
            }
        }
    }

    /// A graded value in the units in which it is given out.
    #[inline]
    pub fn graded(&self, value: i64, half_up: bool) -> i64 {
        self.rescale.map_or(value, |r| r.apply(value, half_up))
    }

    /// The membrane within its width.
    #[inline]
    pub fn hold_v(&self, value: i64) -> i64 {
        hold(value, self.v_bits, self.v_overflow)
    }

    /// The current within its width.
    #[inline]
    pub fn hold_i(&self, value: i64) -> i64 {
        hold(value, self.i_bits, self.i_overflow)
    }
}

fn hold(value: i64, bits: u8, overflow: Overflow) -> i64 {
    let half = 1i64 << (bits - 1);
    match overflow {
        Overflow::Saturate => value.clamp(1 - half, half - 1),
        // Exact though the difference may wrap: the period divides 2^64.
        Overflow::Wrap => half - half.wrapping_sub(value).rem_euclid(2 * half),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_as_lava_does() {
        let half = 1i64 << 23;
        let wrap = |v| FixedPoint::LAVA.hold_i(v);
        for (value, held) in [
            (0, 0),
            (half, half),
            (-half, half),
            (half + 1, 1 - half),
            (-half - 1, half - 1),
            (5 * half, half),
        ] {
            assert_eq!(wrap(value), held, "{value}");
        }
    }

    #[test]
    fn the_ends_of_the_accumulator_do_not_overflow() {
        for rounding in [Rounding::TowardZero, Rounding::Down, Rounding::Nearest] {
            for bits in [2, 24, 32] {
                let fixed = FixedPoint {
                    shift: 0,
                    rounding,
                    v_bits: bits,
                    v_overflow: Overflow::Wrap,
                    ..FixedPoint::LAVA
                };
                for value in [i64::MIN, i64::MIN + 1, i64::MAX] {
                    let half = 1i64 << (bits - 1);
                    assert!((1 - half..=half).contains(&fixed.hold_v(fixed.decay(value, i32::MIN))));
                    assert!((1 - half..=half).contains(&fixed.hold_v(value)));
                }
            }
        }
    }
}
