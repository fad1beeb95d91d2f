//! The frame of the plot: its axes with their ticks, and the lines between which the points lie.

use super::draw::WIDTH;
use super::marks::Axes;
use super::plot::Plot;
use super::svg::{At, BARRIER, Drawing, FLOOR, GRID, SLOPE, THIN};
use crate::report::scale::{Axis, Tick, log2};
use crate::report::units::{time, time_fs};

/// The plot's edges.
pub(super) const LEFT: i64 = 850;
pub(super) const RIGHT: i64 = WIDTH * 10 - 200;
pub(super) const TOP: i64 = 600;
pub(super) const BOTTOM: i64 = 4400;
/// Bounds and lines further away than this do not stretch the plot.
const FAR: u64 = 10;

/// Axes that hold all points, and lines and bounds that are near.
pub(super) fn axes(plot: &Plot<'_>, against: Option<&Plot<'_>>) -> Axes {
    let points =
        || [Some(plot), against].into_iter().flatten().flat_map(|p| p.layers.iter().chain([&p.network]));
    let nominal: Vec<u64> = points().map(|p| p.nominal_ps).collect();
    let least = nominal.iter().copied().filter(|t| *t > 0).min().unwrap_or(1);
    let lines = [plot.floor_ps, plot.barrier_ps].into_iter().chain(points().map(|p| p.lower_ps));
    let near = lines.filter(|t| *t >= least / FAR);
    let times: Vec<u64> = near.chain(nominal).collect();
    Axes { x: Axis::new(points().map(|p| p.synops), LEFT, RIGHT), y: Axis::new(times, BOTTOM, TOP) }
}

/// Grid, ticks and what is written along the axes.
pub(super) fn grid(out: &mut Drawing, axes: &Axes) {
    let faint = format!("stroke=\"{GRID}\" stroke-width=\"1\"");
    for tick in &axes.x.ticks {
        let at = axes.x.tick(*tick);
        out.line((at, TOP), (at, BOTTOM), &faint);
        out.text((at, BOTTOM + 180), "middle", "", &operations(*tick));
    }
    for tick in &axes.y.ticks {
        let at = axes.y.tick(*tick);
        out.line((LEFT, at), (RIGHT, at), &faint);
        out.text((LEFT - 80, at + 40), "end", "", &duration(*tick));
    }
    let edge = format!("stroke=\"{THIN}\" stroke-width=\"1\"");
    out.line((LEFT, BOTTOM), (RIGHT, BOTTOM), &edge);
    out.line((LEFT, TOP), (LEFT, BOTTOM), &edge);
    let middle = (LEFT + RIGHT) / 2;
    out.text(
        (middle, BOTTOM + 380),
        "middle",
        "",
        "synaptic operations of the busiest core per step (nominal)",
    );
    out.text((100, TOP - 100), "start", "", "nominal time per step");
}

/// A tick in thousandths.
fn operations(tick: Tick) -> String {
    match tick.power.checked_sub(3) {
        None => format!("0.{}{}", "0".repeat(2 - tick.power as usize), tick.digit),
        Some(power) => scaled(tick.digit, power, &["", "k", "M", "G", "T"]),
    }
}

/// A tick in picoseconds.
fn duration(tick: Tick) -> String {
    scaled(tick.digit, tick.power, &[" ps", " ns", " µs", " ms", " s"])
}

fn scaled(digit: u32, power: u32, units: &[&str]) -> String {
    let unit = (power as usize / 3).min(units.len() - 1);
    format!("{digit}{}{}", "0".repeat(power as usize - 3 * unit), units[unit])
}

/// The slope, the floor or the barrier.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) style: &'static str,
    /// What it is, with its number.
    pub(super) what: String,
    /// Its ends; none when it is not in the plot.
    pub(super) shown: Option<(At, At)>,
}

impl Line {
    /// Where its name may stand.
    pub(super) fn places(&self) -> Vec<(At, &'static str)> {
        let Some((from, to)) = self.shown else { return Vec::new() };
        if from.1 == to.1 {
            let beside = |x: i64, anchor| [((x, from.1 - 40), anchor), ((x, from.1 + 135), anchor)];
            return [beside(RIGHT - 60, "end"), beside(LEFT + 60, "start")].concat();
        }
        let on =
            |tenths: i64| (from.0 + (to.0 - from.0) * tenths / 10, from.1 + (to.1 - from.1) * tenths / 10);
        [9, 8, 2, 1, 7, 6, 5, 4, 3]
            .map(on)
            .iter()
            .flat_map(|(x, y)| [((x - 60, y - 20), "end"), ((x + 60, y + 110), "start")])
            .collect()
    }
}

/// Slope, floor and barrier, as far as they are known.
pub(super) fn lines(plot: &Plot<'_>, axes: &Axes) -> Vec<Line> {
    let flat = |name, style, what: &str, ps: u64| {
        let log = log2(ps.into());
        let [low, high] = axes.y.ends();
        let at = axes.y.at(log);
        let shown = (low..=high).contains(&log).then_some(((LEFT, at), (RIGHT, at)));
        let away = if shown.is_none() { ", outside the plot" } else { "" };
        Line { name, style, what: format!("{name}: {what}{}{away}", time(ps)), shown }
    };
    let mut out = Vec::new();
    if plot.synop_fs > 0 {
        let each = time_fs(plot.synop_fs);
        let what = format!("slope: synaptic operations, {each} each");
        out.push(Line { name: "slope", style: SLOPE, what, shown: slope(plot.synop_fs, axes) });
    }
    if plot.floor_ps > 0 {
        out.push(flat("floor", FLOOR, "neuron updates of the fullest core, ", plot.floor_ps));
    }
    if plot.barrier_ps > 0 {
        out.push(flat("barrier", BARRIER, "", plot.barrier_ps));
    }
    out
}

/// The time that synaptic operations alone take, where it lies in the plot: a straight line between logarithms.
fn slope(synop_fs: u64, axes: &Axes) -> Option<(At, At)> {
    // Thousandths of an operation on one axis, picoseconds on the other.
    let each = log2(synop_fs.into()) - log2(1_000_000);
    let [left, right] = axes.x.ends();
    let [low, high] = axes.y.ends();
    let (from, to) = (left.max(low - each), right.min(high - each));
    let at = |x: i64| (axes.x.at(x), axes.y.at(x + each));
    (from < to).then(|| (at(from), at(to)))
}
