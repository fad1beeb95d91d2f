//! The best choices, and how good any could be.

use rayon::prelude::*;
use snnc_eqsat::explain;
use snnc_eqsat::extract::{
    Candidate, Extraction, Forms, Found, Front, Limits, Objective, Pick, Pricing, Ranking, Share,
    independent_lower,
};
use snnc_eqsat::saturate::Saturation;
use snnc_eqsat::space::Space;
use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::chip::names;
use snnc_machine::load::{Interval, Load};
use snnc_machine::network::Network;
use snnc_machine::target::Least;

use super::SLACK;
use super::job::Job;
use super::refine::Refine;

/// What the search found.
pub(super) struct Extracted {
    /// One per layer of neurons, in order.
    pub(super) fronts: Vec<Front>,
    pub(super) found: Found,
    /// The network in the chosen forms.
    pub(super) network: Network,
    /// Per front the rules that led to its choice.
    pub(super) chains: Vec<Vec<String>>,
    pub(super) certificate: Certificate,
    /// The front of time and cores, where it was asked for.
    pub(super) pareto: Vec<(Pick, Point)>,
    pub(super) ranking: Ranking,
    pub(super) objective: Objective,
    saturation: [Saturation; 2],
}

/// What is known of the best possible.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    /// The least time over the e-graph, in femtoseconds; none when the search was cut short.
    pub(super) optimum: Option<u64>,
    /// The least time of any mapping, in femtoseconds.
    pub(super) independent: u64,
    /// Cores that there are.
    pub(super) cores: u64,
    /// Per front what no mapping can do without.
    pub(super) least: Vec<Least>,
}

/// What a point of the front of time and cores shows beside its pick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) nominal: u64,
    pub(super) messages: u64,
}

/// Greatest number of cores that is searched to tell how many chips a network needs.
const MAX_CORES: u64 = 1 << 14;

impl Job<'_> {
    /// How loads are ranked.
    pub(super) fn ranking(&self) -> Result<Ranking, Vec<Diagnostic>> {
        let unknown = self.profile.layers.iter().any(snnc_machine::activity::Activity::is_unknown);
        Ok(Ranking { rates: super::rates(self.target)?, unknown })
    }

    pub(super) fn extract(&self, space: &mut Space) -> Result<Extracted, Vec<Diagnostic>> {
        let ranking = self.ranking()?;
        let cores = self.cores()?;
        let layers: Vec<usize> =
            (0..self.network.layers.len()).filter(|k| !self.network.layers[*k].is_input()).collect();
        let fronts = self.fronts(space, &layers, ranking, self.most(&layers, cores));
        let fronts = fronts.map_err(|refused| {
            self.more_chips(space, &layers, ranking, cores).map_or(refused, |d| vec![d])
        })?;
        let certificate = self.certificate(space, &layers, ranking, cores);
        let limits = Limits { cores, floor: ranking.floor(), slack: SLACK };
        let extraction = Extraction::new(space, fronts);
        let share = |parts: &[&snnc_machine::target::Part]| self.target.share(parts).map(|_| ());
        let share: Option<&Share<'_>> = if self.target.shares_cores() { Some(&share) } else { None };
        let objective = self.options.objective;
        let find = |fronts: &[Front]| {
            let mut found = Extraction::find(fronts, objective, limits, ranking, share)?;
            if objective == Objective::Time && found.shared.is_empty() {
                found.pick = Refine::new(self, space, fronts, &ranking.rates, cores).run(found.pick);
            }
            Ok(found)
        };
        let points = if self.options.pareto { self.points(&extraction, limits) } else { Vec::new() };
        let mut fronts = extraction.fronts;
        let (found, optimum) = self.settle(space, &mut fronts, &find, limits)?;
        let found = self.keep_choices(space, &mut fronts, found, limits, ranking);
        let cut_short = space.saturation.cut_short.is_some() || extraction.saturation.cut_short.is_some();
        let chosen: Vec<Candidate> =
            fronts.iter().zip(&found.pick.chosen).map(|(f, k)| f.candidates[*k]).collect();
        let chains =
            fronts.iter().zip(&chosen).map(|(front, c)| explain::chain(space, front.layer, c)).collect();
        let mut forms = vec![0; self.network.layers.len()];
        fronts.iter().zip(&chosen).for_each(|(front, c)| forms[front.layer] = c.form);
        Ok(Extracted {
            network: space.network_of(&forms),
            chains,
            certificate: Certificate { optimum: (!cut_short).then_some(optimum), ..certificate },
            pareto: points,
            ranking,
            objective,
            saturation: [space.saturation.clone(), extraction.saturation],
            fronts,
            found,
        })
    }

    /// Cores that one layer can have when each other one has at least one, or shares one.
    fn most(&self, layers: &[usize], cores: u64) -> u64 {
        let others = (layers.len() as u64).saturating_sub(1);
        let theirs = if self.target.shares_cores() { others.min(1) } else { others };
        cores.saturating_sub(theirs).max(1)
    }

    fn fronts(
        &self,
        space: &Space,
        layers: &[usize],
        ranking: Ranking,
        max_cores: u64,
    ) -> Result<Vec<Front>, Vec<Diagnostic>> {
        let coarse = self.options.effort == 0;
        let pricing = Pricing { target: self.target, profile: self.profile, ranking, max_cores, coarse };
        let forms: Vec<Forms<'_>> = layers.iter().map(|layer| Forms::of(space, *layer)).collect();
        // Side by side, and collected in the order of the layers.
        let fronts: Vec<Result<Front, Vec<Diagnostic>>> = forms
            .par_iter()
            .map(|layer| match self.pins.fixed(layer.layer) {
                Some(fixed) => Ok(pricing.fixed(layer.layer, fixed.choice, &fixed.price)),
                None => pricing.front(layer),
            })
            .collect();
        let mut out = Vec::with_capacity(layers.len());
        let mut refused = Vec::new();
        for front in fronts {
            match front {
                Ok(front) => out.push(front),
                Err(list) => refused.extend(list),
            }
        }
        if refused.is_empty() { Ok(out) } else { Err(refused) }
    }

    /// The independent bound; the optimum is filled in when it is known.
    fn certificate(&self, space: &Space, layers: &[usize], ranking: Ranking, cores: u64) -> Certificate {
        let forms: Vec<Forms<'_>> = layers.iter().map(|layer| Forms::of(space, *layer)).collect();
        let least: Vec<Least> = forms.par_iter().map(|layer| self.least_of(layer, cores)).collect();
        let time = |load: &Load| ranking.time(load);
        let shared = self.target.shares_cores();
        let independent = independent_lower(&least, cores, ranking.floor(), shared, &time);
        Certificate { optimum: None, independent, cores, least }
    }

    /// What no mapping of any form of a layer can do without. What the parts of a mapping round down is taken off.
    fn least_of(&self, layer: &Forms<'_>, cores: u64) -> Least {
        let mut out: Option<Least> = None;
        for network in layer.networks() {
            let mut own = self.target.least(network, layer.layer, self.profile);
            let rounded = cores.saturating_mul(network.layers[layer.layer].projections.len() as u64);
            own.total = less(own.total, rounded);
            out = Some(match out {
                None => own,
                Some(known) => Least {
                    cores: known.cores.min(own.cores),
                    total: lesser(known.total, own.total),
                    of_one: lesser(known.of_one, own.of_one),
                    ..known
                },
            });
        }
        out.unwrap_or_default()
    }

    fn points(&self, extraction: &Extraction, limits: Limits) -> Vec<(Pick, Point)> {
        let show = |pick: Pick| {
            let of = |value: fn(&Candidate) -> u64| {
                let chosen = extraction.fronts.iter().zip(&pick.chosen);
                chosen.map(move |(f, k)| value(&f.candidates[*k])).collect::<Vec<u64>>()
            };
            let nominal = of(|c| c.nominal).into_iter().max().unwrap_or(0).max(limits.floor);
            let messages = of(|c| c.messages).into_iter().fold(0, u64::saturating_add);
            (pick, Point { nominal, messages })
        };
        extraction.pareto(limits).into_iter().map(show).collect()
    }

    /// When memory alone asks for more cores than there are: how many the network really needs.
    fn more_chips(
        &self,
        space: &Space,
        layers: &[usize],
        ranking: Ranking,
        cores: u64,
    ) -> Option<Diagnostic> {
        let least: u64 = layers
            .iter()
            .map(|l| self.target.least(self.network, *l, self.profile).cores)
            .fold(0, u64::saturating_add);
        if least <= cores {
            return None;
        }
        let most = least.saturating_mul(2).min(MAX_CORES);
        let fronts = self.fronts(space, layers, ranking, most).ok()?;
        let fewest = |f: &Front| f.candidates.iter().map(|c| c.cores).min();
        let need = fronts.iter().filter_map(fewest).fold(0, u64::saturating_add);
        Some(self.chip_full(need, cores, &fronts))
    }

    pub(super) fn chip_full(&self, need: u64, cores: u64, fronts: &[Front]) -> Diagnostic {
        let mut largest: Vec<(u64, &str)> = fronts
            .iter()
            .filter_map(|f| {
                let fewest = f.candidates.iter().map(|c| c.cores).min()?;
                Some((fewest, self.network.layers[f.layer].name.as_str()))
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
}

/// A load that is less by some thousandths on the lower side.
fn less(load: Load, by: u64) -> Load {
    let of = |i: Interval| Interval { lower: i.lower.saturating_sub(by), ..i };
    Load {
        synops: of(load.synops),
        reads: of(load.reads),
        updates: of(load.updates),
        messages_in: of(load.messages_in),
        messages_out: of(load.messages_out),
    }
}

/// The lesser of both, each load on its own.
fn lesser(a: Load, b: Load) -> Load {
    let of = |a: Interval, b: Interval| Interval {
        lower: a.lower.min(b.lower),
        nominal: a.nominal.min(b.nominal),
        upper: a.upper.min(b.upper),
    };
    Load {
        synops: of(a.synops, b.synops),
        reads: of(a.reads, b.reads),
        updates: of(a.updates, b.updates),
        messages_in: of(a.messages_in, b.messages_in),
        messages_out: of(a.messages_out, b.messages_out),
    }
}

impl Extracted {
    /// The layers with their chosen candidates.
    pub(super) fn chosen(&self) -> impl Iterator<Item = (usize, Candidate)> + '_ {
        let of = |(front, k): (&Front, &usize)| (front.layer, front.candidates[*k]);
        self.fronts.iter().zip(&self.found.pick.chosen).map(of)
    }

    pub(super) fn dump(&self, job: &Job<'_>) -> String {
        let mut out = String::new();
        for (front, chosen) in self.fronts.iter().zip(&self.found.pick.chosen) {
            out.push_str(&format!("{}:\n", job.network.layers[front.layer].name));
            for (k, c) in front.candidates.iter().enumerate() {
                let mark = if k == *chosen { '>' } else { ' ' };
                out.push_str(&format!(
                    "{mark} form {} {} {:<12} {:>6} cores {:>12} ps, nominal {:>12} ps {:>14} messages/1000\n",
                    c.form,
                    c.choice.implementation.encoding,
                    c.choice.tile.to_string(),
                    c.cores,
                    c.time.div_ceil(1000),
                    c.nominal.div_ceil(1000),
                    c.messages
                ));
            }
        }
        out
    }

    pub(super) fn notes(&self, job: &Job<'_>) -> Vec<String> {
        let graph = |(what, s): (&str, &Saturation)| {
            format!(
                "{what}: {} terms in {} classes after {} round(s){}",
                s.nodes,
                s.classes,
                s.rounds,
                s.cut_short.map_or_else(String::new, |limit| format!(", cut short by the limit on {limit}"))
            )
        };
        let line = |front: &Front| {
            format!(
                "{}: {} choices, {} fit, {} undominated",
                job.network.layers[front.layer].name,
                front.considered,
                front.legal,
                front.candidates.len()
            )
        };
        let graphs = ["values", "mapped"].into_iter().zip(&self.saturation).map(graph);
        graphs.chain(self.fronts.iter().map(line)).collect()
    }
}
