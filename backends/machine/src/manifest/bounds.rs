//! Bounds, and how good the mapping is.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::floorline::{Rates, State, Term};
use crate::load::Interval;

/// A quantity between bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Not less.
    pub lower: u64,
    /// Not more; unknown when a constant has no ceiling.
    pub upper: Option<u64>,
}

/// What a period is the time of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeriodOf {
    /// A time step.
    Step,
    /// A frame.
    Frame,
}

/// Bounds on the chip alone; the host is outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// What `period_ps` is the time of.
    pub period_of: PeriodOf,
    /// Time of a step (or frame), in picoseconds.
    pub period_ps: Option<Range>,
    /// Time from the first event of an inference to its last output, in picoseconds.
    pub latency_ps: Option<Range>,
    /// Time between the starts of two inferences, in picoseconds.
    pub inference_time_ps: Option<Range>,
    /// Steps between an input and the output that belongs to it.
    pub latency_steps: u32,
    /// Energy of an inference in femtojoules; none without sourced constants.
    pub energy_fj: Option<Range>,
    /// State of the term that binds in the lower bound.
    pub state: State,
    /// That term.
    pub binding: Binding,
    /// The same for the nominal loads and constants, which the search ranks by.
    pub nominal: Nominal,
    /// How far from the best possible.
    pub optimality: Optimality,
    /// What the traced steps of measured activity take, one by one; none without.
    pub trace: Option<Trace>,
    /// Whether the deadline is met, when one was given.
    pub deadline: Option<Deadline>,
    /// The busiest links, busiest first.
    pub links: Vec<LinkLoad>,
    /// Events between host and chip.
    pub io: Io,
    /// The chip's constants in these bounds, by name; one that is not here is unknown.
    pub constants: BTreeMap<String, Constant>,
}

/// What is known of a time of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// Not less, in femtoseconds; nothing known is 0 in a lower bound.
    pub lo_fs: Option<u64>,
    /// What the search ranks by, in femtoseconds; nothing known is 0 in a nominal time.
    pub nominal_fs: Option<u64>,
    /// Not more, in femtoseconds.
    pub hi_fs: Option<u64>,
}

impl Constant {
    /// The constants of a chip of which something is known.
    pub fn all(rates: &Rates) -> BTreeMap<String, Self> {
        let known = |b: &crate::chip::Bound| b.lo.or(b.nominal).or(b.hi).is_some();
        let constant =
            |b: crate::chip::Bound| Self { lo_fs: b.lo, nominal_fs: b.nominal.or(b.lo), hi_fs: b.hi };
        let named = rates.named().into_iter().filter(|(_, b)| known(b));
        named.map(|(name, b)| (name.to_owned(), constant(b))).collect()
    }
}

/// What binds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// The core; none for a link or the barrier.
    pub core: Option<u32>,
    /// Its layer.
    pub layer: Option<String>,
    /// The term.
    pub resource: Term,
}

/// Nominal time of a step; no bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nominal {
    /// In picoseconds.
    pub period_ps: u64,
    /// State of the greatest term.
    pub state: State,
    /// That term.
    pub binding: Binding,
}

/// How far the mapping is from the best possible, in the time that the search ranks by: lower sides of constants
/// and loads (of loads the nominal side where the activity is unknown), never below the barrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Optimality {
    /// Time of the mapping, in picoseconds.
    pub achieved_ps: u64,
    /// The least over the e-graph, in picoseconds: every form, encoding and tile of every layer that the rules
    /// generate, cut by exact contiguous partition, within the cores; none when the search was cut short.
    pub egraph_optimal_ps: Option<u64>,
    /// A lower bound for any mapping, which knows nothing of forms and tiles, in picoseconds.
    pub independent_lower_ps: u64,
    /// (achieved - e-graph optimal) / e-graph optimal, in millionths, rounded up.
    pub egraph_gap_ppm: Option<u64>,
    /// (achieved - independent lower) / independent lower, in millionths, rounded up.
    pub gap_ppm: u64,
    /// Why the gap to the independent bound is not smaller, the weightiest first; empty where it is small.
    pub reasons: Vec<GapReason>,
    /// What the figures cover.
    pub covers: String,
}

/// A reason why no mapping of the e-graph comes closer to the independent bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GapReason {
    /// What kind of reason.
    pub kind: GapKind,
    /// The layer that it is about, when it is about one.
    pub layer: Option<String>,
    /// In words, with the numbers.
    pub text: String,
}

/// Kinds of reasons for a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// A resource of a core makes tiles smaller than the work asks for.
    Cap,
    /// A row, column or channel cannot be cut further, so shares are uneven.
    Unsplittable,
    /// A core has parts of one layer only, so what a layer leaves of its last core is lost.
    LayerBoundary,
    /// All cores are in use.
    FullChip,
}

/// A mapping on the front of time and cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParetoPoint {
    /// Cores in use.
    pub cores: u64,
    /// The least time per step with so many cores, in the time that the search ranks by, in picoseconds.
    pub time_ps: u64,
    /// Nominal time per step of that mapping, messages sent left out, in picoseconds.
    pub nominal_ps: u64,
    /// Nominal messages into cores per step, in thousandths.
    pub messages: u64,
}

/// Bounds on the traced steps of measured activity, one inference after the other without a pause: the sum over
/// steps of the maximum over cores. Means over the traced samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// Samples that are covered.
    pub samples: u64,
    /// Steps of each.
    pub steps: u64,
    /// Time of an inference, in picoseconds.
    pub inference_time_ps: Range,
    /// The same with nominal loads and constants, in picoseconds; no bound.
    pub nominal_inference_ps: u64,
    /// The greatest bounds of a single step, in picoseconds.
    pub busiest_step_ps: Range,
    /// Of all traced steps how many are in each state by their nominal time.
    pub states: BTreeMap<State, u64>,
    /// Nominal time of an inference that no mapping goes below, in picoseconds: step by step, whatever the
    /// tiles.
    pub independent_lower_ps: u64,
    /// (nominal - independent lower) / independent lower, in millionths, rounded up.
    pub gap_ppm: u64,
}

/// A deadline and its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// The deadline, in picoseconds.
    pub period_ps: u64,
    /// Its outcome.
    pub state: DeadlineState,
    /// Deadline minus upper bound when met, minus lower bound otherwise, in picoseconds.
    pub slack_ps: i64,
}

/// Outcome of a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineState {
    /// The upper bound is within it.
    Met,
    /// The lower bound is beyond it.
    Missed,
    /// It lies between the bounds.
    Undecided,
}

impl Deadline {
    /// The outcome for a deadline.
    pub fn of(period_ps: u64, bound: Range) -> Self {
        let minus =
            |b: u64| (i128::from(period_ps) - i128::from(b)).clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        match bound.upper {
            Some(upper) if upper <= period_ps => {
                Self { period_ps, state: DeadlineState::Met, slack_ps: minus(upper) }
            }
            _ if bound.lower > period_ps => {
                Self { period_ps, state: DeadlineState::Missed, slack_ps: minus(bound.lower) }
            }
            _ => Self { period_ps, state: DeadlineState::Undecided, slack_ps: minus(bound.lower) },
        }
    }
}

/// A router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Chip.
    pub chip: u32,
    /// Column.
    pub x: u32,
    /// Row.
    pub y: u32,
}

/// A link and what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkLoad {
    /// Router that it leaves.
    pub from: Site,
    /// Router that it enters.
    pub to: Site,
    /// Messages per step, in thousandths.
    pub messages: Interval,
}

/// Events between host and chip per step, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Io {
    /// Messages from the host into cores: one per event and receiving core.
    pub events_in: Interval,
    /// Messages from cores to the host.
    pub events_out: Interval,
    /// Cores that do nothing but input and output.
    pub cores: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_between_the_bounds_is_undecided() {
        let bound = Range { lower: 10, upper: Some(20) };
        assert_eq!(Deadline::of(25, bound).state, DeadlineState::Met);
        assert_eq!(Deadline::of(25, bound).slack_ps, 5);
        assert_eq!(Deadline::of(15, bound).state, DeadlineState::Undecided);
        assert_eq!(
            Deadline::of(5, bound),
            Deadline { period_ps: 5, state: DeadlineState::Missed, slack_ps: -5 }
        );
        assert_eq!(Deadline::of(25, Range { lower: 10, upper: None }).state, DeadlineState::Undecided);
    }
}
