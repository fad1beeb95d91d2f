//! Drawing the plot.

use super::frame::{BOTTOM, LEFT, TOP, axes, grid, lines};
use super::labels::{Area, Layout};
use super::legend::{self, Legend};
use super::marks::{Axes, Before, Mark, before, distance, marks};
use super::plot::{Plot, Point};
use super::svg::{At, Drawing, INK, Shape, THIN, escaped};
use crate::report::names::{Names, shortened};
use crate::report::scale::log2;
use crate::report::units::time;

/// Width of the picture, and height without the legend, in pixels.
pub(super) const WIDTH: i64 = 800;
const HEIGHT: i64 = 500;
/// Columns of a name in the plot, of a model in the title, and of a chip.
const NAME: usize = 24;
const MODEL: usize = 28;
const TARGET: usize = 14;
/// Marks that all have their names; of more only the bottleneck and the slowest have, the others have numbers.
const FEW: usize = 14;
const NAMED_OF_MANY: usize = 6;
/// Marks with a number at most.
const NUMBERED: usize = 93;
/// What it costs a name to cross a thin line, and a bold one.
const CROSS_THIN: i64 = 3;
const CROSS_BOLD: i64 = 12;
/// Room between a mark and the ends of an arrow.
const ARROW: i64 = 65;

/// The plot of a mapping, beside that of another when there is one.
pub(super) fn draw(plot: &Plot<'_>, against: Option<&Plot<'_>>) -> String {
    let axes = axes(plot, against);
    let mut out = Drawing::default();
    let title = format!(
        "{} on {}: floorline (estimates, not measured)",
        shortened(plot.model, MODEL),
        shortened(plot.target, TARGET)
    );
    out.text((LEFT, 300), "start", "font-size=\"15\"", &title);
    grid(&mut out, &axes);
    // Names may stand a little outside of the plot, but not on what is written along the axis.
    let frame = Area { left: LEFT, top: TOP - 180, right: WIDTH * 10 - 50, bottom: BOTTOM };
    let title_of_y = Area { left: 0, top: TOP - 220, right: LEFT + 900, bottom: TOP - 60 };
    let mut layout = Layout { frame, taken: vec![title_of_y], marks: Vec::new(), lines: Vec::new() };
    let lines = lines(plot, &axes);
    for line in &lines {
        if let Some((from, to)) = line.shown {
            out.line(from, to, line.style);
            layout.lines.push(((from, to), CROSS_BOLD));
        }
    }
    let marks = marks(&plot.layers, &axes);
    let theirs = against.map(|a| before((&plot.layers, &plot.network), (&a.layers, &a.network), &axes));
    let named = if marks.len() <= FEW { marks.len() } else { NAMED_OF_MANY };
    draw_marks(&mut out, &mut layout, &axes, plot, &marks, named, theirs.as_ref());
    for line in &lines {
        if let Some(place) = layout.put_one_of(&line.places(), line.name) {
            out.text(place.at, place.anchor, &format!("fill=\"{THIN}\" font-style=\"italic\""), line.name);
        }
    }
    let names = Names::new(plot.layers.iter().map(|p| p.name), NAME);
    let key = label(&mut out, &mut layout, &names, &marks, named, axes.place(&plot.network));
    let legend =
        Legend { plot, lines: &lines, marks: &marks, against: against.zip(theirs.as_ref()), key: &key };
    let height = HEIGHT + legend::draw(&mut out, HEIGHT * 10, &legend) / 10;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" aria-label=\"{}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"{INK}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>\n",
        escaped(&format!("{title}. {}", told(&plot.network))),
        out.0
    )
}

fn draw_marks(
    out: &mut Drawing,
    layout: &mut Layout,
    axes: &Axes,
    plot: &Plot<'_>,
    marks: &[Mark<'_>],
    named: usize,
    theirs: Option<&Before>,
) {
    let network = axes.place(&plot.network);
    for (at, point) in marks[..named].iter().map(|m| (m.at, m.points[0])).chain([(network, &plot.network)]) {
        whisker(out, layout, axes, at, point);
    }
    for (from, to) in theirs.map(|t| t.moves.as_slice()).unwrap_or_default() {
        let length = distance(*from, *to);
        if length > 3 * ARROW {
            let along = |part: i64| {
                (from.0 + (to.0 - from.0) * part / length, from.1 + (to.1 - from.1) * part / length)
            };
            out.arrow(along(ARROW), along(length - ARROW));
            layout.lines.push(((*from, *to), CROSS_THIN));
        }
    }
    for (at, shape) in theirs.map(|t| t.marks.as_slice()).unwrap_or_default() {
        out.shape(*at, shape, false);
        layout.taken.push(Area::around(*at, shape.half()));
    }
    out.told(&told(&plot.network), |out| out.shape(network, &Shape::Network, true));
    for mark in marks.iter().rev() {
        let points: Vec<String> = mark.points.iter().take(4).map(|p| told(p)).collect();
        let more = mark.points.len().saturating_sub(points.len());
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        out.told(&(points.join("; ") + &more), |out| {
            out.shape(mark.at, &mark.shape(), true);
            if mark.binds() {
                out.shape(mark.at, &Shape::Ring, true);
            }
        });
        layout.marks.push(mark.at);
        layout.taken.push(Area::around(mark.at, mark.half()));
    }
    layout.marks.push(network);
    layout.taken.push(Area::around(network, Shape::Network.half()));
}

/// From the lower bound up to the nominal time, with a cap at the bound when it is in the plot.
fn whisker(out: &mut Drawing, layout: &mut Layout, axes: &Axes, at: At, point: &Point<'_>) {
    let style = format!("stroke=\"{THIN}\" stroke-width=\"1\"");
    let bottom = axes.y.place(point.lower_ps);
    out.line((at.0, bottom), at, &style);
    layout.lines.push((((at.0, bottom), at), CROSS_THIN));
    if log2(point.lower_ps.into()) >= axes.y.ends()[0] && point.lower_ps > 0 {
        out.line((at.0 - 40, bottom), (at.0 + 40, bottom), &style);
    }
}

/// What the numbers in the plot mean.
#[derive(Default)]
pub(super) struct Key {
    /// By number, from 1.
    pub(super) names: Vec<String>,
    /// Layers of marks without a name or a number.
    pub(super) unnamed: usize,
}

/// Names at the marks that matter and numbers at the others.
fn label(
    out: &mut Drawing,
    layout: &mut Layout,
    names: &Names,
    marks: &[Mark<'_>],
    named: usize,
    network: At,
) -> Key {
    let mut put = |at: At, half: i64, text: &str, style: &str| -> Option<super::labels::Place> {
        let place = layout.put(at, half, text)?;
        if let Some(end) = place.leader() {
            out.line(at, end, &format!("stroke=\"{THIN}\" stroke-width=\"0.8\" stroke-dasharray=\"2 2\""));
        }
        if !style.is_empty() {
            out.text(place.at, place.anchor, style, text);
        }
        Some(place)
    };
    let with_count = |name: &str, mark: &Mark<'_>| {
        let more = mark.points.len() - 1;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        names.short(name) + &more
    };
    let bold = "font-weight=\"bold\"";
    let plain = "font-weight=\"normal\"";
    let mut numbered: Vec<&Mark<'_>> = Vec::new();
    for (k, mark) in marks.iter().enumerate() {
        if k == 1 {
            put(network, Shape::Network.half(), "whole network", "font-style=\"italic\"");
        }
        let style = if mark.binds() { bold } else { plain };
        if k >= named || put(mark.at, mark.half(), &with_count(mark.points[0].name, mark), style).is_none() {
            numbered.push(mark);
        }
    }
    if marks.len() < 2 {
        put(network, Shape::Network.half(), "whole network", "font-style=\"italic\"");
    }
    // As wide as any number, as the numbers follow the order of the network and are not known yet.
    let mut placed: Vec<(&Mark<'_>, super::labels::Place)> = Vec::new();
    for mark in numbered.iter().take(NUMBERED) {
        placed.extend(put(mark.at, mark.half(), "88", "").map(|place| (*mark, place)));
    }
    let layers: usize = numbered.iter().map(|m| m.points.len()).sum();
    let unnamed = layers - placed.iter().map(|(m, _)| m.points.len()).sum::<usize>();
    placed.sort_by_key(|(mark, _)| mark.order);
    let mut key = Key { names: Vec::new(), unnamed };
    for (k, (mark, place)) in placed.iter().enumerate() {
        let style = if mark.binds() { bold } else { plain };
        out.text(place.at, place.anchor, style, &(k + 1).to_string());
        key.names.push(with_count(mark.order.1, mark));
    }
    key
}

/// A point's figures, for the pointer on its mark.
fn told(point: &Point<'_>) -> String {
    format!(
        "{}: {} nominal, at least {}, {}.{:03} synaptic operations, {}",
        shortened(point.name, 2 * NAME),
        time(point.nominal_ps),
        time(point.lower_ps),
        point.synops / 1000,
        point.synops % 1000,
        point.state.text()
    )
}
