//! The least time that the cores allow, and the best mapping near it.

use super::Candidate;

/// What is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// Time per step, then nominal time, messages, cores.
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
    /// A time that no mapping is worth being faster than, in femtoseconds (the barrier).
    pub floor: u64,
    /// How much slower than the least nominal time a mapping with fewer messages may be, in thousandths.
    pub slack: u64,
}

/// The chosen candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// One index per layer into its candidates.
    pub chosen: Vec<usize>,
    /// The least greatest time over all mappings of the fronts, no less than the floor, in femtoseconds.
    pub optimum: u64,
    /// The nominal time that no chosen candidate is above, slack included, in femtoseconds.
    pub nominal_cap: u64,
    /// The greatest time of the chosen ones, in femtoseconds.
    pub time: u64,
    /// Their cores.
    pub cores: u64,
}

/// Times above which no candidate is taken.
#[derive(Clone, Copy, Debug)]
struct Caps {
    time: u64,
    nominal: u64,
}

impl Caps {
    const NONE: Self = Self { time: u64::MAX, nominal: u64::MAX };

    fn allow(self, c: &Candidate) -> bool {
        c.time <= self.time && c.nominal <= self.nominal
    }
}

/// Chooses one candidate per front: the least time; among those the least nominal time; within the slack of that the
/// fewest messages, then the fewest cores.
///
/// # Errors
/// The fewest cores that a mapping needs, when they are more than there are.
pub fn search(fronts: &[&[Candidate]], objective: Objective, limits: Limits) -> Result<Pick, u64> {
    let fewest = fewest_cores(fronts, Caps::NONE).unwrap_or(u64::MAX);
    if fewest > limits.cores {
        return Err(fewest);
    }
    let cores = match objective {
        Objective::Time => limits.cores,
        Objective::Cores => fewest,
    };
    let floor = limits.floor;
    let time = least(fronts, cores, floor, |c| c.time, |time| Caps { time, ..Caps::NONE });
    let nominal = least(fronts, cores, floor, |c| c.nominal, |nominal| Caps { time, nominal });
    let slack = u128::from(nominal) * u128::from(1000 + limits.slack) / 1000;
    let caps = Caps { time, nominal: u64::try_from(slack).unwrap_or(u64::MAX) };
    let chosen = fewest_messages(fronts, caps, cores);
    let of = |pick: fn(&Candidate) -> u64| fronts.iter().zip(&chosen).map(move |(f, k)| pick(&f[*k]));
    let (greatest, used) = (of(|c| c.time).max().unwrap_or(0), of(|c| c.cores).sum());
    Ok(Pick { optimum: time, nominal_cap: caps.nominal, time: greatest, cores: used, chosen })
}

/// The front of time and cores: for each number of cores up to the limit at which the least time changes the mapping that
/// is chosen there, by ascending cores.
pub fn pareto(fronts: &[&[Candidate]], limits: Limits) -> Vec<Pick> {
    let mut out: Vec<Pick> = Vec::new();
    let mut cores = limits.cores;
    // From the fastest down: the next one has fewer cores than this time needs.
    while let Ok(pick) = search(fronts, Objective::Time, Limits { cores, ..limits }) {
        let caps = Caps { time: pick.optimum, nominal: u64::MAX };
        let needed = fewest_cores(fronts, caps).unwrap_or(pick.cores);
        // The mapping for as few cores as this time allows.
        if let Ok(pick) = search(fronts, Objective::Time, Limits { cores: needed, ..limits }) {
            out.push(pick);
        }
        if out.len() >= MAX_POINTS || needed <= 1 {
            break;
        }
        cores = needed - 1;
    }
    out.reverse();
    out
}

/// Points of a front that are made at most.
const MAX_POINTS: usize = 4096;

/// The fewest cores of a mapping within `caps`; `None` when a layer has no candidate that fast.
fn fewest_cores(fronts: &[&[Candidate]], caps: Caps) -> Option<u64> {
    fronts.iter().try_fold(0u64, |sum, front| {
        let fewest = front.iter().filter(|c| caps.allow(c)).map(|c| c.cores).min()?;
        Some(sum.saturating_add(fewest))
    })
}

/// The least cap on a kind of time for which the cores suffice: binary search over the times that there are, never below
/// the floor.
fn least(
    fronts: &[&[Candidate]],
    cores: u64,
    floor: u64,
    time: fn(&Candidate) -> u64,
    caps: impl Fn(u64) -> Caps,
) -> u64 {
    let mut times: Vec<u64> = fronts.iter().flat_map(|f| f.iter()).map(|c| time(c).max(floor)).collect();
    times.sort_unstable();
    times.dedup();
    let fits = |cap: &u64| fewest_cores(fronts, caps(*cap)).is_some_and(|needed| needed <= cores);
    let at = times.partition_point(|cap| !fits(cap));
    times.get(at).copied().unwrap_or(floor)
}

/// Dynamic program over the cores: for each number of cores the fewest messages with at most that many.
fn fewest_messages(fronts: &[&[Candidate]], caps: Caps, cores: u64) -> Vec<usize> {
    // More cores than all layers can use decide nothing.
    let useful =
        fronts.iter().map(|f| f.iter().filter(|c| caps.allow(c)).map(|c| c.cores).max().unwrap_or(0));
    let cores = cores.min(useful.fold(0, u64::saturating_add));
    let cores = usize::try_from(cores).unwrap_or(usize::MAX).min(MAX_TABLE);
    let mut best: Vec<Option<(u64, u64)>> = vec![Some((0, 0)); cores + 1];
    let mut steps: Vec<Vec<u32>> = Vec::with_capacity(fronts.len());
    for front in fronts {
        let mut next: Vec<Option<(u64, u64)>> = vec![None; cores + 1];
        let mut step = vec![u32::MAX; cores + 1];
        for (k, c) in worth(front, caps) {
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
        let Some(candidate) = fronts[layer].get(k) else { return fallback(fronts, caps) };
        chosen[layer] = k;
        left -= candidate.cores as usize;
    }
    chosen
}

/// The candidates of a front that caps allow, without those that need no fewer cores and no fewer messages than another.
fn worth(front: &[Candidate], caps: Caps) -> Vec<(usize, &Candidate)> {
    let mut all: Vec<(usize, &Candidate)> = front.iter().enumerate().filter(|(_, c)| caps.allow(c)).collect();
    all.sort_by_key(|(k, c)| (c.cores, c.messages, *k));
    let mut least = u64::MAX;
    all.retain(|(_, c)| {
        let better = c.messages < least;
        least = least.min(c.messages);
        better
    });
    all
}

/// Greatest number of cores that the table is made for; beyond it the fewest cores are taken.
const MAX_TABLE: usize = 1 << 20;

fn fallback(fronts: &[&[Candidate]], caps: Caps) -> Vec<usize> {
    let fewest = |front: &&[Candidate]| {
        let allowed = front.iter().enumerate().filter(|(_, c)| caps.allow(c));
        allowed.min_by_key(|(k, c)| (c.cores, c.messages, *k)).map_or(0, |(k, _)| k)
    };
    fronts.iter().map(fewest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use snnc_machine::target::{Choice, Implementation, Tile};

    type Raw = (u64, u64, u64, u64);

    fn candidate((time, nominal, cores, messages): Raw) -> Candidate {
        let tile = Tile { channels: cores as u32, rows: 1, cols: 1, fan_in: 1 };
        Candidate {
            form: 0,
            choice: Choice { implementation: Implementation { encoding: "dense" }, tile },
            time,
            nominal,
            cores,
            messages,
        }
    }

    /// Every mapping, tried: the least time, then nominal time; messages and cores within its slack.
    fn exhaustive(fronts: &[Vec<Candidate>], limits: Limits) -> Option<(u64, u64, (u64, u64))> {
        let mut all = vec![(0u64, 0u64, 0u64, 0u64)];
        for front in fronts {
            let with = |(t, n, c, m): &Raw, x: &Candidate| {
                ((*t).max(x.time), (*n).max(x.nominal), c + x.cores, m + x.messages)
            };
            all = all.iter().flat_map(|a| front.iter().map(move |x| with(a, x))).collect();
            all.retain(|(_, _, c, _)| *c <= limits.cores);
        }
        let time = all.iter().map(|a| a.0.max(limits.floor)).min()?;
        all.retain(|a| a.0 <= time);
        let nominal = all.iter().map(|a| a.1.max(limits.floor)).min()?;
        let cap = nominal * (1000 + limits.slack) / 1000;
        let best = all.iter().filter(|a| a.1 <= cap).map(|a| (a.3, a.2)).min()?;
        Some((time, nominal, best))
    }

    fn fronts_of(raw: Vec<Vec<Raw>>) -> Vec<Vec<Candidate>> {
        raw.into_iter().map(|f| f.into_iter().map(candidate).collect()).collect()
    }

    fn slices(fronts: &[Vec<Candidate>]) -> Vec<&[Candidate]> {
        fronts.iter().map(Vec::as_slice).collect()
    }

    proptest! {
        #[test]
        fn finds_what_trying_everything_finds(
            raw in prop::collection::vec(prop::collection::vec((1u64..50, 1u64..50, 1u64..8, 0u64..40), 1..5), 1..5),
            cores in 1u64..24, floor in 0u64..20, slack in 0u64..400,
        ) {
            let fronts = fronts_of(raw);
            let limits = Limits { cores, floor, slack };
            match (search(&slices(&fronts), Objective::Time, limits), exhaustive(&fronts, limits)) {
                (Err(fewest), None) => prop_assert!(fewest > cores),
                (Ok(pick), Some((time, _, best))) => {
                    prop_assert_eq!(pick.optimum, time);
                    let chosen = || fronts.iter().zip(&pick.chosen).map(|(f, k)| f[*k]);
                    prop_assert_eq!(
                        (chosen().map(|c| c.messages).sum::<u64>(), chosen().map(|c| c.cores).sum::<u64>()),
                        best
                    );
                    prop_assert!(pick.time <= time);
                }
                (found, tried) => prop_assert!(false, "{found:?} {tried:?}"),
            }
        }

        #[test]
        fn the_front_has_every_number_of_cores_that_buys_time(
            raw in prop::collection::vec(prop::collection::vec((1u64..50, 1u64..50, 1u64..8, 0u64..40), 1..5), 1..4),
            cores in 1u64..24, floor in 0u64..20,
        ) {
            let fronts = fronts_of(raw);
            let limits = |cores| Limits { cores, floor, slack: 50 };
            let points = pareto(&slices(&fronts), limits(cores));
            let mut expected: Vec<u64> = Vec::new();
            for n in 1..=cores {
                let Some((time, ..)) = exhaustive(&fronts, limits(n)) else { continue };
                if expected.last() != Some(&time) {
                    expected.push(time);
                }
            }
            prop_assert_eq!(points.iter().map(|p| p.optimum).collect::<Vec<_>>(), expected);
            prop_assert!(points.windows(2).all(|p| p[0].cores < p[1].cores));
        }
    }
}
