//! Fixed-point arithmetic of a quantised neuron.

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
    /// It stays at the end of the range.
    Saturate,
    /// It wraps around once at `±(2^(bits-1) - 1)` by `2^bits` (two's complement for all but the least value).
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
    /// What happens when the membrane leaves `±(2^(v_bits-1) - 1)`.
    pub v_overflow: Overflow,
    /// Width of the synaptic current in bits, sign included.
    pub i_bits: u8,
    /// What happens when the current leaves `±(2^(i_bits-1) - 1)`.
    pub i_overflow: Overflow,
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
    let max = (1i64 << (bits - 1)) - 1;
    if (-max..=max).contains(&value) {
        return value;
    }
    match overflow {
        Overflow::Saturate => value.clamp(-max, max),
        // One period, kept in range whatever came in.
        Overflow::Wrap => {
            let period = 1i64 << bits;
            let wrapped = (value.rem_euclid(period) + (period >> 1)).rem_euclid(period) - (period >> 1);
            wrapped.max(-max)
        }
    }
}
