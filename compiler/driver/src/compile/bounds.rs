//! Bounds on time, and how far from the best.

use snnc_eqsat::extract::{Front, Gap, Standing, reasons};
use snnc_ir::diag::Diagnostic;
use snnc_machine::floorline::{CoreLoad, Mesh as MeshLoad, StepBound, Term, step_bound};
use snnc_machine::manifest::{
    Binding, Bounds, Constant, Deadline, GapKind, GapReason, Io, LinkLoad, Nominal, Optimality, PeriodOf,
    Range, Site as ManifestSite,
};
use snnc_place::links::LinkLoads;
use snnc_place::mesh::Site;

use super::extract::Extracted;
use super::job::Job;
use super::place::Mapping;

/// Links that the manifest lists.
const LISTED_LINKS: usize = 8;

impl Job<'_> {
    /// Bounds on a step in which the cores have these loads and messages.
    pub(super) fn step_bound(&self, mapping: &Mapping, loads: &[CoreLoad], links: &LinkLoads) -> StepBound {
        let mesh = MeshLoad {
            busiest_link: links.busiest(1).first().map_or_else(Default::default, |(_, load)| *load),
            hops: links.hops,
            chips: mapping.sites.iter().map(|s| s.chip).max().unwrap_or(0) + 1,
        };
        step_bound(&mapping.rates, loads, mesh)
    }

    pub(super) fn bounds(
        &self,
        mapping: &Mapping,
        extracted: &Extracted,
        latency_steps: u32,
    ) -> Result<Bounds, Vec<Diagnostic>> {
        let step = self.step_bound(mapping, &mapping.core_loads(), &mapping.links);
        let mut period = Range { lower: step.lower_ps, upper: step.upper_ps };
        let times = |n: u64, period: Range| Range {
            lower: period.lower.saturating_mul(n),
            upper: period.upper.map(|u| u.saturating_mul(n)),
        };
        let steps = u64::from(self.network.steps);
        let mut inference = times(steps, period);
        let mut latency = times(steps + u64::from(latency_steps), period);
        let traced = self.trace(mapping, latency_steps)?;
        if let Some(traced) = &traced {
            // Mean loads bound the mean step from below; only the steps themselves bound the busiest one.
            period.upper = traced.bounds.busiest_step_ps.upper;
            inference = traced.bounds.inference_time_ps;
            latency = traced.latency_ps;
        } else if self.recorded.is_some() {
            // Without the steps nothing is known of the busiest one.
            [&mut period, &mut inference, &mut latency].into_iter().for_each(|range| range.upper = None);
        }
        Ok(Bounds {
            period_of: PeriodOf::Step,
            period_ps: Some(period),
            latency_ps: Some(latency),
            inference_time_ps: Some(inference),
            latency_steps,
            energy_fj: None,
            state: step.lower_binding.0.state(),
            binding: self.binding(mapping, step.lower_binding),
            nominal: Nominal {
                period_ps: step.nominal_ps,
                state: step.nominal_binding.0.state(),
                binding: self.binding(mapping, step.nominal_binding),
            },
            optimality: self.optimality(mapping, extracted),
            trace: traced.map(|t| t.bounds),
            deadline: self.options.period_ps.map(|p| Deadline::of(p, period)),
            links: mapping
                .links
                .busiest(LISTED_LINKS)
                .into_iter()
                .map(|(link, messages)| LinkLoad { from: site(link.from), to: site(link.to), messages })
                .collect(),
            io: Io { events_in: mapping.traffic.from_host, events_out: mapping.traffic.to_host, cores: 0 },
            constants: Constant::all(&mapping.rates),
        })
    }

    fn binding(&self, mapping: &Mapping, (term, core): (Term, Option<usize>)) -> Binding {
        Binding {
            core: core.map(|k| k as u32),
            layer: core.map(|k| self.network.layers[mapping.core_loads()[k].layer].name.clone()),
            resource: term,
        }
    }

    fn optimality(&self, mapping: &Mapping, extracted: &Extracted) -> Optimality {
        let Extracted { ranking, certificate, .. } = extracted;
        let busiest = mapping.core_loads().iter().map(|c| ranking.time(&c.load)).max().unwrap_or(0);
        let achieved = busiest.max(ranking.floor());
        let ps = |fs: u64| fs.div_ceil(1000);
        let independent = (certificate.independent / 1000).max(1);
        let part = |of: u64| {
            let gap = u128::from(ps(achieved).saturating_sub(of)) * 1_000_000;
            u64::try_from(gap.div_ceil(u128::from(of.max(1)))).unwrap_or(u64::MAX)
        };
        let best = certificate.optimum.map(ps);
        let gap_ppm = part(independent);
        Optimality {
            achieved_ps: ps(achieved),
            egraph_optimal_ps: best,
            independent_lower_ps: independent,
            egraph_gap_ppm: best.map(part),
            gap_ppm,
            reasons: if gap_ppm > SMALL_GAP {
                self.reasons(mapping, extracted, achieved)
            } else {
                Vec::new()
            },
            covers: COVERS.into(),
        }
    }

    fn reasons(&self, mapping: &Mapping, extracted: &Extracted, achieved: u64) -> Vec<GapReason> {
        let Extracted { fronts, found, certificate, ranking, .. } = extracted;
        let standing = Standing {
            time: achieved,
            bound: certificate.independent,
            used: mapping.sites.len() as u64,
            cores: certificate.cores,
        };
        let list = reasons(fronts, &found.pick.chosen, &certificate.least, standing, *ranking);
        list.into_iter().take(MOST_REASONS).map(|gap| self.told(&gap, fronts)).collect()
    }

    fn told(&self, gap: &Gap, fronts: &[Front]) -> GapReason {
        let name = |front: usize| self.network.layers[fronts[front].layer].name.clone();
        match *gap {
            Gap::Cap { front, cores, work } => GapReason {
                kind: GapKind::Cap,
                layer: Some(name(front)),
                text: format!(
                    "memory spreads '{}' over {cores} cores where its work would fill {work}",
                    name(front)
                ),
            },
            Gap::Unsplittable { front, time, even } => GapReason {
                kind: GapKind::Unsplittable,
                layer: Some(name(front)),
                text: format!(
                    "no cut of '{}' into as many parts is more even: its busiest core takes {}, an even share {}",
                    name(front),
                    shown(time),
                    shown(even)
                ),
            },
            Gap::LayerBoundary { cores, filled } => GapReason {
                kind: GapKind::LayerBoundary,
                layer: None,
                text: format!(
                    "cores end with their layer: {cores} are in use, the work of all layers would fill {}.{:02}",
                    filled / 100,
                    filled % 100
                ),
            },
            Gap::FullChip { cores } => GapReason {
                kind: GapKind::FullChip,
                layer: None,
                text: format!("all {cores} cores are in use: more of them would help"),
            },
        }
    }
}

/// Femtoseconds for people, in nanoseconds or microseconds, rounded up.
fn shown(fs: u64) -> String {
    let hundredths = |unit: u64| fs.div_ceil(unit / 100);
    let (value, unit) =
        if fs < 1_000_000_000 { (hundredths(1_000_000), "ns") } else { (hundredths(1_000_000_000), "µs") };
    format!("{}.{:02} {unit}", value / 100, value % 100)
}

/// Gaps up to here, in millionths, need no reason.
const SMALL_GAP: u64 = 20_000;

/// Reasons that are given at most.
const MOST_REASONS: usize = 3;

const COVERS: &str = "achieved: the greatest lower time of a core before placement, mean loads, no less than the barrier; \
                      e-graph: the least of that over every form, encoding and tile, cut by exact contiguous partition; \
                      independent: operations and updates spread over the cores, and those of one neuron, for any mapping";

fn site(s: Site) -> ManifestSite {
    ManifestSite { chip: s.chip, x: s.x, y: s.y }
}
