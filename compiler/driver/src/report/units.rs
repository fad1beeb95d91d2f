//! Times for people.

/// A time in picoseconds with three significant digits or more.
pub fn time(ps: u64) -> String {
    for (unit, size) in [("s", 1_000_000_000_000u64), ("ms", 1_000_000_000), ("µs", 1_000_000), ("ns", 1000)]
    {
        if ps >= size {
            return format!("{} {unit}", decimal(ps, size));
        }
    }
    format!("{ps} ps")
}

/// A time in femtoseconds.
pub fn time_fs(fs: u64) -> String {
    match fs {
        0..1000 => format!("{fs} fs"),
        1000..1_000_000 => format!("{} ps", decimal(fs, 1000)),
        _ => time(fs / 1000),
    }
}

/// `value / size` with as many decimals as make at least three digits, rounded half up.
fn decimal(value: u64, size: u64) -> String {
    let whole = value / size;
    let places = if whole >= 100 {
        0
    } else if whole >= 10 {
        1
    } else {
        2
    };
    let scale = 10u128.pow(places);
    let rounded = (u128::from(value) * scale + u128::from(size) / 2) / u128::from(size);
    if places == 0 {
        return rounded.to_string();
    }
    format!("{}.{:0width$}", rounded / scale, rounded % scale, width = places as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_three_digits() {
        for (ps, text) in [
            (0, "0 ps"),
            (7, "7 ps"),
            (1500, "1.50 ns"),
            (12_345_678, "12.3 µs"),
            (200_000, "200 ns"),
            (999_999, "1000 ns"),
            (u64::MAX, "18446744 s"),
        ] {
            assert_eq!(time(ps), text);
        }
        for (fs, text) in
            [(999, "999 fs"), (700_000, "700 ps"), (16_000_000, "16.0 ns"), (u64::MAX, "18447 s")]
        {
            assert_eq!(time_fs(fs), text);
        }
    }
}
