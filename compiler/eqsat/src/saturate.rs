//! Rules to saturation: limits on counts, never on time.

use std::time::Duration;

use egg::{Rewrite, Runner, SimpleScheduler, StopReason};

use crate::analysis::Analysis;
use crate::language::{EGraph, Snn};

/// Limits of a saturation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Terms of the e-graph.
    pub nodes: usize,
    /// Rounds in which every rule is tried.
    pub rounds: usize,
}

/// How a saturation went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saturation {
    /// Rounds that were needed.
    pub rounds: usize,
    /// Terms at the end.
    pub nodes: usize,
    /// Classes at the end.
    pub classes: usize,
    /// How often each rule found something new, by name; those that did not are left out.
    pub applied: Vec<(String, usize)>,
    /// The limit that ended it, when it was not saturated.
    pub cut_short: Option<&'static str>,
}

/// Runs rules until they find nothing new.
pub fn saturate(egraph: EGraph, rules: &[Rewrite<Snn, Analysis>], limits: Limits) -> (EGraph, Saturation) {
    let runner = Runner::<Snn, Analysis, ()>::new(Analysis::default())
        .with_egraph(egraph)
        .with_scheduler(SimpleScheduler)
        .with_node_limit(limits.nodes)
        .with_iter_limit(limits.rounds)
        .with_time_limit(Duration::MAX)
        .run(rules);
    let mut applied: Vec<(String, usize)> = Vec::new();
    for round in &runner.iterations {
        for (rule, count) in round.applied.iter().filter(|(_, n)| **n > 0) {
            match applied.iter_mut().find(|(name, _)| name == rule.as_str()) {
                Some((_, sum)) => *sum += count,
                None => applied.push((rule.as_str().to_owned(), *count)),
            }
        }
    }
    applied.sort();
    let cut_short = match &runner.stop_reason {
        Some(StopReason::NodeLimit(_)) => Some("terms"),
        Some(StopReason::IterationLimit(_)) => Some("rounds"),
        _ => None,
    };
    let saturation = Saturation {
        rounds: runner.iterations.len(),
        nodes: runner.egraph.total_number_of_nodes(),
        classes: runner.egraph.number_of_classes(),
        applied,
        cut_short,
    };
    (runner.egraph, saturation)
}
