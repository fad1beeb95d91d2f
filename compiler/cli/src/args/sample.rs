//! Arguments that say what sample inputs are.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use snnc_driver::sample::{Encode, Options};

/// Samples, and how they are read.
#[derive(Clone, Debug, Args)]
pub(crate) struct SampleArgs {
    /// Samples, .npz or .npy: spikes [N, T, C, H, W] or [T, C, H, W], images with --encode, or events t, x,
    /// y, p; labels in an array `labels` (or `y`, where that is no coordinate)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// What the draws of `--encode rate` depend on
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

/// How a sample file is read.
#[derive(Clone, Debug, Args)]
pub(crate) struct Reading {
    /// Run the first N samples only
    #[arg(long, value_name = "N", requires = "input")]
    limit: Option<usize>,
    /// Make steps of images [N, C, H, W]: `rate` draws events, `direct` repeats the image; or of frames
    /// [N, T, C, H, W]: `delta` gives their changes
    #[arg(long, value_enum, value_name = "HOW", requires = "input")]
    encode: Option<Encoding>,
    /// Divide the numbers by this before encoding, e.g. 255 for bytes
    #[arg(long, value_name = "X", requires = "encode", value_parser = positive::<f64>)]
    max: Option<f64>,
    /// Least change that `--encode delta` makes an event of
    #[arg(long, value_name = "X", required_if_eq("encode", "delta"), value_parser = positive::<f32>)]
    threshold: Option<f32>,
    /// Time of a step of an event list, e.g. 1ms; default: the time of each sample divided by its steps
    #[arg(long, value_name = "TIME", requires = "input", value_parser = bin)]
    bin: Option<u64>,
    /// Unit of the times of an event list
    #[arg(long, value_enum, value_name = "UNIT", requires = "input", default_value_t = TimeUnit::Us)]
    time_unit: TimeUnit,
    /// What the columns of an event list [E, columns] are, e.g. txyp
    #[arg(long, value_name = "LETTERS", requires = "input", value_parser = order)]
    event_order: Option<String>,
    /// Several events in one place and step are one
    #[arg(long, requires = "input")]
    binary: bool,
    /// Threads that run samples side by side; default: as many as the computer has
    #[arg(long, value_name = "N", requires = "input", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Encoding {
    Rate,
    Direct,
    Delta,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TimeUnit {
    Ns,
    Us,
    Ms,
    S,
}

impl SampleArgs {
    /// How the file is to be read, with the steps that the network has or the user wants.
    pub(crate) fn options(&self, steps: Option<u32>) -> Options {
        self.reading.options(steps, self.seed)
    }
}

impl Reading {
    /// Threads to run samples on; 0 for as many as the computer has.
    pub(crate) fn threads(&self) -> usize {
        self.threads.map_or(0, usize::from)
    }

    /// How the file is to be read, with the steps that the network has or the user wants.
    pub(crate) fn options(&self, steps: Option<u32>, seed: u64) -> Options {
        Options {
            encode: self.encode.map(|how| match how {
                Encoding::Rate => Encode::Rate { seed },
                Encoding::Direct => Encode::Direct,
                // clap asks for the threshold.
                Encoding::Delta => Encode::Delta { threshold: self.threshold.unwrap_or(f32::MIN_POSITIVE) },
            }),
            max: self.max,
            steps,
            limit: self.limit,
            bin: self.bin,
            time_unit: match self.time_unit {
                TimeUnit::Ns => 1_000,
                TimeUnit::Us => 1_000_000,
                TimeUnit::Ms => 1_000_000_000,
                TimeUnit::S => 1_000_000_000_000,
            },
            event_order: self.event_order.clone(),
            binary: self.binary,
        }
    }
}

fn bin(text: &str) -> Result<u64, String> {
    match super::time(text)? {
        0 => Err("a step takes some time".into()),
        ps => Ok(ps),
    }
}

fn positive<T: std::str::FromStr + Into<f64> + Copy>(text: &str) -> Result<T, String> {
    let value: T = text.parse().map_err(|_| "not a number".to_owned())?;
    let real: f64 = value.into();
    if real.is_finite() && real > 0.0 { Ok(value) } else { Err("give a number above 0".into()) }
}

/// Letters of `t`, `x`, `y` and `p`, each once, with `t` and `x` among them.
fn order(text: &str) -> Result<String, String> {
    let once = |c: char| text.chars().filter(|l| *l == c).count() == 1;
    let known = text.chars().all(|c| "txyp".contains(c) && once(c));
    if known && once('t') && once('x') {
        Ok(text.to_owned())
    } else {
        Err("give a letter for each column: t, x, y and p, with t and x among them".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_have_letters_once() {
        for good in ["txyp", "xytp", "tx", "txp"] {
            assert_eq!(order(good), Ok(good.into()));
        }
        for bad in ["", "t", "xyp", "txyy", "txyz", "txypp"] {
            assert!(order(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_above_zero() {
        assert_eq!(positive::<f64>("255"), Ok(255.0));
        for bad in ["0", "-1", "nan", "inf", "x"] {
            assert!(positive::<f32>(bad).is_err(), "{bad}");
        }
        assert!(bin("0us").is_err());
        assert_eq!(bin("1ms"), Ok(1_000_000_000));
    }
}
