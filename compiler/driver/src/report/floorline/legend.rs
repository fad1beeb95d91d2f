//! What stands below the plot: its lines, its marks, and the names behind its numbers.

use snnc_machine::floorline::State;

use super::draw::{Key, WIDTH};
use super::frame::Line;
use super::marks::{Before, Mark};
use super::plot::Plot;
use super::svg::{Drawing, INK, Shape, THIN};
use crate::report::names::shortened;

const ROW: i64 = 190;
/// Height of a row of the key, and its columns.
const KEY_ROW: i64 = 160;
const KEY_COLUMNS: usize = 3;
const LEFT: i64 = 280;
const RIGHT: i64 = 4300;

/// What is to be told.
pub(super) struct Legend<'a> {
    pub(super) plot: &'a Plot<'a>,
    pub(super) lines: &'a [Line],
    pub(super) marks: &'a [Mark<'a>],
    /// The mapping that is shown against, and what is shown of it.
    pub(super) against: Option<(&'a Plot<'a>, &'a Before)>,
    pub(super) key: &'a Key,
}

/// Two columns, lines on the left and marks on the right, and the key; gives the height.
pub(super) fn draw(out: &mut Drawing, top: i64, legend: &Legend<'_>) -> i64 {
    let rows = left(out, top, legend).max(right(out, top, legend));
    let bottom = rows * ROW + 40;
    bottom + key(out, top + bottom, legend.key)
}

fn left(out: &mut Drawing, top: i64, legend: &Legend<'_>) -> i64 {
    let row = |k: usize| top + k as i64 * ROW;
    for (k, line) in legend.lines.iter().enumerate() {
        out.line((LEFT, row(k)), (LEFT + 400, row(k)), line.style);
        out.text((LEFT + 480, row(k) + 40), "start", "", &line.what);
    }
    let k = legend.lines.len();
    let (x, y, style) = (LEFT + 200, row(k), format!("stroke=\"{THIN}\" stroke-width=\"1\""));
    out.line((x, y - 70), (x, y + 60), &style);
    out.line((x - 40, y + 60), (x + 40, y + 60), &style);
    out.text((LEFT + 480, y + 40), "start", "", "down to the lower bound of the time");
    let rows = k + 1;
    let Some((theirs, before)) = legend.against else { return rows as i64 };
    let y = row(rows);
    out.shape((LEFT + 60, y), &Shape::State(State::MemoryBound), false);
    out.arrow((LEFT + 130, y), (LEFT + 400, y));
    let cores = |plot: &Plot<'_>| format!("{} on {} core(s)", shortened(plot.target, 16), plot.cores);
    let what = format!("from {} (hollow)", cores(theirs));
    out.text((LEFT + 480, y + 40), "start", "", &what);
    out.text((LEFT + 480, y + ROW + 40), "start", "", &format!("to {}", cores(legend.plot)));
    let mut rows = rows + 2;
    let told = [
        (before.unmoved, "layer(s) stay where they were"),
        (before.gone, "layer(s) are not in this mapping"),
    ];
    for (count, what) in told.into_iter().filter(|(count, _)| *count > 0) {
        out.text((LEFT + 480, row(rows) + 40), "start", "", &format!("{count} {what}"));
        rows += 1;
    }
    rows as i64
}

fn right(out: &mut Drawing, top: i64, legend: &Legend<'_>) -> i64 {
    let theirs = legend.against.map_or(&[][..], |(plot, _)| &plot.layers);
    let has = |state: State| legend.plot.layers.iter().chain(theirs).any(|p| p.state == state);
    let all =
        [State::MemoryBound, State::ComputeBound, State::TrafficBound, State::IoBound, State::BarrierBound];
    let mut rows: Vec<(Shape, String)> = all
        .into_iter()
        .filter(|state| has(*state))
        .map(|state| (Shape::State(state), format!("{} layer", state.text())))
        .collect();
    if legend.marks.iter().any(Mark::binds) {
        rows.push((Shape::Ring, "the bottleneck".into()));
    }
    rows.push((Shape::Network, "whole network, at its busiest core".into()));
    for (k, (shape, what)) in rows.iter().enumerate() {
        let y = top + k as i64 * ROW;
        out.sample((RIGHT + 100, y), shape);
        out.text((RIGHT + 280, y + 40), "start", "", what);
    }
    rows.len() as i64
}

/// The names behind the numbers, down the columns.
fn key(out: &mut Drawing, top: i64, key: &Key) -> i64 {
    if key.names.is_empty() && key.unnamed == 0 {
        return 0;
    }
    let rows = key.names.len().div_ceil(KEY_COLUMNS);
    let wide = (WIDTH * 10 - 2 * LEFT) / KEY_COLUMNS as i64;
    out.line((LEFT, top), (WIDTH * 10 - LEFT, top), &format!("stroke=\"{THIN}\" stroke-width=\"0.5\""));
    let row = |k: usize| top + 180 + k as i64 * KEY_ROW;
    for (k, name) in key.names.iter().enumerate() {
        let x = LEFT + (k / rows.max(1)) as i64 * wide;
        let y = row(k % rows.max(1));
        out.text((x + 160, y), "end", "font-size=\"11\"", &(k + 1).to_string());
        out.text((x + 230, y), "start", &format!("font-size=\"11\" fill=\"{INK}\""), name);
    }
    if key.unnamed == 0 {
        return row(rows) - top;
    }
    let what =
        format!("{} layer(s) without a number: there is no room; layers.csv has them all", key.unnamed);
    out.text((LEFT + 160, row(rows)), "start", "font-size=\"11\"", &what);
    row(rows + 1) - top
}
