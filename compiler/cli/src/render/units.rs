//! Numbers for people.

/// A time in picoseconds with three significant digits or more.
pub(crate) fn time(ps: u64) -> String {
    for (unit, size) in [("s", 1_000_000_000_000u64), ("ms", 1_000_000_000), ("µs", 1_000_000), ("ns", 1000)]
    {
        if ps >= size {
            return format!("{} {unit}", decimal(ps, size));
        }
    }
    format!("{ps} ps")
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

/// A number of thousandths as a decimal, without trailing zeros.
pub(crate) fn thousandths(value: u64) -> String {
    if value.is_multiple_of(1000) {
        return grouped(value / 1000);
    }
    let text = format!("{}.{:03}", value / 1000, value % 1000);
    if value >= 100_000 { grouped((value + 500) / 1000) } else { text.trim_end_matches('0').to_owned() }
}

/// An integer with thin groups of three digits.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (k, d) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            out.push('_');
        }
        out.push(d);
    }
    out
}

/// Parts per million as per cent.
pub(crate) fn percent(ppm: u64) -> String {
    format!("{}.{} %", ppm / 10_000, ppm % 10_000 / 1000)
}

/// Parts per million as per cent with two places, rounded half up.
pub(crate) fn share(ppm: u32) -> String {
    let scaled = (u64::from(ppm) + 50) / 100;
    format!("{}.{:02} %", scaled / 100, scaled % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_three_digits() {
        for (ps, text) in [
            (7, "7 ps"),
            (1500, "1.50 ns"),
            (12_345_678, "12.3 µs"),
            (200_000, "200 ns"),
            (999_999, "1000 ns"),
        ] {
            assert_eq!(time(ps), text);
        }
    }

    #[test]
    fn thousandths_are_short() {
        assert_eq!(thousandths(1500), "1.5");
        assert_eq!(thousandths(12_000_000), "12_000");
        assert_eq!(thousandths(123_456), "123");
    }
}
