//! Numbers for people.

pub(crate) use snnc_driver::report::units::{time, time_fs};

/// A number of thousandths as a decimal, without trailing zeros.
pub(crate) fn thousandths(value: u64) -> String {
    if value.is_multiple_of(1000) {
        return grouped(value / 1000);
    }
    let text = format!("{}.{:03}", value / 1000, value % 1000);
    if value >= 100_000 {
        grouped(value / 1000 + u64::from(value % 1000 >= 500))
    } else {
        text.trim_end_matches('0').to_owned()
    }
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

/// An integer in few columns: in groups of three digits, or of great ones three digits and the power of ten.
pub(crate) fn short(value: u64) -> String {
    if value < 10u64.pow(12) {
        return grouped(value);
    }
    let power = value.ilog10();
    let digits = value / 10u64.pow(power - 2);
    format!("{}.{:02}e{power}", digits / 100, digits % 100)
}

/// A number of thousandths in few columns.
pub(crate) fn short_thousandths(value: u64) -> String {
    if value < 10u64.pow(15) { thousandths(value) } else { short(value / 1000) }
}

/// A gap in parts per million as per cent, rounded up: none is told as smaller than it is.
pub(crate) fn gap(ppm: u64) -> String {
    let tenths = ppm.div_ceil(1000);
    format!("{}.{} %", tenths / 10, tenths % 10)
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
    fn no_gap_is_told_as_smaller_than_it_is() {
        for (ppm, text) in [(0, "0.0 %"), (1, "0.1 %"), (52_000, "5.2 %"), (52_001, "5.3 %")] {
            assert_eq!(gap(ppm), text);
        }
        assert_eq!(gap(u64::MAX), "1844674407370955.2 %");
    }

    #[test]
    fn great_numbers_take_few_columns() {
        for (value, text) in [(0, "0"), (999_999_999_999, "999_999_999_999"), (u64::MAX, "1.84e19")] {
            assert_eq!(short(value), text);
        }
        assert_eq!(short_thousandths(1500), "1.5");
        assert_eq!(short_thousandths(u64::MAX), "1.84e16");
    }

    #[test]
    fn thousandths_are_short() {
        assert_eq!(thousandths(1500), "1.5");
        assert_eq!(thousandths(12_000_000), "12_000");
        assert_eq!(thousandths(123_456), "123");
    }
}
