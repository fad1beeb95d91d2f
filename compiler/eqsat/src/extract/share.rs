//! Small layers that share a core.
//!
//! Where a chip allows it, layers that fit whole on a core can share one. Cores are bins then: what is least in cores is
//! found exactly for a few layers, by branch and bound, and first-fit for many.

use snnc_machine::load::Load;
use snnc_machine::target::Part;

use super::Ranking;

/// Layers whose bins are searched exactly.
const EXACT: usize = 10;

/// A layer whole on one core.
#[derive(Clone, Debug)]
pub(super) struct Whole<'a> {
    /// Position of its front.
    pub(super) front: usize,
    /// Its part.
    pub(super) part: &'a Part,
}

/// Says whether parts fit one core within a time.
pub(super) struct Bins<'a> {
    pub(super) ranking: Ranking,
    /// Whether the chip lets parts share a core.
    pub(super) share: &'a dyn Fn(&[&Part]) -> bool,
    /// Ranked time that a core may take, in femtoseconds.
    pub(super) time: u64,
    /// Nominal time that a core may take.
    pub(super) nominal: u64,
}

impl Bins<'_> {
    fn fits(&self, parts: &[&Part]) -> bool {
        let load = parts.iter().fold(Load::default(), |sum, p| sum.plus(p.load));
        self.ranking.time(&load) <= self.time
            && self.ranking.nominal(&load) <= self.nominal
            && (self.share)(parts)
    }

    /// The layers by bin, as few bins as are found; each layer must fit one alone.
    pub(super) fn pack<'p>(&self, wholes: &[Whole<'p>]) -> Vec<Vec<Whole<'p>>> {
        let mut order: Vec<Whole<'p>> = wholes.to_vec();
        order.sort_by_key(|w| (std::cmp::Reverse(self.ranking.time(&w.part.load)), w.front));
        let mut best = self.first_fit(&order);
        if order.len() <= EXACT {
            let mut bins: Vec<Vec<usize>> = Vec::new();
            let mut found: Option<Vec<Vec<usize>>> = None;
            self.branch(&order, 0, &mut bins, best.len(), &mut found);
            if let Some(found) = found {
                best = found
                    .into_iter()
                    .map(|bin| bin.into_iter().map(|k| order[k].clone()).collect())
                    .collect();
            }
        }
        best
    }

    fn first_fit<'p>(&self, order: &[Whole<'p>]) -> Vec<Vec<Whole<'p>>> {
        let mut bins: Vec<Vec<Whole<'p>>> = Vec::new();
        for whole in order {
            let room = bins.iter().position(|bin| {
                let parts: Vec<&Part> = bin.iter().chain([whole]).map(|w| w.part).collect();
                self.fits(&parts)
            });
            match room {
                Some(k) => bins[k].push(whole.clone()),
                None => bins.push(vec![whole.clone()]),
            }
        }
        bins
    }

    /// Every way of putting the layers from `next` on into bins, as long as fewer than `limit` may do.
    fn branch(
        &self,
        order: &[Whole<'_>],
        next: usize,
        bins: &mut Vec<Vec<usize>>,
        limit: usize,
        found: &mut Option<Vec<Vec<usize>>>,
    ) {
        let limit = found.as_ref().map_or(limit, Vec::len);
        if bins.len() >= limit {
            return;
        }
        if next == order.len() {
            *found = Some(bins.clone());
            return;
        }
        for k in 0..bins.len() {
            let parts: Vec<&Part> = bins[k].iter().chain([&next]).map(|at| order[*at].part).collect();
            if self.fits(&parts) {
                bins[k].push(next);
                self.branch(order, next + 1, bins, limit, found);
                bins[k].pop();
            }
        }
        bins.push(vec![next]);
        self.branch(order, next + 1, bins, limit, found);
        bins.pop();
    }
}
