//! Choices of an earlier mapping that are as good as those that were found.

use std::collections::BTreeMap;

use snnc_eqsat::extract::{Candidate, Found, Front, Limits, Objective, Pick, Pricing, Ranking};
use snnc_eqsat::space::Space;
use snnc_machine::load::Load;
use snnc_machine::network::Network;
use snnc_machine::target::{Choice, Tile};
use snnc_place::traffic;

use crate::compile::job::Job;
use crate::compile::place::blocks;

/// What of a choice counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) struct Worth {
    /// The time that is minimised.
    pub(in crate::compile) ranked: u64,
    /// The nominal time.
    pub(in crate::compile) nominal: u64,
    /// Cores.
    pub(in crate::compile) cores: u64,
}

/// How much worse a mapping with earlier choices may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) struct Room {
    /// Greatest ranked time.
    pub(in crate::compile) ranked: u64,
    /// Greatest nominal time.
    pub(in crate::compile) nominal: u64,
    /// Greatest number of cores.
    pub(in crate::compile) cores: u64,
}

/// Takes the earlier choice of as many layers as the room allows: those that need the fewest cores more, the first
/// of equals. `fronts` has the choices of each layer, `pick` and `earlier` are indices into them. `accept` is asked
/// whether a mapping holds as a whole, of all of them together first and then one by one.
pub(in crate::compile) fn prefer(
    fronts: &[Vec<Worth>],
    pick: &[usize],
    earlier: &[Option<usize>],
    room: Room,
    accept: &mut dyn FnMut(&[usize]) -> bool,
) -> Vec<usize> {
    let cores =
        |pick: &[usize]| fronts.iter().zip(pick).map(|(f, k)| f[*k].cores).fold(0, u64::saturating_add);
    let mut changes: Vec<(u64, u64, usize, usize)> = Vec::new();
    for (layer, (front, own)) in fronts.iter().zip(earlier).enumerate() {
        let Some(own) = own.filter(|own| *own != pick[layer]) else { continue };
        let (new, old) = (front[own], front[pick[layer]]);
        if new.ranked <= room.ranked && new.nominal <= room.nominal {
            let (more, less) = (new.cores.saturating_sub(old.cores), old.cores.saturating_sub(new.cores));
            changes.push((more, u64::MAX - less, layer, own));
        }
    }
    changes.sort_unstable();
    let mut out = pick.to_vec();
    changes.retain(|(.., layer, own)| {
        let before = std::mem::replace(&mut out[*layer], *own);
        let fits = cores(&out) <= room.cores;
        if !fits {
            out[*layer] = before;
        }
        fits
    });
    if changes.is_empty() || accept(&out) {
        return out;
    }
    out = pick.to_vec();
    for (.., layer, own) in changes {
        let before = std::mem::replace(&mut out[layer], own);
        if cores(&out) > room.cores || !accept(&out) {
            out[layer] = before;
        }
    }
    out
}

impl Job<'_> {
    /// Keeps choices of the bundle that the mapping is to be like. Choices that the fronts lack are added. Where layers
    /// share cores the mapping stays as it was found.
    pub(in crate::compile) fn keep_choices(
        &self,
        space: &Space,
        fronts: &mut [Front],
        found: Found,
        limits: Limits,
        ranking: Ranking,
    ) -> Found {
        let Some(like) = self.options.like.as_ref().filter(|_| found.shared.is_empty()) else { return found };
        let pricing = Pricing {
            target: self.target,
            profile: self.profile,
            ranking,
            max_cores: limits.cores,
            coarse: false,
        };
        let mut earlier = Vec::with_capacity(fronts.len());
        for front in fronts.iter_mut() {
            let choice = like.choice(&self.network.layers[front.layer].name);
            let choice = choice.and_then(|(encoding, tile)| self.choice(front.layer, encoding, tile));
            earlier.push(choice.and_then(|choice| position(&pricing, self.network, front, choice)));
        }
        let worth = |c: &Candidate| Worth { ranked: c.time, nominal: c.nominal, cores: c.cores };
        let worths: Vec<Vec<Worth>> =
            fronts.iter().map(|f| f.candidates.iter().map(worth).collect()).collect();
        let pick = &found.pick;
        let of = |value: fn(&Worth) -> u64| worths.iter().zip(&pick.chosen).map(move |(f, k)| value(&f[*k]));
        let cores = match self.options.objective {
            Objective::Time => limits.cores,
            Objective::Cores => of(|w| w.cores).sum(),
        };
        // A step never ends before the barrier, so below it nothing is faster.
        let room = Room {
            ranked: of(|w| w.ranked).max().unwrap_or(0).max(limits.floor),
            nominal: of(|w| w.nominal).max().unwrap_or(0).max(pick.nominal_cap),
            cores,
        };
        let mut most = None;
        let mut accept = |chosen: &[usize]| {
            let own =
                || self.sent(space, fronts, &pick.chosen, ranking).unwrap_or(u64::MAX).max(room.nominal);
            let most = *most.get_or_insert_with(own);
            self.sent(space, fronts, chosen, ranking).is_some_and(|time| time <= most)
        };
        let chosen = prefer(&worths, &pick.chosen, &earlier, room, &mut accept);
        let cores = worths.iter().zip(&chosen).map(|(f, k)| f[*k].cores).sum();
        Found { pick: Pick { chosen, cores, ..found.pick }, ..found }
    }

    fn choice(&self, layer: usize, encoding: &str, tile: Tile) -> Option<Choice> {
        let all = self.target.implementations(self.network, layer).ok()?;
        let implementation = all.into_iter().find(|how| how.encoding == encoding)?;
        let shape = self.network.layers[layer].shape;
        let sizes = [(tile.channels, shape.c), (tile.rows, shape.h), (tile.cols, shape.w), (tile.fan_in, 1)];
        let fits = sizes.into_iter().all(|(parts, size)| parts as usize <= size);
        (fits && self.pins.tile(layer).is_none()).then_some(Choice { implementation, tile })
    }

    /// The greatest nominal time that a core of a mapping spends on sending; `None` when the target refuses it as a
    /// whole.
    fn sent(&self, space: &Space, fronts: &[Front], chosen: &[usize], ranking: Ranking) -> Option<u64> {
        let own = || fronts.iter().zip(chosen).map(|(f, k)| (f.layer, f.candidates[*k]));
        let mut forms = vec![0; self.network.layers.len()];
        own().for_each(|(layer, c)| forms[layer] = c.form);
        let network = space.network_of(&forms);
        let job = Job { network: &network, ..*self };
        let (placed, seats) = job.parts(own().map(|(layer, c)| (layer, c.choice)), &BTreeMap::new()).ok()?;
        let traffic = traffic::traffic(&network, &blocks(&placed), self.profile);
        let mut cores = vec![Load::default(); seats.len()];
        for (part, sent) in placed.iter().zip(&traffic.sent) {
            cores[part.core] = cores[part.core].plus(Load { messages_out: *sent, ..Load::default() });
        }
        Some(cores.iter().map(|load| ranking.nominal(load)).max().unwrap_or(0))
    }
}

/// Where a choice of the plainest form is in a front; it is added when the chip can hold it.
fn position(pricing: &Pricing<'_>, network: &Network, front: &mut Front, choice: Choice) -> Option<usize> {
    if let Some(at) = front.candidates.iter().position(|c| c.choice == choice) {
        return Some(at);
    }
    front.candidates.push(pricing.one(network, front.layer, choice)?);
    Some(front.candidates.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn worth((ranked, nominal, cores): (u64, u64, u64)) -> Worth {
        Worth { ranked, nominal, cores }
    }

    prop_compose! {
        /// Fronts, a pick, and earlier choices of some layers.
        fn fronts()(
            raw in prop::collection::vec((prop::collection::vec((0u64..9, 0u64..9, 1u64..9), 1..4), any::<usize>(), prop::option::of(any::<usize>())), 1..6),
        ) -> (Vec<Vec<Worth>>, Vec<usize>, Vec<Option<usize>>) {
            let pick = raw.iter().map(|(f, k, _)| k % f.len()).collect();
            let earlier = raw.iter().map(|(f, _, e)| e.map(|e| e % f.len())).collect();
            (raw.into_iter().map(|(f, ..)| f.into_iter().map(worth).collect()).collect(), pick, earlier)
        }
    }

    fn cores(fronts: &[Vec<Worth>], pick: &[usize]) -> u64 {
        fronts.iter().zip(pick).map(|(f, k)| f[*k].cores).sum()
    }

    fn kept(pick: &[usize], earlier: &[Option<usize>]) -> usize {
        pick.iter().zip(earlier).filter(|(k, e)| Some(**k) == **e).count()
    }

    proptest! {
        /// As many layers keep their choice as trying every subset finds, and none that may not.
        #[test]
        fn as_many_as_can_be_kept_are(
            (fronts, pick, earlier) in fronts(), ranked in 0u64..9, nominal in 0u64..9, spare in 0u64..9,
        ) {
            let room = Room { ranked, nominal, cores: cores(&fronts, &pick) + spare };
            let mut most = 0;
            for subset in 0u32..1 << fronts.len() {
                let mut other = pick.clone();
                let mut may = true;
                for layer in (0..fronts.len()).filter(|k| subset >> k & 1 == 1) {
                    let own = earlier[layer].unwrap_or(pick[layer]);
                    let w = fronts[layer][own];
                    may &= own == pick[layer] || (w.ranked <= ranked && w.nominal <= nominal);
                    other[layer] = own;
                }
                if may && cores(&fronts, &other) <= room.cores {
                    most = most.max(kept(&other, &earlier));
                }
            }
            let found = prefer(&fronts, &pick, &earlier, room, &mut |_| true);
            prop_assert_eq!(kept(&found, &earlier), most);
            prop_assert!(cores(&fronts, &found) <= room.cores);
            for (layer, k) in found.iter().enumerate().filter(|(layer, k)| **k != pick[*layer]) {
                let w = fronts[layer][*k];
                prop_assert!(w.ranked <= ranked && w.nominal <= nominal && Some(*k) == earlier[layer]);
            }
        }

        /// What is not accepted as a whole is kept as far as it is accepted.
        #[test]
        fn a_layer_that_is_not_accepted_keeps_the_new_choice((fronts, pick, earlier) in fronts(), wrong in any::<usize>()) {
            let wrong = wrong % fronts.len();
            let room = Room { ranked: 9, nominal: 9, cores: u64::MAX };
            let found = prefer(&fronts, &pick, &earlier, room, &mut |p| p[wrong] == pick[wrong]);
            prop_assert_eq!(found[wrong], pick[wrong]);
            for layer in (0..fronts.len()).filter(|k| *k != wrong) {
                prop_assert_eq!(found[layer], earlier[layer].unwrap_or(pick[layer]));
            }
        }
    }
}
