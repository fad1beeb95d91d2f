//! From the numbers of a file to the values of a step.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Input, Op, Values as Range};
use snnc_ir::graph::{Node, Number};
use snnc_ir::sim::Values;

use super::bad;

/// A place in a sample file, for messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) array: &'a str,
    pub(super) sample: usize,
    pub(super) step: usize,
}

/// What the source promises of an input's values.
pub(super) fn range(node: &Node) -> Range {
    match node.op {
        Op::Input(Input { values }) => values,
        _ => Range::Real,
    }
}

/// Numbers as the values of an input.
///
/// # Errors
/// A number that the input does not take, with its place.
pub(super) fn values(
    numbers: &[f64],
    node: &Node,
    number: Number,
    place: Place<'_>,
) -> Result<Values, Diagnostic> {
    let range = range(node);
    let refuse = |at: usize| refused(numbers[at], at, node, number, place);
    if number == Number::Real {
        let bad = numbers.iter().position(|v| !(*v as f32).is_finite());
        return bad.map_or_else(
            || Ok(Values::Real(numbers.iter().map(|v| *v as f32).collect())),
            |k| Err(refuse(k)),
        );
    }
    let (lo, hi) = match range {
        Range::Binary => (0, 1),
        Range::Integer { lo, hi } => (lo, hi),
        Range::Real => (i32::MIN, i32::MAX),
        Range::Quantised { .. } => {
            let bad = numbers.iter().position(|v| !(*v as f32).is_finite());
            let encoded = || Values::Integer(numbers.iter().map(|v| range.encode(*v as f32)).collect());
            return bad.map_or_else(|| Ok(encoded()), |k| Err(refuse(k)));
        }
    };
    let (lo, hi) = (f64::from(lo), f64::from(hi));
    let outside = |v: &f64| !(v.fract() == 0.0 && (lo..=hi).contains(v));
    let bad = numbers.iter().position(outside);
    bad.map_or_else(|| Ok(Values::Integer(numbers.iter().map(|v| *v as i32).collect())), |k| Err(refuse(k)))
}

fn refused(value: f64, at: usize, node: &Node, number: Number, place: Place<'_>) -> Diagnostic {
    let (limit, remedy) = match (number, range(node)) {
        (Number::Real, _) | (_, Range::Quantised { .. }) => (
            "a finite number of 32 bits".to_owned(),
            "find where the data stops being numbers, and save it again",
        ),
        (_, Range::Binary) => ("an integer from 0 to 1".to_owned(), ENCODE_FIRST),
        (_, Range::Integer { lo, hi }) => (format!("an integer from {lo} to {hi}"), ENCODE_FIRST),
        (_, Range::Real) => ("an integer of 32 bits".to_owned(), ENCODE_FIRST),
    };
    let takes = if limit.contains("integer") { "integers" } else { "finite numbers" };
    bad(format!("input '{}' takes {takes}", node.name))
        .rule("value", limit, format!("{value} {}", found_at(node, at, place)))
        .remedy(remedy)
}

const ENCODE_FIRST: &str =
    "encode the data as spikes or integer events before simulation, or with --encode rate or --encode delta";

/// Where an element of a frame is.
pub(super) fn found_at(node: &Node, at: usize, place: Place<'_>) -> String {
    let plane = node.shape.plane().max(1);
    let (c, y, x) = (at / plane, at % plane / node.shape.w.max(1), at % node.shape.w.max(1));
    let Place { array, sample, step } = place;
    format!("in array '{array}' at sample {sample}, step {step}, channel {c}, row {y}, column {x}")
}

/// The output function of SplitMix64.
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Its increment.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number that belongs to a key and a counter.
fn draw(key: u64, counter: usize) -> u64 {
    mix(key.wrapping_add(STEP.wrapping_mul(counter as u64 + 1)))
}

/// An event with the probability that each number is. Every draw depends on seed, sample, step, input and
/// position alone.
///
/// # Errors
/// A number that is no probability.
pub(super) fn rate(
    numbers: &[f64],
    node: &Node,
    seed: u64,
    input: usize,
    place: Place<'_>,
) -> Result<Vec<f64>, Diagnostic> {
    if let Some(at) = numbers.iter().position(|p| !(0.0..=1.0).contains(p)) {
        return Err(Diagnostic::new(
            Code::BadEncoding,
            format!("a rate of input '{}' is no probability", node.name),
        )
        .rule("rate", "a number from 0 to 1", format!("{} {}", numbers[at], found_at(node, at, place)))
        .remedy("give the greatest number with --max, 255 for images of bytes; negative numbers need --encode direct"));
    }
    let key = draw(draw(draw(mix(seed), place.sample), place.step), input);
    let fires = |(k, p): (usize, &f64)| {
        // 2³² is beyond every draw: a rate of 1 always fires.
        let threshold = (p * 4_294_967_296.0) as u64;
        f64::from(u8::from(draw(key, k) >> 32 < threshold))
    };
    Ok(numbers.iter().enumerate().map(fires).collect())
}

/// Events where a frame differs from the one before by the threshold or more: 1 for an increase, -1 for a
/// decrease.
pub(super) fn changes(before: &[f64], now: &[f64], threshold: f32) -> Vec<f64> {
    let change = |(b, n): (&f64, &f64)| {
        let d = *n as f32 - *b as f32;
        f64::from(u8::from(d >= threshold)) - f64::from(u8::from(-d >= threshold))
    };
    before.iter().zip(now).map(change).collect()
}

/// Signed events with decreases of channel c in channel 2c and increases in 2c + 1.
pub(super) fn split(events: &[f64], plane: usize) -> Vec<f64> {
    let mut out = Vec::with_capacity(2 * events.len());
    for channel in events.chunks(plane) {
        out.extend(channel.iter().map(|e| f64::from(u8::from(*e < 0.0))));
        out.extend(channel.iter().map(|e| f64::from(u8::from(*e > 0.0))));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_those_of_splitmix64() {
        // The first numbers of the generator from the seed 1234567, as its author's C code gives them.
        let first: Vec<u64> = (0..3).map(|k| draw(1_234_567, k)).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn changes_are_those_that_reach_the_threshold() {
        let events = changes(&[0.0, 0.5, 0.5, 0.0], &[0.25, 0.25, 0.5, 0.125], 0.25);
        assert_eq!(events, [1.0, -1.0, 0.0, 0.0]);
        assert_eq!(split(&events, 2), [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
