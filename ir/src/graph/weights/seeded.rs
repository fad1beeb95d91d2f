//! Pseudo-random weights, for networks whose trained weights are not at hand.

/// Integers that depend only on the seed and the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeded {
    /// The seed.
    pub seed: u64,
    /// Least value.
    pub lo: i32,
    /// Greatest value.
    pub hi: i32,
    /// Share of positions that may be non-zero, in millionths.
    pub density_ppm: u32,
}

impl Seeded {
    /// The value at a flat position.
    pub fn value(&self, position: u64) -> i32 {
        let a = mix(self.seed ^ mix(position));
        if a % 1_000_000 >= u64::from(self.density_ppm) {
            return 0;
        }
        let span = (i64::from(self.hi) - i64::from(self.lo)) as u64 + 1;
        let v = i64::from(self.lo) + (mix(a) % span) as i64;
        v as i32
    }
}

/// SplitMix64's output function (Steele, Lea, Flood 2014): a bijection that scatters its input.
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn density_and_range_are_kept() {
        let s = Seeded { seed: 7, lo: -3, hi: 3, density_ppm: 250_000 };
        let values: Vec<i32> = (0..20_000).map(|p| s.value(p)).collect();
        assert!(values.iter().all(|v| (-3..=3).contains(v)));
        let nonzero = values.iter().filter(|v| **v != 0).count() as f64 / 20_000.0;
        // A quarter of the positions, of which one in seven draws a zero.
        assert!((nonzero - 0.25 * 6.0 / 7.0).abs() < 0.02, "{nonzero}");
    }
}
