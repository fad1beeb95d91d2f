//! Messages sent: the one cost that a tile does not know alone.
//!
//! A spike goes to every core that reads it, so what a core sends depends on how the layers behind it
//! are cut. The search leaves it out; here the result is improved by changing one layer at a time, the
//! sender or one that reads it, as long as the nominal time with messages sent gets less.

use std::collections::BTreeMap;

use snnc_eqsat::extract::{Candidate, Front, Pick};
use snnc_eqsat::space::Space;
use snnc_machine::floorline::Rates;
use snnc_machine::load::{Interval, Load};
use snnc_machine::network::Block;
use snnc_place::traffic;

use super::job::Job;

/// Pairs of tiles that are compared at the least effort; four times as many at each further one.
const PAIRS: usize = 1024;

pub(super) struct Refine<'a> {
    job: &'a Job<'a>,
    space: &'a Space,
    fronts: &'a [Front],
    rates: &'a Rates,
    cores: u64,
    /// Ranked time that no candidate may exceed, in femtoseconds.
    time_cap: u64,
    /// Pairs of tiles that are compared at most; then the best so far is kept.
    pairs: usize,
    /// Per front: the fronts that read it.
    readers: Vec<Vec<usize>>,
    is_output: Vec<bool>,
    blocks: BTreeMap<(usize, usize), Vec<Block>>,
    /// Nominal messages per sending core by (sender, its choice, reader, its choice), in thousandths.
    sent: BTreeMap<(usize, usize, usize, usize), Vec<u64>>,
}

/// What is compared: time with messages sent, messages, cores.
type Cost = (u64, u64, u64);

impl<'a> Refine<'a> {
    pub(super) fn new(
        job: &'a Job<'a>,
        space: &'a Space,
        fronts: &'a [Front],
        rates: &'a Rates,
        cores: u64,
    ) -> Self {
        let reads = |k: &usize, of: usize| {
            traffic::sources(&job.network.layers[fronts[*k].layer]).contains(&fronts[of].layer)
        };
        let readers =
            (0..fronts.len()).map(|of| (0..fronts.len()).filter(|k| reads(k, of)).collect()).collect();
        let is_output =
            fronts.iter().map(|f| job.network.outputs.iter().any(|o| o.layer == f.layer)).collect();
        Self {
            job,
            space,
            fronts,
            rates,
            cores,
            time_cap: u64::MAX,
            pairs: PAIRS << (2 * job.options.effort),
            readers,
            is_output,
            blocks: BTreeMap::new(),
            sent: BTreeMap::new(),
        }
    }

    /// Improves the nominal time of a pick; its ranked time gets no worse than the least.
    pub(super) fn run(&mut self, mut pick: Pick) -> Pick {
        let mut best = self.cost(&pick.chosen);
        self.time_cap = pick.optimum;
        let floor = self.rates.barrier.rank();
        while best.0 > floor && self.sent.len() < self.pairs {
            let Some((chosen, cost)) = self.step(&pick.chosen, best) else { break };
            (pick.chosen, best) = (chosen, cost);
        }
        let time = |(k, c): (&Front, &usize)| k.candidates[*c].time;
        pick.time = self.fronts.iter().zip(&pick.chosen).map(time).max().unwrap_or(0);
        pick.cores = best.2;
        pick
    }

    /// The best change of one layer that lowers the time.
    fn step(&mut self, chosen: &[usize], best: Cost) -> Option<(Vec<usize>, Cost)> {
        let binding = (0..chosen.len()).find(|k| self.sends(chosen, *k) == best.0)?;
        let mut candidates = vec![binding];
        candidates.extend(&self.readers[binding]);
        let mut found: Option<(Vec<usize>, Cost)> = None;
        for layer in candidates {
            for k in 0..self.fronts[layer].candidates.len() {
                if k == chosen[layer] || !self.allowed(layer, k, best.0) || self.sent.len() >= self.pairs {
                    continue;
                }
                let mut changed = chosen.to_vec();
                changed[layer] = k;
                let cost = self.cost(&changed);
                let limit = found.as_ref().map_or(best, |(_, c)| *c);
                if cost.2 <= self.cores && cost.0 < best.0 && cost < limit {
                    found = Some((changed, cost));
                }
            }
        }
        found
    }

    /// Whether a candidate can lower the nominal time below `best` without raising the ranked time.
    fn allowed(&self, layer: usize, k: usize, best: u64) -> bool {
        let c = &self.fronts[layer].candidates[k];
        c.nominal < best && c.time <= self.time_cap
    }

    fn cost(&mut self, chosen: &[usize]) -> Cost {
        let mut cost = (0u64, 0u64, 0u64);
        for (k, choice) in chosen.iter().enumerate() {
            let own = self.fronts[k].candidates[*choice];
            cost.0 = cost.0.max(own.nominal).max(self.sends(chosen, k));
            cost.1 = cost.1.saturating_add(own.messages);
            cost.2 += own.cores;
        }
        cost
    }

    /// The nominal time that the busiest core of a layer needs for sending, in femtoseconds.
    fn sends(&mut self, chosen: &[usize], k: usize) -> u64 {
        let mut total = vec![0u64; self.blocks(k, chosen[k]).len()];
        if self.is_output[k] {
            let layer = self.fronts[k].layer;
            let (shape, activity) = (self.job.network.layers[layer].shape, &self.job.profile.layers[layer]);
            for (sum, block) in total.iter_mut().zip(self.blocks(k, chosen[k])) {
                *sum += activity.of_block(shape, block).nominal;
            }
        }
        for reader in self.readers[k].clone() {
            for (sum, count) in total.iter_mut().zip(self.pair(k, chosen[k], reader, chosen[reader])) {
                *sum += count;
            }
        }
        let time = |count: u64| {
            self.rates.nominal(&Load { messages_out: Interval::exact(count), ..Load::default() })
        };
        total.into_iter().map(time).max().unwrap_or(0)
    }

    fn pair(&mut self, from: usize, choice: usize, to: usize, reader_choice: usize) -> Vec<u64> {
        let key = (from, choice, to, reader_choice);
        if let Some(known) = self.sent.get(&key) {
            return known.clone();
        }
        let (senders, readers) =
            (self.blocks(from, choice).to_vec(), self.blocks(to, reader_choice).to_vec());
        let job = self.job;
        let sent = traffic::fan_out(
            job.network,
            (self.fronts[from].layer, &senders),
            (self.fronts[to].layer, &readers),
            job.profile,
        );
        let counts: Vec<u64> = sent.iter().map(|i| i.nominal).collect();
        self.sent.insert(key, counts.clone());
        counts
    }

    fn blocks(&mut self, k: usize, choice: usize) -> &[Block] {
        let (job, space, front) = (self.job, self.space, &self.fronts[k]);
        self.blocks.entry((k, choice)).or_insert_with(|| {
            let Candidate { form, choice, .. } = front.candidates[choice];
            let parts = match form {
                0 => job.target.loads(job.network, front.layer, choice, job.profile),
                _ => job.target.loads(&space.with_form(front.layer, form), front.layer, choice, job.profile),
            };
            parts.unwrap_or_default().into_iter().map(|p| p.block).collect()
        })
    }
}
