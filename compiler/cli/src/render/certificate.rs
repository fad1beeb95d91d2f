//! How good a mapping is, and whether it meets its deadline.

use snnc_machine::chip::names;
use snnc_machine::manifest::{Bounds, DeadlineState, GapReason, Manifest, Optimality};

use super::units::{gap, time};

/// A gap in millionths above which its reasons are told.
const LARGE: u64 = 20_000;
/// Reasons that are told; the others are counted.
const TOLD: usize = 5;

/// The best over the e-graph, the bound that no mapping is below, and the reasons for what lies between.
pub(crate) fn text(manifest: &Manifest) -> String {
    let b = &manifest.bounds;
    let o = &b.optimality;
    let loads = match manifest.inputs.activity.source.as_str() {
        "none" => "lower sides of constants, loads of all-firing",
        _ => "lower sides of constants and loads",
    };
    let mut out =
        format!("ranked time      {} per step: {loads}, no less than the barrier\n", time(o.achieved_ps));
    if is_barrier(b) {
        out.push_str("                 the barrier alone takes that long: no mapping is faster\n");
    }
    out.push_str(&match (o.egraph_optimal_ps, o.egraph_gap_ppm) {
        (Some(best), Some(ppm)) => format!(
            "e-graph optimum  {}, over every form, encoding and tile that the rules give: gap {}\n",
            time(best),
            gap(ppm)
        ),
        _ => "e-graph optimum  unknown: the search was cut short\n".to_owned(),
    });
    out.push_str(&format!(
        "no mapping below {}, whatever its forms and tiles: gap {}\n",
        time(o.independent_lower_ps),
        gap(o.gap_ppm)
    ));
    out.push_str(&reasons(o));
    out
}

/// Whether the ranked time is that of the barrier, which it is never below.
fn is_barrier(b: &Bounds) -> bool {
    let barrier = b.constants.get(names::T_BARRIER).and_then(|c| c.nominal_fs).unwrap_or(0);
    barrier > 0 && b.optimality.achieved_ps <= barrier.div_ceil(1000)
}

fn reasons(o: &Optimality) -> String {
    if o.gap_ppm <= LARGE {
        return String::new();
    }
    let line = |k: usize, r: &GapReason| {
        let label = if k == 0 { "why the gap" } else { "" };
        let text = r.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let layer = r.layer.as_ref().map_or_else(String::new, |layer| format!("{layer}: "));
        format!("{label:<17}{layer}{text}\n")
    };
    let mut out: String = o.reasons.iter().take(TOLD).enumerate().map(|(k, r)| line(k, r)).collect();
    let more = o.reasons.len().saturating_sub(TOLD);
    if more > 0 {
        out.push_str(&format!("{:17}and {more} more reason(s), in the manifest\n", ""));
    }
    out
}

/// The outcome of a deadline; empty without one.
pub(crate) fn deadline(b: &Bounds) -> String {
    let Some(d) = b.deadline else { return String::new() };
    let slack = time(d.slack_ps.unsigned_abs());
    let state = match (d.state, b.period_ps.and_then(|p| p.upper)) {
        (DeadlineState::Met, _) => format!("met, the upper bound leaves {slack}"),
        (DeadlineState::Missed, _) => format!("missed, the lower bound is beyond it by {slack}"),
        (DeadlineState::Undecided, Some(upper)) => format!(
            "undecided, {slack} above the lower bound and {} below the upper one",
            time(upper.saturating_sub(d.period_ps))
        ),
        (DeadlineState::Undecided, None) => {
            format!("undecided, {slack} above the lower bound, and there is no upper one")
        }
    };
    format!("deadline         {}: {state}\n", time(d.period_ps))
}
