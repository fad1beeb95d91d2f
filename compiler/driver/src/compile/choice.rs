//! How the search decided, for the manifest.

use snnc_eqsat::extract::{Candidate, Objective};
use snnc_machine::manifest::{LayerChoice, LosesBy, ParetoPoint, RunnerUp};

use super::extract::Extracted;

fn ps(fs: u64) -> u64 {
    fs.div_ceil(1000)
}

/// How it decided on the layer of a front.
pub(super) fn of(extracted: &Extracted, k: usize) -> LayerChoice {
    let front = &extracted.fronts[k];
    let chosen = front.candidates[extracted.found.pick.chosen[k]];
    let floor = extracted.ranking.floor();
    let step = extracted.chosen().map(|(_, c)| c.time).max().unwrap_or(0).max(floor);
    LayerChoice {
        considered: front.considered,
        legal: front.legal,
        time_ps: ps(chosen.time),
        slack_ps: step.saturating_sub(chosen.time) / 1000,
        runner_up: runner_up(extracted, k, chosen),
    }
}

/// The front of time and cores.
pub(super) fn pareto(extracted: &Extracted) -> Vec<ParetoPoint> {
    let point = |(pick, point): &(snnc_eqsat::extract::Pick, super::extract::Point)| ParetoPoint {
        cores: pick.cores,
        time_ps: ps(pick.optimum),
        nominal_ps: ps(point.nominal),
        messages: point.messages,
    };
    extracted.pareto.iter().map(point).collect()
}

/// The order of what a choice can lose by, the least first, with how much.
type Loss = (u8, u64);

fn runner_up(extracted: &Extracted, k: usize, chosen: Candidate) -> Option<RunnerUp> {
    let others = extracted.fronts[k].candidates.iter().filter(|c| **c != chosen);
    let (_, best) =
        others.map(|c| (loss(extracted, chosen, c), c)).min_by_key(|(loss, c)| (*loss, c.key()))?;
    let loses_by = match loss(extracted, chosen, best).0 {
        0 => LosesBy::Order,
        1 => LosesBy::MoreCores,
        2 => LosesBy::Messages,
        3 => LosesBy::NominalTime,
        4 => LosesBy::Cores,
        _ => LosesBy::Time,
    };
    Some(RunnerUp {
        encoding: best.choice.implementation.encoding.into(),
        tile: best.choice.tile.to_string(),
        cores: best.cores,
        time_ps: ps(best.time),
        nominal_ps: ps(best.nominal),
        messages: best.messages,
        loses_by,
    })
}

/// What the mapping would lose by with this candidate in the place of the chosen one.
fn loss(extracted: &Extracted, chosen: Candidate, other: &Candidate) -> Loss {
    let pick = &extracted.found.pick;
    let cores = pick.cores - chosen.cores.min(pick.cores) + other.cores;
    let limit = match extracted.objective {
        Objective::Time => extracted.certificate.cores,
        Objective::Cores => pick.cores,
    };
    let over = |value: u64, limit: u64| value.saturating_sub(limit);
    if other.time > pick.optimum {
        (5, over(other.time, pick.optimum))
    } else if cores > limit {
        (4, over(cores, limit))
    } else if other.nominal > pick.nominal_cap {
        (3, over(other.nominal, pick.nominal_cap))
    } else if other.messages > chosen.messages {
        (2, over(other.messages, chosen.messages))
    } else if other.cores > chosen.cores {
        (1, over(other.cores, chosen.cores))
    } else {
        (0, 0)
    }
}
