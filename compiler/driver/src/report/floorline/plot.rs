//! What the plot shows.

use snnc_machine::chip::names;
use snnc_machine::floorline::State;
use snnc_machine::load::Load;
use snnc_machine::manifest::Manifest;

use crate::report::usage::Usage;

/// A layer, or the whole network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point<'m> {
    pub(super) name: &'m str,
    /// Synaptic operations of its busiest core per step, nominal, in thousandths.
    pub(super) synops: u64,
    /// Nominal time in picoseconds.
    pub(super) nominal_ps: u64,
    /// Lower bound in picoseconds.
    pub(super) lower_ps: u64,
    pub(super) state: State,
    /// Whether the step waits for it.
    pub(super) binds: bool,
}

/// The points and lines of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Plot<'m> {
    pub(super) model: &'m str,
    pub(super) target: &'m str,
    pub(super) cores: usize,
    pub(super) layers: Vec<Point<'m>>,
    pub(super) network: Point<'m>,
    /// Nominal time of a synaptic operation in femtoseconds; 0 when unknown, as the two that follow.
    pub(super) synop_fs: u64,
    /// Nominal time of the neuron updates of the fullest core, in picoseconds.
    pub(super) floor_ps: u64,
    /// Nominal time of the barrier, in picoseconds.
    pub(super) barrier_ps: u64,
}

impl<'m> Plot<'m> {
    pub(super) fn of(manifest: &'m Manifest) -> Self {
        let bounds = &manifest.bounds;
        let nominal = |name| bounds.constants.get(name).and_then(|c| c.nominal_fs).unwrap_or(0);
        let loads = manifest
            .cores
            .iter()
            .map(|core| core.parts.iter().fold(Load::default(), |sum, part| sum.plus(part.load)));
        let busiest = loads.fold(Load::default(), Load::max);
        let updates = u128::from(busiest.updates.nominal) * u128::from(nominal(names::T_UPDATE));
        let network = Point {
            name: "whole network",
            synops: busiest.synops.nominal,
            nominal_ps: bounds.nominal.period_ps,
            lower_ps: bounds.period_ps.map_or(0, |p| p.lower),
            state: bounds.nominal.state,
            binds: false,
        };
        Self {
            model: &manifest.inputs.model.name,
            target: &manifest.inputs.target,
            cores: manifest.cores.len(),
            layers: layers(manifest),
            network,
            synop_fs: nominal(names::T_SYNOP),
            floor_ps: u64::try_from(updates.div_ceil(1_000_000)).unwrap_or(u64::MAX),
            barrier_ps: nominal(names::T_BARRIER).div_ceil(1000),
        }
    }
}

fn layers(manifest: &Manifest) -> Vec<Point<'_>> {
    let usage = Usage::of(manifest);
    let binding = manifest.bounds.nominal.binding.layer.as_ref();
    let layers = manifest.layers.iter().filter_map(|layer| {
        let bound = layer.bound.as_ref()?;
        Some(Point {
            name: &layer.name,
            synops: usage.peak(&layer.name).synops.nominal,
            nominal_ps: bound.nominal_ps,
            lower_ps: bound.lower_ps,
            state: bound.state,
            binds: binding == Some(&layer.name),
        })
    });
    layers.collect()
}
