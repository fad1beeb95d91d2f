//! The front of time and cores.

use snnc_driver::report::usage::messages;
use snnc_machine::manifest::{Manifest, ParetoPoint};

use super::table::{Align, Table};
use super::units::{grouped, thousandths, time};

/// The front as a table with this mapping marked; empty without a front.
pub(crate) fn text(manifest: &Manifest) -> String {
    if manifest.pareto.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        ("cores", Align::Right),
        ("time per step", Align::Right),
        ("nominal", Align::Right),
        ("messages/step", Align::Right),
        ("", Align::Left),
    ]);
    for (point, mark) in marked(manifest) {
        table.row(vec![
            grouped(point.cores),
            time(point.time_ps),
            time(point.nominal_ps),
            thousandths(point.messages),
            mark.into(),
        ]);
    }
    format!("{}\n", table.render())
}

/// The points of the front with the mark of this mapping; it has a row of its own when it is not on the front.
fn marked(manifest: &Manifest) -> Vec<(ParetoPoint, &'static str)> {
    let own = ParetoPoint {
        cores: manifest.cores.len() as u64,
        time_ps: manifest.bounds.optimality.achieved_ps,
        nominal_ps: manifest.bounds.nominal.period_ps,
        messages: messages(manifest),
    };
    let is_own = |p: &ParetoPoint| (p.cores, p.time_ps) == (own.cores, own.time_ps);
    let mark = |p: &ParetoPoint| (*p, if is_own(p) { "<- this mapping" } else { "" });
    let mut rows: Vec<(ParetoPoint, &str)> = manifest.pareto.iter().map(mark).collect();
    if !manifest.pareto.iter().any(is_own) {
        let at = rows.partition_point(|(p, _)| p.cores <= own.cores);
        rows.insert(at, (own, "<- this mapping, not on the front"));
    }
    rows
}
