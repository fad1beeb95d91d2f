//! Why the best mapping is not at the independent bound.

use snnc_machine::target::Least;

use super::{Candidate, Front, Ranking};

/// A kind of reason, with the front that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Memory makes a layer take more cores than its work asks for, which the others lack.
    Cap {
        /// Position of the front.
        front: usize,
        /// Cores that memory asks for at the least.
        cores: u64,
        /// Cores that its work would need at the bound.
        work: u64,
    },
    /// The busiest layer's parts are uneven, as its axes cannot be cut more evenly.
    Unsplittable {
        /// Position of the front.
        front: usize,
        /// Time of the busiest part.
        time: u64,
        /// Time if the parts were even.
        even: u64,
    },
    /// What layers leave of their last core is lost.
    LayerBoundary {
        /// Cores in use.
        cores: u64,
        /// Cores that the work fills, in hundredths.
        filled: u64,
    },
    /// Every core is in use.
    FullChip {
        /// Cores that there are.
        cores: u64,
    },
}

/// A mapping beside the independent bound; times in femtoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Time of the mapping.
    pub time: u64,
    /// The independent bound.
    pub bound: u64,
    /// Cores in use.
    pub used: u64,
    /// Cores that there are.
    pub cores: u64,
}

/// The reasons for a gap between a mapping's time and the independent bound, the weightiest first.
pub fn reasons(
    fronts: &[Front],
    chosen: &[usize],
    least: &[Least],
    standing: Standing,
    ranking: Ranking,
) -> Vec<Gap> {
    let Standing { time, bound, used, cores } = standing;
    let of = |k: usize| -> &Candidate { &fronts[k].candidates[chosen[k]] };
    let work = |k: usize| ranking.time(&least[k].total);
    let mut out: Vec<(u64, Gap)> = Vec::new();
    // The layer that is slowest, and how even its parts are.
    if let Some(k) = (0..fronts.len()).filter(|k| of(*k).time >= time).min() {
        let even = work(k).div_ceil(of(k).cores.max(1));
        if of(k).time > even {
            out.push((of(k).time - even, Gap::Unsplittable { front: k, time: of(k).time, even }));
        }
    }
    // Cores that memory holds back from the work of others: each of them could take `bound`.
    for (k, front) in fronts.iter().enumerate() {
        let fewest = front.candidates.iter().map(|c| c.cores).min().unwrap_or(1);
        let needed = work(k).div_ceil(bound.max(1)).max(1);
        if fewest > needed {
            let lost = (fewest - needed).saturating_mul(bound) / cores.max(1);
            out.push((lost, Gap::Cap { front: k, cores: fewest, work: needed }));
        }
    }
    let filled: u64 = (0..fronts.len()).map(work).fold(0, u64::saturating_add);
    let hundredths = filled.saturating_mul(100) / time.max(1);
    if hundredths < used * 100 && used > 0 {
        let lost = time.saturating_sub(filled / used);
        out.push((lost, Gap::LayerBoundary { cores: used, filled: hundredths }));
    }
    out.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let mut out: Vec<Gap> = out.into_iter().map(|(_, gap)| gap).collect();
    if used >= cores {
        out.push(Gap::FullChip { cores });
    }
    out
}
