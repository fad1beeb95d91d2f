//! Logarithmic axes in integers, so that a plot has the same bytes on every machine.

/// `log2(value)` in 65536ths, rounded down; 0 for 0.
pub(super) fn log2(value: u128) -> i64 {
    if value == 0 {
        return 0;
    }
    let whole = value.ilog2();
    // The mantissa in [1, 2) with 62 fraction bits, squared once per bit of the result.
    let mut mantissa = value << (62 - whole.min(62)) >> whole.saturating_sub(62);
    let mut fraction = 0;
    for _ in 0..16 {
        mantissa = (mantissa * mantissa) >> 62;
        fraction <<= 1;
        if mantissa >= 1 << 63 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    (i64::from(whole) << 16) | fraction
}

/// Ticks that an axis has at most.
const TICKS: usize = 10;
/// Powers of ten below 2^64.
const POWERS: u32 = 20;

/// A number that ends in zeros: `digit`·10^`power`, the digit 1, 2 or 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) digit: u32,
    pub(super) power: u32,
}

impl Tick {
    fn value(self) -> u128 {
        u128::from(self.digit) * 10u128.pow(self.power)
    }
}

/// A logarithmic axis from a tick to a tick.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// What is written along it.
    pub(super) ticks: Vec<Tick>,
    /// Logarithms of its ends.
    low: i64,
    high: i64,
    /// Where it starts and ends, in tenths of a pixel.
    from: i64,
    to: i64,
}

impl Axis {
    /// An axis that holds every value but 0, with some room at both ends.
    pub(super) fn new(values: impl IntoIterator<Item = u64>, from: i64, to: i64) -> Self {
        let (mut least, mut most) = (u64::MAX, 1);
        for value in values.into_iter().filter(|v| *v > 0) {
            (least, most) = (least.min(value), most.max(value));
        }
        let (least, most) = (u128::from(least.min(most)), u128::from(most));
        let all: Vec<Tick> =
            (0..=POWERS).flat_map(|power| [1, 2, 5].map(|digit| Tick { digit, power })).collect();
        let below = |t: &Tick| t.value() <= least - least / 8;
        let above = |t: &Tick| t.value() >= most + most / 8;
        let start = all.iter().rposition(below).unwrap_or(0);
        let end = all.iter().position(above).unwrap_or(all.len() - 1);
        // At least a factor of five, so that a difference of a few per cent does not fill the plot.
        let end = end.max(start + 2).min(all.len() - 1);
        let start = start.min(end - 2);
        let (low, high) = (log2(all[start].value()), log2(all[end].value()));
        Self { ticks: thinned(&all[start..=end]), low, high, from, to }
    }

    /// Where a value stands, in tenths of a pixel; what is off the axis at its end.
    pub(super) fn place(&self, value: u64) -> i64 {
        let at = self.at(log2(value.into()));
        at.clamp(self.from.min(self.to), self.from.max(self.to))
    }

    /// Where a tick stands.
    pub(super) fn tick(&self, tick: Tick) -> i64 {
        self.at(log2(tick.value()))
    }

    /// Where a logarithm in 65536ths stands or would stand.
    pub(super) fn at(&self, log: i64) -> i64 {
        self.from + (self.to - self.from) * (log - self.low) / (self.high - self.low)
    }

    /// The logarithms of its ends.
    pub(super) fn ends(&self) -> [i64; 2] {
        [self.low, self.high]
    }
}

/// Every tick, the powers of ten, or every third of them: as many as have room.
fn thinned(all: &[Tick]) -> Vec<Tick> {
    let mut ticks = all.to_vec();
    if ticks.len() > TICKS {
        ticks.retain(|t| t.digit == 1);
    }
    if ticks.len() > TICKS {
        ticks.retain(|t| t.power.is_multiple_of(3));
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_library() {
        for value in [1u64, 2, 3, 10, 1000, 123_456_789, u64::MAX] {
            let want = (value as f64).log2() * 65536.0;
            assert!((log2(value.into()) as f64 - want).abs() < 2.0, "{value}: {} {want}", log2(value.into()));
        }
        assert!((log2(10u128.pow(20)) as f64 - 20.0 * 10f64.log2() * 65536.0).abs() < 2.0);
    }

    fn values(axis: &Axis) -> Vec<u128> {
        axis.ticks.iter().map(|t| t.value()).collect()
    }

    #[test]
    fn ticks_hold_the_values_with_some_room() {
        let axis = Axis::new([70, 0, 461], 100, 1700);
        assert_eq!(values(&axis), [50, 100, 200, 500, 1000]);
        assert_eq!((axis.place(50), axis.place(1000)), (100, 1700));
        assert_eq!((axis.place(0), axis.place(u64::MAX)), (100, 1700));
        assert_eq!(values(&Axis::new([20, 90_000], 0, 1)), [10, 100, 1000, 10_000, 100_000]);
        assert_eq!(values(&Axis::new([1, u64::MAX], 0, 1)).len(), 7);
    }

    #[test]
    fn an_axis_is_never_empty() {
        for of in [vec![], vec![0], vec![1], vec![u64::MAX], vec![3, 3]] {
            let axis = Axis::new(of.iter().copied(), 100, 1700);
            assert!(axis.ticks.len() >= 3, "{of:?}: {axis:?}");
            for value in of.into_iter().filter(|v| *v > 0) {
                assert!((100..=1700).contains(&axis.at(log2(value.into()))), "{value}: {axis:?}");
            }
        }
    }

    #[test]
    fn decades_are_equally_long() {
        let axis = Axis::new([20, 90_000], 100, 1700);
        let places: Vec<i64> = axis.ticks.iter().map(|t| axis.tick(*t)).collect();
        let first = places[1] - places[0];
        assert!(places.windows(2).all(|w| (w[1] - w[0] - first).abs() <= 1), "{places:?}");
    }
}
