//! Extraction against brute force: on small networks with branches and shared producers every combination of form, encoding
//! and tile is tried.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use snnc_driver::pass::retime::retime;
use snnc_driver::registry;
use snnc_eqsat::extract::{Extraction, Forms, Front, Limits, Objective, Pricing, Ranking};
use snnc_eqsat::space::{Space, normalise};
use snnc_ir::graph::Graph;
use snnc_machine::activity::{Activity, Profile};
use snnc_machine::floorline::Rates;
use snnc_machine::load::Load;
use snnc_machine::target::{Choice, Part, Target, Tile};
use snnc_tests::arbitrary::{Config, graph_and_inputs};

const SLACK: u64 = 50;

/// Every legal choice of a layer over all its forms, without what the search leaves out: times, cores, messages.
fn all_choices(
    space: &Space,
    target: &dyn Target,
    profile: &Profile,
    ranking: Ranking,
    layer: usize,
    cores: u64,
) -> Vec<[u64; 4]> {
    let floor = ranking.floor();
    let mut out = Vec::new();
    for form in 0..space.populations[layer].forms.len() {
        let network = space.with_form(layer, form);
        for how in target.implementations(&network, layer).unwrap_or_default() {
            for tile in target.tiles(&network, layer, how, cores) {
                let choice = Choice { implementation: how, tile };
                let Ok(parts) = target.loads(&network, layer, choice, profile) else { continue };
                let most =
                    |time: &dyn Fn(&Load) -> u64| parts.iter().map(|p| time(&p.load)).max().unwrap_or(0);
                let messages = parts.iter().map(|p| p.load.messages_in.nominal).sum();
                out.push([
                    most(&|l| ranking.time(l)).max(floor),
                    most(&|l| ranking.nominal(l)).max(floor),
                    parts.len() as u64,
                    messages,
                ]);
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// The least ranked time, nominal time and (messages, cores) within the slack, over all combinations.
fn brute(choices: &[Vec<[u64; 4]>], cores: u64) -> Option<(u64, u64, (u64, u64))> {
    let mut all = vec![[0u64; 4]];
    for own in choices {
        let mut next = Vec::new();
        for [t, n, c, m] in &all {
            for [time, nominal, more, messages] in own {
                if c + more <= cores {
                    next.push([*t.max(time), *n.max(nominal), c + more, m + messages]);
                }
            }
        }
        next.sort_unstable();
        next.dedup();
        all = next;
    }
    let time = all.iter().map(|a| a[0]).min()?;
    all.retain(|a| a[0] == time);
    let nominal = all.iter().map(|a| a[1]).min()?;
    let cap = nominal * (1000 + SLACK) / 1000;
    let best = all.iter().filter(|a| a[1] <= cap).map(|a| (a[3], a[2])).min()?;
    Some((time, nominal, best))
}

struct Case {
    space: Space,
    target: Box<dyn Target>,
    profile: Profile,
    ranking: Ranking,
    layers: Vec<usize>,
}

fn case(graph: &Graph, rate: u32) -> Option<Case> {
    let target = registry::target("loihi2", None).unwrap();
    let retimed = retime(graph, 1).ok()?;
    let space = normalise(&retimed.graph).ok()?;
    let profile = Profile { layers: vec![Activity::stated(rate); space.network.layers.len()] };
    // Without a barrier every difference counts.
    let rates = Rates { barrier: snnc_machine::chip::Bound::default(), ..Rates::of(target.chip()).unwrap() };
    let ranking = Ranking { rates, unknown: false };
    let layers: Vec<usize> =
        (0..space.network.layers.len()).filter(|k| !space.network.layers[*k].is_input()).collect();
    let small = (1..=4).contains(&layers.len());
    small.then_some(Case { space, target, profile, ranking, layers })
}

fn fronts(case: &Case, max_cores: u64) -> Option<Vec<Front>> {
    let Case { space, target, profile, ranking, .. } = case;
    let pricing = Pricing { target: target.as_ref(), profile, ranking: *ranking, max_cores, coarse: false };
    case.layers.iter().map(|l| pricing.front(&Forms::of(space, *l)).ok()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn extraction_finds_what_trying_everything_finds(
        (graph, _) in graph_and_inputs(Config { options: true, ..Config::LOIHI2 }), rate in 1_000u32..1_000_000, cores in 1u64..14,
    ) {
        let Some(mut case) = case(&graph, rate) else { return Ok(()) };
        let Some(fronts) = fronts(&case, cores) else { return Ok(()) };
        let choices: Vec<Vec<[u64; 4]>> = case
            .layers
            .iter()
            .map(|l| all_choices(&case.space, case.target.as_ref(), &case.profile, case.ranking, *l, cores))
            .collect();
        let limits = Limits { cores, floor: 0, slack: SLACK };
        let extraction = Extraction::new(&mut case.space, fronts);
        let found = Extraction::find(&extraction.fronts, Objective::Time, limits, case.ranking, None);
        match (found, brute(&choices, cores)) {
            (Err(needed), None) => prop_assert!(needed > cores),
            (Ok(found), Some((time, _, best))) => {
                prop_assert_eq!(found.pick.optimum, time);
                let chosen = || extraction.fronts.iter().zip(&found.pick.chosen).map(|(f, k)| f.candidates[*k]);
                prop_assert_eq!((chosen().map(|c| c.messages).sum::<u64>(), chosen().map(|c| c.cores).sum::<u64>()), best);
            }
            (found, tried) => prop_assert!(false, "{:?} {:?}", found, tried),
        }
    }

    #[test]
    fn layers_share_cores_where_that_is_best(
        (graph, _) in graph_and_inputs(Config::LOIHI2), rate in 1_000u32..1_000_000, cores in 1u64..6,
    ) {
        let Some(mut case) = case(&graph, rate) else { return Ok(()) };
        let Some(fronts) = fronts(&case, cores) else { return Ok(()) };
        let extraction = Extraction::new(&mut case.space, fronts);
        let fits = |parts: &[&Part]| case.target.share(parts).map(|_| ());
        let limits = Limits { cores, floor: 0, slack: SLACK };
        let found = Extraction::find(&extraction.fronts, Objective::Time, limits, case.ranking, Some(&fits));
        let tried = shared(&case, &extraction.fronts, cores);
        match (found, tried) {
            (Err(_), None) => {}
            (Ok(found), Some(best)) => prop_assert_eq!(found.pick.optimum, best),
            (found, tried) => prop_assert!(false, "{:?} {:?}", found, tried),
        }
    }
}

/// The least time when every set of layers may be whole on shared cores, all ways of sharing tried.
fn shared(case: &Case, fronts: &[Front], cores: u64) -> Option<u64> {
    let one = Tile { channels: 1, rows: 1, cols: 1, fan_in: 1 };
    let mut best: Option<u64> = None;
    // A layer is on cores of its own, or in one of the bins.
    let mut assignment = vec![0usize; fronts.len()];
    loop {
        if let Some(time) = time_of(case, fronts, &assignment, cores, one) {
            best = Some(best.map_or(time, |b| b.min(time)));
        }
        let Some(k) = assignment.iter().position(|bin| *bin < fronts.len()) else { return best };
        assignment[k] += 1;
        assignment[..k].fill(0);
    }
}

fn time_of(case: &Case, fronts: &[Front], assignment: &[usize], cores: u64, one: Tile) -> Option<u64> {
    let mut bins: Vec<Vec<&Part>> = vec![Vec::new(); fronts.len() + 1];
    let mut apart: Vec<&Front> = Vec::new();
    for (front, bin) in fronts.iter().zip(assignment) {
        match bin {
            0 => apart.push(front),
            bin => {
                let (k, part) = front.whole.as_ref()?;
                (front.candidates[*k].choice.tile == one).then_some(())?;
                bins[*bin].push(part);
            }
        }
    }
    let mut time = 0;
    let mut used = 0;
    for bin in bins.iter().filter(|b| !b.is_empty()) {
        case.target.share(bin).ok()?;
        let load = bin.iter().fold(Load::default(), |sum, p| sum.plus(p.load));
        time = time.max(case.ranking.time(&load));
        used += 1;
    }
    let left = cores.checked_sub(used)?;
    let mut all = vec![(0u64, 0u64)];
    for front in apart {
        let with = |(t, c): &(u64, u64)| {
            front.candidates.iter().map(|x| (x.time.max(*t), x.cores + c)).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).filter(|(_, c)| *c <= left).collect();
        all.sort_unstable();
        all.dedup();
    }
    all.iter().map(|(t, _)| time.max(*t)).min()
}
