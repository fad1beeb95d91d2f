//! From priced choices to a mapping.

use std::collections::BTreeMap;
use std::sync::Arc;

use egg::Id;
use snnc_machine::target::{Part, Refusal};

use super::candidate::{Candidate, Front, tiles_of};
use super::search::{Limits, Objective, Pick, search};
use super::share::{Bins, Whole};
use super::{Ranking, pareto};
use crate::language::Snn;
use crate::rules::mapping::{Menu, Offer, choice_of, rules};
use crate::saturate::{self, Saturation, saturate};
use crate::space::Space;

/// Limits on the rules on mapped terms.
const LIMITS: saturate::Limits = saturate::Limits { nodes: 2_000_000, rounds: 12 };

/// The choices of all layers, as the e-graph has them.
pub struct Extraction {
    /// One front per layer of neurons, in the order of the layers.
    pub fronts: Vec<Front>,
    /// How saturation went.
    pub saturation: Saturation,
}

/// A mapping that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The chosen candidates.
    pub pick: Pick,
    /// Fronts that share a core, two or more each.
    pub shared: Vec<Vec<usize>>,
}

/// What the chip says of sharing.
pub type Share<'a> = dyn Fn(&[&Part]) -> Result<(), Refusal> + 'a;

impl Extraction {
    /// Runs the rules on mapped terms with what the fronts offer, and takes from the classes what they hold.
    pub fn new(space: &mut Space, mut fronts: Vec<Front>) -> Self {
        let egraph = std::mem::take(&mut space.egraph);
        let mut menu = Menu::default();
        for front in &fronts {
            let population = &space.populations[front.layer];
            let offers = tiles_of(front).into_iter().map(|(form, tiles)| {
                let (id, sources) = &population.forms[form];
                let sources: Vec<Id> =
                    sources.iter().map(|s| egraph.find(space.populations[*s].class)).collect();
                Offer { form: Some(*id), sources, tiles }
            });
            menu.of.entry(egraph.find(population.class)).or_default().extend(offers);
        }
        let (egraph, saturation) = saturate(egraph, &rules(&Arc::new(menu)), LIMITS);
        space.egraph = egraph;
        for front in &mut fronts {
            let held = held(space, front.layer);
            front.candidates.retain(|c| held.contains_key(&key(space, front.layer, c)));
        }
        Self { fronts, saturation }
    }

    /// The best mapping. `share` says whether parts of several layers fit one core; absent where the chip has none of
    /// that.
    ///
    /// # Errors
    /// The fewest cores that a mapping needs, when they are more than there are.
    pub fn find(
        fronts: &[Front],
        objective: Objective,
        limits: Limits,
        ranking: Ranking,
        share: Option<&Share<'_>>,
    ) -> Result<Found, u64> {
        let apart = search(&slices(fronts), objective, limits);
        let Some(share) = share else { return apart.map(|pick| Found { pick, shared: Vec::new() }) };
        let sharing = Sharing { fronts, ranking, share };
        match (sharing.find(objective, limits, apart.as_ref().ok()), apart) {
            (Some(found), _) => Ok(found),
            (None, Ok(pick)) => Ok(Found { pick, shared: Vec::new() }),
            (None, Err(_)) => Err(sharing.needed(u64::MAX, u64::MAX).0),
        }
    }

    /// The front of time and cores; no cores are shared on it.
    pub fn pareto(&self, limits: Limits) -> Vec<Pick> {
        pareto(&slices(&self.fronts), limits)
    }
}

fn slices(fronts: &[Front]) -> Vec<&[Candidate]> {
    fronts.iter().map(|f| f.candidates.as_slice()).collect()
}

pub(crate) type Key = (u32, &'static str, snnc_machine::target::Tile);

pub(crate) fn key(space: &Space, layer: usize, c: &Candidate) -> Key {
    (space.populations[layer].forms[c.form].0.0, c.choice.implementation.encoding, c.choice.tile)
}

/// The mapped terms of a population, by form, encoding and tile.
pub(crate) fn held(space: &Space, layer: usize) -> BTreeMap<Key, Snn> {
    let class = &space.egraph[space.populations[layer].class];
    let mut out = BTreeMap::new();
    for term in &class.nodes {
        if let Snn::Pop(form, children) = term
            && let Some((tile, encoding)) = choice_of(&space.egraph, children)
        {
            out.insert((form.0, encoding, tile), term.clone());
        }
    }
    out
}

/// The least number from `lo` to `hi` for which `fits` holds; it holds for `hi` and from some number on.
fn least(mut lo: u64, mut hi: u64, fits: impl Fn(u64) -> bool) -> u64 {
    while lo < hi {
        let mid = lo + (hi - lo) / 2;
        if fits(mid) { hi = mid } else { lo = mid + 1 }
    }
    hi
}

/// The search where layers may share cores.
struct Sharing<'a> {
    fronts: &'a [Front],
    ranking: Ranking,
    share: &'a Share<'a>,
}

impl Sharing<'_> {
    /// A mapping with shared cores that is better than `apart`, the best without.
    fn find(&self, objective: Objective, limits: Limits, apart: Option<&Pick>) -> Option<Found> {
        let cores = match objective {
            Objective::Time => limits.cores,
            Objective::Cores => {
                let fewest = self.needed(u64::MAX, u64::MAX).0;
                if apart.is_some_and(|pick| pick.cores <= fewest) {
                    return None;
                }
                fewest
            }
        };
        if cores > limits.cores {
            return None;
        }
        let fits = |time: u64| self.needed(time, u64::MAX).0 <= cores;
        // As slow as it can get: every layer at its slowest, all on one core.
        let slowest = |f: &Front| f.candidates.iter().map(|c| c.time).max().unwrap_or(0);
        let worst = self.fronts.iter().map(slowest).fold(0, u64::saturating_add).max(limits.floor);
        let mut hi = match (objective, apart) {
            (Objective::Time, Some(pick)) => pick.optimum.checked_sub(1).filter(|t| *t >= limits.floor)?,
            _ => worst,
        };
        if !fits(hi) {
            return None;
        }
        hi = least(limits.floor, hi, fits);
        // Then the least nominal time: a small layer may be better off on cores of its own.
        let slowest = |f: &Front| f.candidates.iter().map(|c| c.nominal).max().unwrap_or(0);
        let worst = self.fronts.iter().map(slowest).fold(0, u64::saturating_add).max(limits.floor);
        let nominal = least(limits.floor, worst, |nominal| self.needed(hi, nominal).0 <= cores);
        self.mapping(hi, nominal, cores, limits)
    }

    /// Cores that a mapping within these times needs, and the layers that share them.
    fn needed(&self, time: u64, nominal: u64) -> (u64, Vec<Vec<Whole<'_>>>) {
        let allowed = |c: &Candidate| c.time <= time && c.nominal <= nominal;
        let mut wholes = Vec::new();
        let mut cores = 0u64;
        for (front, own) in self.fronts.iter().enumerate() {
            match &own.whole {
                Some((k, part)) if allowed(&own.candidates[*k]) => wholes.push(Whole { front, part }),
                _ => {
                    let fewest = own.candidates.iter().filter(|c| allowed(c)).map(|c| c.cores).min();
                    cores = cores.saturating_add(fewest.unwrap_or(u64::MAX));
                }
            }
        }
        let share = |parts: &[&Part]| (self.share)(parts).is_ok();
        let bins = Bins { ranking: self.ranking, share: &share, time, nominal }.pack(&wholes);
        (cores.saturating_add(bins.len() as u64), bins)
    }

    /// The mapping within a time: the layers on shared cores as they are, the others by the search over what is left.
    fn mapping(&self, time: u64, nominal: u64, cores: u64, limits: Limits) -> Option<Found> {
        let (_, bins) = self.needed(time, nominal);
        let bound: Vec<usize> = bins.iter().flatten().map(|w| w.front).collect();
        let rest: Vec<usize> = (0..self.fronts.len()).filter(|k| !bound.contains(k)).collect();
        let slices: Vec<&[Candidate]> = rest.iter().map(|k| self.fronts[*k].candidates.as_slice()).collect();
        let left = cores - bins.len() as u64;
        let own = search(&slices, Objective::Time, Limits { cores: left, ..limits }).ok()?;
        let mut chosen = vec![0; self.fronts.len()];
        for (k, choice) in rest.iter().zip(&own.chosen) {
            chosen[*k] = *choice;
        }
        for front in &bound {
            chosen[*front] = self.fronts[*front].whole.as_ref()?.0;
        }
        let busiest = |bin: &Vec<Whole<'_>>| {
            let load = bin.iter().fold(snnc_machine::load::Load::default(), |sum, w| sum.plus(w.part.load));
            self.ranking.time(&load)
        };
        let shared_time = bins.iter().map(busiest).max().unwrap_or(0);
        let shared: Vec<Vec<usize>> =
            bins.iter().filter(|b| b.len() > 1).map(|b| b.iter().map(|w| w.front).collect()).collect();
        let pick = Pick {
            chosen,
            optimum: time.max(limits.floor),
            nominal_cap: own.nominal_cap.max(nominal),
            time: own.time.max(shared_time),
            cores: own.cores + bins.len() as u64,
        };
        Some(Found { pick, shared })
    }
}
