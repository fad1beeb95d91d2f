//! The traced steps one by one: the sum over steps of the maximum over cores.
//!
//! The search works with mean loads. Steps differ, and so does the busiest core in each; what an inference really
//! takes is the sum of what its steps take. Inferences follow each other without a pause: in each step of the chip
//! every layer is in one step of its own, `lag` steps behind the input.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use snnc_eqsat::extract::independent_lower;
use snnc_ir::diag::Diagnostic;
use snnc_machine::activity::{Activity, Measured, Profile};
use snnc_machine::floorline::{State, StepBound};
use snnc_machine::load::Load;
use snnc_machine::manifest::{Range, Trace};
use snnc_machine::network::field::Grid;
use snnc_machine::network::{Block, Network};
use snnc_place::links;
use snnc_place::traffic;

use super::job::Job;
use super::place::{self, Mapping};
use crate::profile::LayerProfile;

/// Steps that are bounded one by one at most; the samples beyond are left out, and a longer one is not bounded so.
const MOST_STEPS: usize = 4096;

/// What the traced steps gave.
pub(super) struct Traced {
    pub(super) bounds: Trace,
    /// From the first event of an inference on its own to its last output: mean over the samples.
    pub(super) latency_ps: Range,
}

/// One step of the chip.
struct Step {
    bound: StepBound,
    /// Nominal time that no mapping goes below, in femtoseconds.
    independent: u64,
}

impl Job<'_> {
    /// Bounds on the traced steps; `None` without measured activity, or when not even one sample was traced or can
    /// be bounded.
    ///
    /// # Errors
    /// When the profile is not one of this network.
    pub(super) fn trace(
        &self,
        mapping: &Mapping,
        latency_steps: u32,
    ) -> Result<Option<Traced>, Vec<Diagnostic>> {
        let Some(recorded) = self.recorded.filter(|r| r.traced > 0) else { return Ok(None) };
        let layers = recorded.layers_of(self.network).map_err(|d| vec![d])?;
        let (steps, latency) = (recorded.steps, latency_steps as usize);
        let samples = recorded.traced.min(MOST_STEPS / (steps + latency));
        if samples == 0 {
            return Ok(None);
        }
        let limit = self.cores()?;
        let chip = Chip::new(self, mapping);
        let lags = lags(self.network);
        // Back to back every layer is always in some step; alone it waits for its first and ends with its last.
        let places: Vec<(usize, usize)> =
            (0..samples).flat_map(|sample| (0..steps).map(move |step| (sample, step))).collect();
        let packed: Vec<Step> = places
            .par_iter()
            .map(|(sample, step)| {
                let at = |lag: usize| Some(sample * steps + (step + steps - lag % steps) % steps);
                let profile = profile_of(&layers, &lags, &at);
                chip.step(&profile, Some(limit))
            })
            .collect();
        let alone: Vec<(usize, usize)> =
            (0..samples).flat_map(|sample| (0..steps + latency).map(move |step| (sample, step))).collect();
        let alone: Vec<StepBound> = alone
            .par_iter()
            .map(|(sample, step)| {
                let own = |lag: usize| step.checked_sub(lag).filter(|own| *own < steps);
                let at = |lag: usize| own(lag).map(|own| sample * steps + own);
                chip.step(&profile_of(&layers, &lags, &at), None).bound
            })
            .collect();
        let bounds: Vec<StepBound> = packed.iter().map(|s| s.bound).collect();
        let mut states: BTreeMap<State, u64> = BTreeMap::new();
        for bound in &bounds {
            *states.entry(bound.nominal_binding.0.state()).or_default() += 1;
        }
        let per_sample = |sum: u128| u64::try_from(sum / samples as u128).unwrap_or(u64::MAX);
        let nominal = bounds.iter().map(|b| u128::from(b.nominal_ps)).sum::<u128>();
        let nominal = u64::try_from(nominal.div_ceil(samples as u128)).unwrap_or(u64::MAX);
        let independent = packed.iter().map(|s| u128::from(s.independent / 1000)).sum();
        let independent = per_sample(independent).max(1);
        let gap =
            (u128::from(nominal.saturating_sub(independent)) * 1_000_000).div_ceil(u128::from(independent));
        Ok(Some(Traced {
            bounds: Trace {
                samples: samples as u64,
                steps: steps as u64,
                inference_time_ps: mean(&bounds, samples),
                nominal_inference_ps: nominal,
                busiest_step_ps: Range {
                    lower: bounds.iter().map(|b| b.lower_ps).max().unwrap_or(0),
                    upper: bounds.iter().map(|b| b.upper_ps).try_fold(0, |most, u| Some(most.max(u?))),
                },
                states,
                independent_lower_ps: independent,
                gap_ppm: u64::try_from(gap).unwrap_or(u64::MAX),
            },
            latency_ps: mean(&alone, samples),
        }))
    }
}

/// The sum of the steps per sample: rounded down, and up.
fn mean(bounds: &[StepBound], samples: usize) -> Range {
    let samples = samples as u128;
    let lower = bounds.iter().map(|b| u128::from(b.lower_ps)).sum::<u128>() / samples;
    let upper = bounds.iter().map(|b| b.upper_ps.map(u128::from)).sum::<Option<u128>>();
    Range {
        lower: u64::try_from(lower).unwrap_or(u64::MAX),
        upper: upper.map(|u| u64::try_from(u.div_ceil(samples)).unwrap_or(u64::MAX)),
    }
}

/// Steps by which each layer lags.
fn lags(network: &Network) -> Vec<usize> {
    network.layers.iter().map(|l| l.neuron().map_or(0, |n| n.start() as usize)).collect()
}

/// The activity of one step of the chip: of each layer the traced step that `at` gives for its lag, silence where
/// there is none.
fn profile_of(layers: &[&LayerProfile], lags: &[usize], at: &dyn Fn(usize) -> Option<usize>) -> Profile {
    let activity = |(layer, lag): (&&LayerProfile, &usize)| {
        let mut events = vec![0u64; layer.shape.len()];
        for position in at(*lag).map_or(&[][..], |step| layer.trace.step(step)) {
            events[*position as usize] = 1;
        }
        Activity::Measured(Measured { events: Arc::from(events), steps: 1 })
    };
    Profile { layers: layers.iter().zip(lags).map(activity).collect() }
}

/// The mapping as far as a step needs it.
struct Chip<'a> {
    job: &'a Job<'a>,
    mapping: &'a Mapping,
    blocks: Vec<traffic::Part>,
    /// Layers with grids, and for each of its blocks the part that it is.
    grids: Vec<(usize, Grid, Vec<usize>)>,
}

impl<'a> Chip<'a> {
    fn new(job: &'a Job<'a>, mapping: &'a Mapping) -> Self {
        let blocks = place::blocks(&mapping.parts);
        let mut of_layer: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, core) in blocks.iter().enumerate() {
            of_layer.entry(core.layer).or_default().push(at);
        }
        let mut grids = Vec::new();
        for (layer, parts) in of_layer {
            let own: Vec<Block> = parts.iter().map(|at| blocks[*at].block.clone()).collect();
            let grid = Grid::spanned(&own);
            let count = [&grid.channels, &grid.rows, &grid.cols].map(Vec::len);
            let count = count.into_iter().fold(1, usize::saturating_mul);
            // Blocks that are no grid may span one of many more.
            if count == own.len() && grid.blocks(job.network.layers[layer].fan_in()) == own {
                grids.push((layer, grid, parts));
            } else {
                // Blocks that are no grid one by one.
                grids.extend(parts.iter().zip(&own).map(|(at, block)| (layer, Grid::of(block), vec![*at])));
            }
        }
        Self { job, mapping, blocks, grids }
    }

    /// Bounds on a step with this activity; the lower bound for any mapping on so many cores, when asked for.
    fn step(&self, profile: &Profile, limit: Option<u64>) -> Step {
        let (job, mapping) = (self.job, self.mapping);
        let traffic = traffic::traffic(job.network, &self.blocks, profile);
        let links = links::route(&traffic.flows, &mapping.sites);
        let mut loads = vec![Load::default(); self.blocks.len()];
        for (layer, grid, parts) in &self.grids {
            let Some(chosen) = &mapping.choices[*layer] else { continue };
            let own = job.target.loads_of(job.network, *layer, chosen.how, grid, profile);
            for (at, load) in parts.iter().zip(own) {
                loads[*at] = Load { messages_out: traffic.sent[*at], ..load };
            }
        }
        let loads = place::core_loads(&mapping.rates, &mapping.parts, &loads, mapping.sites.len());
        let bound = job.step_bound(mapping, &loads, &links);
        let independent = limit.map_or(0, |cores| {
            let mut layers: Vec<usize> = self.grids.iter().map(|(l, ..)| *l).collect();
            layers.dedup();
            let least: Vec<_> = layers.iter().map(|l| job.target.least(job.network, *l, profile)).collect();
            let time = |load: &Load| mapping.rates.nominal(load);
            independent_lower(&least, cores, mapping.rates.barrier.rank(), job.target.shares_cores(), &time)
        });
        Step { bound, independent }
    }
}
