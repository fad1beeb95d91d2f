//! The least time that the cores allow, and the best mapping near it.

use super::Candidate;

/// What is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// Time per step, then messages, then cores.
    #[default]
    Time,
    /// Cores, then time.
    Cores,
}

/// Bounds of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Cores that there are.
    pub cores: u64,
    /// A time that no mapping can be faster than, in femtoseconds (the barrier).
    pub floor: u64,
    /// How much slower than the least time a mapping with fewer messages may be, in thousandths.
    pub slack: u64,
}

/// The chosen candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// One index per layer into its front.
    pub chosen: Vec<usize>,
    /// The least greatest time over all mappings of the fronts, in femtoseconds.
    pub optimum: u64,
    /// The greatest time of the chosen ones, in femtoseconds.
    pub time: u64,
    /// Their cores.
    pub cores: u64,
}

/// Chooses one candidate per front. `Err` gives the fewest cores that a mapping needs.
///
/// # Errors
/// When the fewest cores are more than there are.
pub fn search(fronts: &[Vec<Candidate>], objective: Objective, limits: Limits) -> Result<Pick, u64> {
    let fewest = fewest_cores(fronts, u64::MAX).unwrap_or(u64::MAX);
    if fewest > limits.cores {
        return Err(fewest);
    }
    let optimum = match objective {
        Objective::Time => least_time(fronts, limits),
        Objective::Cores => {
            fronts.iter().filter_map(|f| fewest_of(f, u64::MAX)).map(|c| c.time).max().unwrap_or(0)
        }
    };
    let cap = match objective {
        Objective::Time => {
            let slack = u128::from(optimum.max(limits.floor)) * u128::from(1000 + limits.slack) / 1000;
            u64::try_from(slack).unwrap_or(u64::MAX)
        }
        Objective::Cores => optimum,
    };
    let cores = match objective {
        Objective::Time => limits.cores,
        Objective::Cores => fewest,
    };
    let chosen = fewest_messages(fronts, cap, cores);
    let of = |pick: fn(&Candidate) -> u64| fronts.iter().zip(&chosen).map(move |(f, k)| pick(&f[*k]));
    let (time, cores) = (of(|c| c.time).max().unwrap_or(0), of(|c| c.cores).sum());
    Ok(Pick { optimum, time, cores, chosen })
}

/// The candidate with the fewest cores among those within `cap`; the fastest of equals.
fn fewest_of(front: &[Candidate], cap: u64) -> Option<&Candidate> {
    front.iter().filter(|c| c.time <= cap).min_by_key(|c| (c.cores, c.time))
}

/// The fewest cores of a mapping within `cap`; `None` when a layer has no candidate that fast.
fn fewest_cores(fronts: &[Vec<Candidate>], cap: u64) -> Option<u64> {
    fronts.iter().try_fold(0u64, |sum, front| Some(sum.saturating_add(fewest_of(front, cap)?.cores)))
}

/// Binary search over the distinct times; never below the floor.
fn least_time(fronts: &[Vec<Candidate>], limits: Limits) -> u64 {
    let mut times: Vec<u64> = fronts.iter().flatten().map(|c| c.time.max(limits.floor)).collect();
    times.sort_unstable();
    times.dedup();
    let fits = |cap: &u64| fewest_cores(fronts, *cap).is_some_and(|cores| cores <= limits.cores);
    let at = times.partition_point(|cap| !fits(cap));
    times.get(at).copied().unwrap_or(limits.floor)
}

/// Dynamic program over the cores: for each number of cores the fewest messages with at most that many.
fn fewest_messages(fronts: &[Vec<Candidate>], cap: u64, cores: u64) -> Vec<usize> {
    let cores = usize::try_from(cores).unwrap_or(usize::MAX).min(MAX_TABLE);
    let mut best: Vec<Option<(u64, u64)>> = vec![Some((0, 0)); cores + 1];
    let mut steps: Vec<Vec<u32>> = Vec::with_capacity(fronts.len());
    for front in fronts {
        let mut next: Vec<Option<(u64, u64)>> = vec![None; cores + 1];
        let mut step = vec![u32::MAX; cores + 1];
        for (k, c) in front.iter().enumerate().filter(|(_, c)| c.time <= cap) {
            let need = usize::try_from(c.cores).unwrap_or(usize::MAX);
            for total in need..=cores {
                let Some((messages, used)) = best[total - need] else { continue };
                let value = (messages.saturating_add(c.messages), used + c.cores);
                if next[total].is_none_or(|old| value < old) {
                    next[total] = Some(value);
                    step[total] = k as u32;
                }
            }
        }
        best = next;
        steps.push(step);
    }
    // `best[cores]` covers every smaller number too: its entries were taken at "at most".
    let mut left = cores;
    let mut chosen = vec![0; fronts.len()];
    for (layer, step) in steps.iter().enumerate().rev() {
        let k = step[left] as usize;
        let Some(candidate) = fronts[layer].get(k) else { return fallback(fronts, cap) };
        chosen[layer] = k;
        left -= candidate.cores as usize;
    }
    chosen
}

/// Greatest number of cores that the table is made for; beyond it the fewest cores are taken.
const MAX_TABLE: usize = 1 << 20;

fn fallback(fronts: &[Vec<Candidate>], cap: u64) -> Vec<usize> {
    let index = |front: &Vec<Candidate>| {
        let best = fewest_of(front, cap);
        front.iter().position(|c| Some(c) == best).unwrap_or(0)
    };
    fronts.iter().map(index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use snnc_machine::target::{Choice, Implementation, Tile};

    fn candidate((time, cores, messages): (u64, u64, u64)) -> Candidate {
        let tile = Tile { channels: cores as u32, rows: 1, cols: 1, fan_in: 1 };
        Candidate {
            choice: Choice { implementation: Implementation { encoding: "dense" }, tile },
            time,
            cores,
            messages,
        }
    }

    /// Every mapping, tried.
    fn exhaustive(fronts: &[Vec<Candidate>], limits: Limits) -> Option<(u64, (u64, u64))> {
        let mut all = vec![(0u64, 0u64, 0u64)];
        for front in fronts {
            all = all
                .iter()
                .flat_map(|(t, c, m)| {
                    front.iter().map(move |x| ((*t).max(x.time), c + x.cores, m + x.messages))
                })
                .filter(|(_, c, _)| *c <= limits.cores)
                .collect();
        }
        let optimum = all.iter().map(|(t, ..)| (*t).max(limits.floor)).min()?;
        let cap = optimum * (1000 + limits.slack) / 1000;
        let best = all.iter().filter(|(t, ..)| *t <= cap).map(|(_, c, m)| (*m, *c)).min()?;
        Some((optimum, best))
    }

    proptest! {
        #[test]
        fn finds_what_trying_everything_finds(
            raw in prop::collection::vec(prop::collection::vec((1u64..50, 1u64..8, 0u64..40), 1..5), 1..5),
            cores in 4u64..24,
            floor in 0u64..20,
            slack in 0u64..400,
        ) {
            let fronts: Vec<Vec<Candidate>> =
                raw.into_iter().map(|f| f.into_iter().map(candidate).collect()).collect();
            let limits = Limits { cores, floor, slack };
            match (search(&fronts, Objective::Time, limits), exhaustive(&fronts, limits)) {
                (Ok(pick), Some((optimum, (messages, cores)))) => {
                    prop_assert_eq!(pick.optimum, optimum);
                    let chosen: Vec<&Candidate> = fronts.iter().zip(&pick.chosen).map(|(f, k)| &f[*k]).collect();
                    prop_assert_eq!(chosen.iter().map(|c| c.messages).sum::<u64>(), messages);
                    prop_assert_eq!(chosen.iter().map(|c| c.cores).sum::<u64>(), cores);
                    prop_assert_eq!(pick.cores, cores);
                }
                (Err(fewest), None) => prop_assert!(fewest > cores),
                (a, b) => prop_assert!(false, "{a:?} {b:?}"),
            }
        }
    }
}
