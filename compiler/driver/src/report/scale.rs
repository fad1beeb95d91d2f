//! Logarithmic axes in integers, so that a plot has the same bytes on every machine.

/// `log2(value)` in 65536ths, rounded down; 0 for 0.
pub(super) fn log2(value: u64) -> u64 {
    if value == 0 {
        return 0;
    }
    let whole = value.ilog2();
    // The mantissa in [1, 2) with 62 fraction bits, squared once per bit of the result.
    let mut mantissa = u128::from(value) << (62 - whole.min(62)) >> whole.saturating_sub(62);
    let mut fraction = 0u64;
    for _ in 0..16 {
        mantissa = (mantissa * mantissa) >> 62;
        fraction <<= 1;
        if mantissa >= 1 << 63 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    (u64::from(whole) << 16) | fraction
}

/// An axis over whole decades.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Power of ten at its start.
    pub(super) first: u32,
    /// Power of ten at its end.
    pub(super) last: u32,
    /// Where it starts, in tenths of a pixel.
    from: i64,
    /// Where it ends, in tenths of a pixel.
    to: i64,
}

impl Axis {
    /// An axis that holds every value, at least one decade long.
    pub(super) fn new(values: &[u64], from: i64, to: i64) -> Self {
        let least = values.iter().copied().filter(|v| *v > 0).min().unwrap_or(1);
        let most = values.iter().copied().max().unwrap_or(1).max(1);
        let first = least.ilog10();
        let last = (most.ilog10() + u32::from(most > 10u64.pow(most.ilog10()))).max(first + 1);
        Self { first, last, from, to }
    }

    /// Where a value stands, in tenths of a pixel; a value below the axis at its start.
    pub(super) fn place(&self, value: u64) -> i64 {
        let ten = |power: u32| log2(10u64.saturating_pow(power)) as i64;
        let (start, end) = (ten(self.first), ten(self.last));
        let at = (log2(value) as i64).clamp(start, end) - start;
        self.from + (self.to - self.from) * at / (end - start).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_library() {
        for value in [1u64, 2, 3, 10, 1000, 123_456_789, u64::MAX] {
            let want = (value as f64).log2() * 65536.0;
            assert!((log2(value) as f64 - want).abs() < 2.0, "{value}: {} {want}", log2(value));
        }
    }

    #[test]
    fn decades_are_equally_long() {
        let axis = Axis::new(&[20, 90_000], 100, 1700);
        assert_eq!((axis.first, axis.last), (1, 5));
        let places: Vec<i64> = (1..=5).map(|p| axis.place(10u64.pow(p))).collect();
        assert!(places.windows(2).all(|w| (w[1] - w[0] - 400).abs() <= 1), "{places:?}");
        assert_eq!((places[0], places[4]), (100, 1700));
    }
}
