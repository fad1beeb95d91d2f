//! A factor between two scales, as fixed-point libraries apply it.

/// The factor `multiplier / 2^shift` on graded values; the product is exact and rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rescale {
    /// From 1 to [`MAX_MULTIPLIER`](Self::MAX_MULTIPLIER).
    pub multiplier: u32,
    /// At most [`MAX_SHIFT`](Self::MAX_SHIFT).
    pub shift: u8,
}

impl Rescale {
    /// A multiplier is as wide as a state of 24 bits.
    pub const MAX_MULTIPLIER: u32 = (1 << 24) - 1;
    /// Greatest shift.
    pub const MAX_SHIFT: u8 = 62;

    /// The factor nearest to `ratio`; `None` when it is not positive or out of range.
    pub fn nearest(ratio: f64) -> Option<Self> {
        if !(ratio.is_finite() && ratio > 0.0) {
            return None;
        }
        // With the greatest shift that keeps the multiplier in range, then without its trailing zeros.
        let (mut scaled, mut shift) = (ratio, 0u8);
        while shift < Self::MAX_SHIFT && (scaled * 2.0).round_ties_even() <= f64::from(Self::MAX_MULTIPLIER) {
            scaled *= 2.0;
            shift += 1;
        }
        let rounded = scaled.round_ties_even();
        if !(1.0..=f64::from(Self::MAX_MULTIPLIER)).contains(&rounded) {
            return None;
        }
        let mut multiplier = rounded as u32;
        while shift > 0 && multiplier.is_multiple_of(2) {
            multiplier /= 2;
            shift -= 1;
        }
        Some(Self { multiplier, shift })
    }

    /// The factor as a real number, exactly.
    pub fn ratio(self) -> f64 {
        f64::from(self.multiplier) / (1u64 << self.shift) as f64
    }

    /// `value · multiplier / 2^shift`, rounded to the nearest: halves to even, or up.
    pub fn apply(self, value: i64, half_up: bool) -> i64 {
        let product = i128::from(value) * i128::from(self.multiplier);
        let one = 1i128 << self.shift;
        let (down, rest) = (product.div_euclid(one), product.rem_euclid(one));
        let up = match (2 * rest).cmp(&one) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => half_up || down % 2 != 0,
        };
        (down + i128::from(up)).clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_even_or_up() {
        let half = Rescale { multiplier: 1, shift: 1 };
        for (value, even, up) in [(1, 0, 1), (3, 2, 2), (-1, 0, 0), (-3, -2, -1), (5, 2, 3), (-2, -1, -1)] {
            assert_eq!(half.apply(value, false), even, "{value}");
            assert_eq!(half.apply(value, true), up, "{value}");
        }
    }

    #[test]
    fn dyadic_ratios_are_exact() {
        for (ratio, multiplier, shift) in [(0.75, 3, 2), (1.0, 1, 0), (12.0, 12, 0), (0.0625, 1, 4)] {
            assert_eq!(Rescale::nearest(ratio), Some(Rescale { multiplier, shift }), "{ratio}");
        }
        for ratio in [1e-9, 0.3, 1.0 / 3.0, 77.7, 1e6] {
            let found = Rescale::nearest(ratio).map_or(0.0, Rescale::ratio);
            assert!((found / ratio - 1.0).abs() < 2f64.powi(-23), "{ratio} {found}");
        }
        for ratio in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-20, 3e7] {
            assert_eq!(Rescale::nearest(ratio), None, "{ratio}");
        }
    }
}
