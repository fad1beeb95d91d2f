//! Extraction, assignment, placement and bounds.

use snnc_eqsat::extract::{Candidate, Limits, Objective, Pick, front, independent_lower, search};
use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::activity::Profile;
use snnc_machine::chip::names;
use snnc_machine::floorline::{CoreLoad, Mesh as MeshLoad, Rates, StepBound, step_bound};
use snnc_machine::manifest::{
    Binding, Bounds, Constant, Deadline, Io, LinkLoad, Nominal, Optimality, PeriodOf, Range,
    Site as ManifestSite,
};
use snnc_machine::network::Network;
use snnc_machine::target::{Part, Target};
use snnc_place::links::{self, LinkLoads};
use snnc_place::mesh::{Mesh, Site, sequential};
use snnc_place::traffic::{self, Core, Traffic};

use super::refine::Refine;
use super::{Options, SLACK};
use crate::profile::ActivityProfile;

/// What is mapped, and to what.
pub(super) struct Job<'a> {
    pub(super) target: &'a dyn Target,
    pub(super) network: &'a Network,
    pub(super) profile: &'a Profile,
    /// What the profile is the mean of, when it was measured.
    pub(super) recorded: Option<&'a ActivityProfile>,
    pub(super) options: &'a Options,
}

/// The chosen tiles.
pub(super) struct Extracted {
    /// Layers of neurons.
    layers: Vec<usize>,
    fronts: Vec<Vec<Candidate>>,
    pick: Pick,
    /// The independent lower bound, in femtoseconds.
    independent: u64,
    rates: Rates,
}

/// Parts on cores, in order.
pub(super) struct Assigned {
    parts: Vec<(usize, Part)>,
}

/// A placed mapping.
pub struct Mapping {
    /// Per core: layer and part; the load has its messages out.
    pub cores: Vec<(usize, Part)>,
    /// Per core: its site.
    pub sites: Vec<Site>,
    /// Per layer of the network: the chosen candidate, none for an input.
    pub choices: Vec<Option<Candidate>>,
    pub(super) traffic: Traffic,
    pub(super) links: LinkLoads,
    pub(super) pick: Pick,
    pub(super) independent: u64,
    pub(super) rates: Rates,
}

/// Greatest number of cores that is searched to tell how many chips a network needs.
const MAX_CORES: u64 = 1 << 14;

/// Links that the manifest lists.
const LISTED_LINKS: usize = 8;

impl Job<'_> {
    fn count(&self, name: &str) -> Result<u64, Vec<Diagnostic>> {
        self.target.chip().count(name).map_err(|d| vec![d])
    }

    fn mesh(&self) -> Result<Mesh, Vec<Diagnostic>> {
        let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        Ok(Mesh {
            width: small(self.count(names::MESH_WIDTH)?),
            height: small(self.count(names::MESH_HEIGHT)?),
            cores_per_router: small(self.count(names::CORES_PER_ROUTER)?),
            cores_per_chip: small(self.count(names::CORES_PER_CHIP)?),
        })
    }

    /// Cores that the mapping may use.
    pub(super) fn cores(&self) -> Result<u64, Vec<Diagnostic>> {
        let all = self.count(names::CORES_PER_CHIP)?.saturating_mul(u64::from(self.options.chips));
        Ok(self.options.max_cores.map_or(all, |max| max.min(all)))
    }

    pub(super) fn extract(&self) -> Result<Extracted, Vec<Diagnostic>> {
        let rates = super::rates(self.target)?;
        let cores = self.cores()?;
        let layers: Vec<usize> =
            (0..self.network.layers.len()).filter(|k| !self.network.layers[*k].is_input()).collect();
        // Every layer needs at least one core, which no other layer can use.
        let most = cores.saturating_sub(layers.len() as u64 - 1).max(1);
        let mut fronts = Vec::with_capacity(layers.len());
        let mut refused = Vec::new();
        let time = |load: &snnc_machine::load::Load| rates.nominal(load);
        for layer in &layers {
            match front(self.target, self.network, *layer, self.profile, most, &time) {
                Ok(front) => fronts.push(front),
                Err(list) => refused.extend(list),
            }
        }
        if !refused.is_empty() {
            return Err(self.more_chips(&layers, &rates, cores).map_or(refused, |d| vec![d]));
        }
        let floor = rates.barrier.rank();
        let limits = Limits { cores, floor, slack: SLACK };
        let least: Vec<_> =
            layers.iter().map(|layer| self.target.least(self.network, *layer, self.profile)).collect();
        let independent = independent_lower(&least, cores, floor, &time);
        let objective = self.options.objective;
        let find = |fronts: &[Vec<Candidate>]| {
            let pick = search(fronts, objective, limits)?;
            Ok(match objective {
                Objective::Time => Refine::new(self, &layers, fronts, &rates, cores).run(pick, floor),
                Objective::Cores => pick,
            })
        };
        let pick = self.settle(&layers, &mut fronts, limits, &find)?;
        Ok(Extracted { layers, fronts, pick, independent, rates })
    }

    /// When memory alone asks for more cores than there are: how many the network really needs.
    fn more_chips(&self, layers: &[usize], rates: &Rates, cores: u64) -> Option<Diagnostic> {
        let least: u64 = layers
            .iter()
            .map(|l| self.target.least(self.network, *l, self.profile).cores)
            .fold(0, u64::saturating_add);
        if least <= cores {
            return None;
        }
        let most = least.saturating_mul(2).min(MAX_CORES);
        let time = |load: &snnc_machine::load::Load| rates.nominal(load);
        let fronts: Option<Vec<Vec<Candidate>>> = layers
            .iter()
            .map(|l| front(self.target, self.network, *l, self.profile, most, &time).ok())
            .collect();
        let fronts = fronts?;
        let need = fronts.iter().filter_map(|f| f.iter().map(|c| c.cores).min()).fold(0, u64::saturating_add);
        Some(self.chip_full(need, cores, layers, &fronts))
    }

    pub(super) fn chip_full(
        &self,
        need: u64,
        cores: u64,
        layers: &[usize],
        fronts: &[Vec<Candidate>],
    ) -> Diagnostic {
        let mut largest: Vec<(u64, &str)> = layers
            .iter()
            .zip(fronts)
            .filter_map(|(l, f)| {
                Some((f.iter().map(|c| c.cores).min()?, self.network.layers[*l].name.as_str()))
            })
            .collect();
        largest.sort_by_key(|(cores, _)| std::cmp::Reverse(*cores));
        let list: Vec<String> = largest.iter().take(3).map(|(n, name)| format!("'{name}' ({n})")).collect();
        let per_chip = self.target.chip().count(names::CORES_PER_CHIP).unwrap_or(1).max(1);
        let remedy = if self.options.max_cores.is_some_and(|max| max == cores) {
            format!("allow more cores with --max-cores {need}")
        } else {
            format!("compile for {} chips with --chips {}", need.div_ceil(per_chip), need.div_ceil(per_chip))
        };
        Diagnostic::new(
            Code::ChipFull,
            format!("the network needs at least {need} cores, most of them for {}", list.join(", ")),
        )
        .rule("cores", cores, need)
        .remedy(format!("{remedy}, or make the layers named here smaller"))
    }

    pub(super) fn assign(&self, extracted: &Extracted) -> Result<Assigned, Vec<Diagnostic>> {
        let mut parts = Vec::new();
        // The same questions that the choice was made by; a refusal now would be a bug of the back end.
        let refused = |r: snnc_machine::target::Refusal| {
            vec![
                Diagnostic::new(Code::LayerTooLarge, "a chosen tile was refused")
                    .rule(r.rule, r.limit, r.found),
            ]
        };
        for (layer, (front, chosen)) in
            extracted.layers.iter().zip(extracted.fronts.iter().zip(&extracted.pick.chosen))
        {
            let choice = front[*chosen].choice;
            let own = self.target.loads(self.network, *layer, choice, self.profile).map_err(refused)?;
            parts.extend(own.into_iter().map(|part| (*layer, part)));
        }
        self.target.assign(self.network, &mut parts).map_err(|(_, r)| refused(r))?;
        Ok(Assigned { parts })
    }

    pub(super) fn place(&self, extracted: Extracted, assigned: Assigned) -> Result<Mapping, Vec<Diagnostic>> {
        let sites = sequential(assigned.parts.len(), self.mesh()?);
        let cores: Vec<Core> = assigned
            .parts
            .iter()
            .map(|(layer, part)| Core { layer: *layer, block: part.block.clone() })
            .collect();
        let traffic = traffic::traffic(self.network, &cores, self.profile);
        let links = links::route(&traffic.flows, &sites);
        let mut cores = assigned.parts;
        for ((_, part), sent) in cores.iter_mut().zip(&traffic.sent) {
            part.load.messages_out = *sent;
        }
        let mut choices = vec![None; self.network.layers.len()];
        for (layer, (front, chosen)) in
            extracted.layers.iter().zip(extracted.fronts.iter().zip(&extracted.pick.chosen))
        {
            choices[*layer] = Some(front[*chosen]);
        }
        let Extracted { pick, independent, rates, .. } = extracted;
        Ok(Mapping { cores, sites, choices, traffic, links, pick, independent, rates })
    }

    /// Bounds on a step in which the cores have these loads and messages.
    pub(super) fn step_bound(&self, mapping: &Mapping, loads: &[CoreLoad], links: &LinkLoads) -> StepBound {
        let mesh = MeshLoad {
            busiest_link: links.busiest(1).first().map_or_else(Default::default, |(_, load)| *load),
            hops: links.hops,
            chips: mapping.sites.iter().map(|s| s.chip).max().unwrap_or(0) + 1,
        };
        step_bound(&mapping.rates, loads, mesh)
    }

    pub(super) fn bounds(&self, mapping: &Mapping, latency_steps: u32) -> Result<Bounds, Vec<Diagnostic>> {
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
            optimality: self.optimality(mapping),
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

    fn binding(
        &self,
        mapping: &Mapping,
        (term, core): (snnc_machine::floorline::Term, Option<usize>),
    ) -> Binding {
        Binding {
            core: core.map(|k| k as u32),
            layer: core.map(|k| self.network.layers[mapping.cores[k].0].name.clone()),
            resource: term,
        }
    }

    fn optimality(&self, mapping: &Mapping) -> Optimality {
        let floor = mapping.rates.barrier.rank();
        let ps = |fs: u64| fs.div_ceil(1000);
        let busiest =
            mapping.cores.iter().map(|(_, part)| mapping.rates.nominal(&part.load)).max().unwrap_or(0);
        let achieved = ps(busiest.max(floor));
        let independent = (mapping.independent / 1000).max(1);
        let gap =
            (u128::from(achieved.saturating_sub(independent)) * 1_000_000).div_ceil(u128::from(independent));
        let objective = match self.options.objective {
            Objective::Time => "time per step",
            Objective::Cores => "cores, then time per step",
        };
        Optimality {
            achieved_ps: achieved,
            search_optimal_ps: ps(mapping.pick.optimum.max(floor)),
            egraph_optimal_ps: None,
            independent_lower_ps: independent,
            gap_ppm: u64::try_from(gap).unwrap_or(u64::MAX),
            covers: format!(
                "achieved: nominal loads and constants, messages sent included, links left out; search optimum: every tile of the menu, messages sent left out; independent: operations, updates and the messages of one neuron, for any mapping; objective: {objective}"
            ),
        }
    }
}

fn site(s: Site) -> ManifestSite {
    ManifestSite { chip: s.chip, x: s.x, y: s.y }
}

impl Mapping {
    /// The loads of all cores, in order.
    pub(super) fn core_loads(&self) -> Vec<CoreLoad> {
        self.cores.iter().map(|(layer, part)| CoreLoad { layer: *layer, load: part.load }).collect()
    }

    /// Bounds on the cores of one layer alone.
    pub(super) fn layer_bound(&self, layer: usize) -> StepBound {
        let own: Vec<CoreLoad> = self.core_loads().into_iter().filter(|c| c.layer == layer).collect();
        let alone = Rates { barrier: snnc_machine::chip::Bound::default(), ..self.rates };
        step_bound(&alone, &own, MeshLoad::default())
    }

    pub(super) fn dump(&self) -> String {
        let mut out = String::new();
        for (k, ((layer, part), site)) in self.cores.iter().zip(&self.sites).enumerate() {
            out.push_str(&format!(
                "core {k}: chip {} x {} y {}: layer {layer} {:?}\n",
                site.chip, site.x, site.y, part.block
            ));
        }
        out
    }
}

impl Extracted {
    pub(super) fn dump(&self, job: &Job<'_>) -> String {
        let mut out = String::new();
        for (layer, (front, chosen)) in self.layers.iter().zip(self.fronts.iter().zip(&self.pick.chosen)) {
            out.push_str(&format!("{}:\n", job.network.layers[*layer].name));
            for (k, c) in front.iter().enumerate() {
                let mark = if k == *chosen { '>' } else { ' ' };
                out.push_str(&format!(
                    "{mark} {} {:<12} {:>6} cores {:>12} ps {:>14} messages/1000\n",
                    c.choice.implementation.encoding,
                    c.choice.tile.to_string(),
                    c.cores,
                    c.time.div_ceil(1000),
                    c.messages
                ));
            }
        }
        out
    }

    pub(super) fn notes(&self, job: &Job<'_>) -> Vec<String> {
        let line = |(layer, front): (&usize, &Vec<Candidate>)| {
            format!("{}: {} undominated choices", job.network.layers[*layer].name, front.len())
        };
        self.layers.iter().zip(&self.fronts).map(line).collect()
    }
}

impl Assigned {
    pub(super) fn dump(&self, job: &Job<'_>) -> String {
        let mut out = String::new();
        for (k, (layer, part)) in self.parts.iter().enumerate() {
            out.push_str(&format!("core {k}: {} {:?}\n", job.network.layers[*layer].name, part.memory));
        }
        out
    }
}
