//! Measured activity: which neuron gave out an event in which step of which sample.
//!
//! A profile is measured on the network as it is mapped ([`measure`]), so that every population has one. Each
//! layer's steps are counted from its own first one: step `k` of a layer that lags by three is step `k + 3` of
//! the chip. That makes a profile independent of the lags, and the events of one inference exactly `T` steps of
//! each layer.

mod file;
mod measure;

pub use file::{read, write};
pub use measure::{hash, latency, measure};

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::shape::Shape;
use snnc_machine::activity::{Activity, Measured, Profile};
use snnc_machine::network::Network;

/// Activity of every population of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityProfile {
    /// Where it comes from.
    pub source: Source,
    /// Samples that were run.
    pub samples: usize,
    /// Steps of each sample.
    pub steps: usize,
    /// The first samples whose events are kept one by one; the counts cover all.
    pub traced: usize,
    /// Populations and inputs, in the network's order.
    pub layers: Vec<LayerProfile>,
}

/// Where a profile comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// File name of the model, without folders.
    pub model: String,
    /// blake3 of the sample file, in hex.
    pub samples_blake3: String,
    /// The chip whose integers were run.
    pub target: String,
    /// blake3 of the network that was run, as text without weights, in hex.
    pub network_blake3: String,
}

/// Activity of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerProfile {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// Events per neuron over all samples and steps, in C, H, W order.
    pub counts: Vec<u64>,
    /// Events per step: for each number of events how many steps of all samples had as many, ascending.
    pub histogram: Vec<(u64, u64)>,
    /// Events of the traced samples.
    pub trace: Trace,
}

/// Events one by one: step after step, sample after sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Where the events of each step end in `positions`.
    ends: Vec<usize>,
    /// Flat positions in C, H, W order, ascending within a step.
    positions: Vec<u32>,
}

impl Trace {
    /// Adds a step; its positions need no order.
    pub fn push(&mut self, mut positions: Vec<u32>) {
        positions.sort_unstable();
        self.positions.append(&mut positions);
        self.ends.push(self.positions.len());
    }

    /// Number of events.
    fn events(&self) -> usize {
        self.positions.len()
    }

    /// Keeps the first `steps` steps.
    fn truncate(&mut self, steps: usize) {
        self.ends.truncate(steps);
        self.positions.truncate(self.ends.last().copied().unwrap_or(0));
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.ends.len()
    }

    /// The positions of a step's events, ascending.
    pub fn step(&self, step: usize) -> &[u32] {
        let start = step.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.positions[start..self.ends[step]]
    }
}

/// The density of a layer's steps, in millionths of an event per neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Density {
    /// Median over the steps.
    pub median: u32,
    /// 95 of 100 steps have no more.
    pub p95: u32,
    /// The busiest step.
    pub max: u32,
    /// The mean of the busiest channel.
    pub busiest_channel: u32,
    /// Neurons without any event.
    pub silent: u64,
}

impl LayerProfile {
    /// Counts as the activity of a population.
    pub fn activity(&self, samples: usize, steps: usize) -> Activity {
        let steps = (samples as u64).saturating_mul(steps as u64).max(1);
        Activity::Measured(Measured { events: self.counts.as_slice().into(), steps })
    }

    /// How the steps differ.
    pub fn density(&self) -> Density {
        let steps: u64 = self.histogram.iter().map(|(_, n)| n).sum();
        let ppm = |events: u64, of: u64| {
            let scaled = (u128::from(events) * 1_000_000).div_ceil(u128::from(of.max(1)));
            u32::try_from(scaled).unwrap_or(u32::MAX)
        };
        let neurons = self.shape.len() as u64;
        // The least number of events that `share` hundredths of the steps do not exceed.
        let percentile = |share: u64| {
            let mut seen = 0;
            let reached = self.histogram.iter().find(|(_, n)| {
                seen += n;
                seen * 100 >= steps * share
            });
            ppm(reached.map_or(0, |(events, _)| *events), neurons)
        };
        let channel = self.counts.chunks(self.shape.plane().max(1)).map(|c| c.iter().sum::<u64>()).max();
        Density {
            median: percentile(50),
            p95: percentile(95),
            max: percentile(100),
            busiest_channel: ppm(channel.unwrap_or(0), (self.shape.plane() as u64).saturating_mul(steps)),
            silent: self.counts.iter().filter(|n| **n == 0).count() as u64,
        }
    }
}

impl ActivityProfile {
    /// The profile's layer for every layer of a network, in its order.
    ///
    /// # Errors
    /// [`Code::BadProfile`] when a layer is missing or has another shape.
    pub fn layers_of(&self, network: &Network) -> Result<Vec<&LayerProfile>, Diagnostic> {
        let find = |layer: &snnc_machine::network::Layer| {
            let bad = |what: String| {
                Diagnostic::new(Code::BadProfile, what).remedy(
                    "measure it again with `snnc profile` for this model and target, or give samples with --input",
                )
            };
            let name = &layer.name;
            let found = self.layers.iter().find(|l| l.name == *name);
            let found = found.ok_or_else(|| bad(format!("the profile has no layer '{name}'")))?;
            if found.shape == layer.shape {
                return Ok(found);
            }
            Err(bad(format!("layer '{name}' has another shape in the profile")).rule(
                "shape",
                layer.shape,
                found.shape,
            ))
        };
        network.layers.iter().map(find).collect()
    }

    /// The mean activity of a network.
    ///
    /// # Errors
    /// As [`layers_of`](Self::layers_of).
    pub fn profile(&self, network: &Network) -> Result<Profile, Diagnostic> {
        let layers = self.layers_of(network)?;
        Ok(Profile { layers: layers.iter().map(|l| l.activity(self.samples, self.steps)).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_over_steps() {
        let layer = LayerProfile {
            name: "a".into(),
            shape: Shape::new(2, 1, 5),
            counts: vec![0, 1, 0, 0, 0, 20, 20, 20, 20, 20],
            // 20 steps: 18 with 5 events, one with 1, one with 10.
            histogram: vec![(1, 1), (5, 18), (10, 1)],
            trace: Trace::default(),
        };
        let expected =
            Density { median: 500_000, p95: 500_000, max: 1_000_000, busiest_channel: 1_000_000, silent: 4 };
        assert_eq!(layer.density(), expected);
    }

    #[test]
    fn a_trace_keeps_empty_steps() {
        let mut trace = Trace::default();
        trace.push(vec![3, 1]);
        trace.push(Vec::new());
        trace.push(vec![2]);
        assert_eq!(trace.steps(), 3);
        assert_eq!((trace.step(0), trace.step(1), trace.step(2)), (&[1, 3][..], &[][..], &[2][..]));
        trace.truncate(1);
        assert_eq!((trace.steps(), trace.events(), trace.step(0)), (1, 2, &[1, 3][..]));
    }
}
