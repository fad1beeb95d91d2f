//! The floorline plot: one point per layer, nominal time per step over the synaptic operations of its
//! busiest core, between the slope of memory-bound layers and the barrier.

use snnc_machine::chip::names;
use snnc_machine::manifest::Manifest;

use super::scale::Axis;

/// Size of the picture in pixels.
const WIDTH: i64 = 760;
const HEIGHT: i64 = 500;
/// The plot's edges in tenths of a pixel: left, right, top, bottom.
const EDGES: [i64; 4] = [900, 7300, 600, 4400];

/// A layer in the plot.
struct Point<'m> {
    name: &'m str,
    /// Synaptic operations of its busiest core per step.
    synops: u64,
    /// Nominal time in picoseconds.
    time: u64,
    binds: bool,
}

pub(super) fn svg(manifest: &Manifest) -> String {
    let points = points(manifest);
    let nominal = |name| manifest.bounds.constants.get(name).and_then(|c| c.nominal_fs).unwrap_or(0);
    let barrier = nominal(names::T_BARRIER) / 1000;
    let floor = points.iter().map(|p| p.time).chain([barrier]).max().unwrap_or(1);
    let synops: Vec<u64> = points.iter().map(|p| p.synops.max(1)).collect();
    let times: Vec<u64> = points.iter().map(|p| p.time.max(1)).chain([barrier.max(1), floor]).collect();
    let x = Axis::new(&synops, EDGES[0], EDGES[1]);
    let y = Axis::new(&times, EDGES[3], EDGES[2]);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    let title = format!(
        "{} on {}: floorline (nominal, not measured)",
        manifest.inputs.model.name, manifest.inputs.target
    );
    text(&mut out, EDGES[0], 300, "start", 15, &title);
    grid(&mut out, x, y);
    slope(&mut out, x, y, nominal(names::T_SYNOP));
    if barrier > 0 {
        let at = y.place(barrier);
        line(&mut out, (EDGES[0], at), (EDGES[1], at), "#b45309", "6 4");
        text(&mut out, EDGES[1], at - 50, "end", 12, "barrier");
    }
    let mut taken: Vec<(i64, i64)> = Vec::new();
    for p in &points {
        let (px, py) = (x.place(p.synops.max(1)), y.place(p.time.max(1)));
        let colour = if p.binds { "#b91c1c" } else { "#1d4ed8" };
        out.push_str(&format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"{colour}\"/>\n",
            px_of(px),
            px_of(py)
        ));
        // On the side with more room; as near as the labels before it allow.
        let (anchor, dx) = if px > (EDGES[0] + EDGES[1]) / 2 { ("end", -90) } else { ("start", 90) };
        let free = |at: &i64| taken.iter().all(|(x, y)| (x - px).abs() > 700 || (y - at).abs() > 130);
        let at = (0..40i64)
            .map(|k| py + 40 + [1, -1][k as usize % 2] * (k + 1) / 2 * 130)
            .find(free)
            .unwrap_or(py);
        taken.push((px, at));
        text(&mut out, px + dx, at, anchor, 12, p.name);
    }
    let legend = "slope: as fast as synaptic operations allow; above it a layer is bound by updates or messages; red: the bottleneck";
    text(&mut out, EDGES[0], EDGES[3] + 550, "start", 11, legend);
    out.push_str("</svg>\n");
    out
}

fn points(manifest: &Manifest) -> Vec<Point<'_>> {
    let binding = manifest.bounds.nominal.binding.layer.as_deref();
    let point = |layer: &'_ snnc_machine::manifest::Layer| -> Option<(u64, u64)> {
        let parts = manifest.cores.iter().flat_map(|c| &c.parts).filter(|p| p.layer == layer.name);
        let synops = parts.map(|p| p.load.synops.nominal.div_ceil(1000)).max()?;
        Some((synops, layer.bound.as_ref()?.nominal_ps))
    };
    manifest
        .layers
        .iter()
        .filter_map(|layer| {
            let (synops, time) = point(layer)?;
            Some(Point { name: &layer.name, synops, time, binds: binding == Some(&layer.name) })
        })
        .collect()
}

/// Tenths of a pixel as pixels.
fn px_of(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, (tenths % 10).abs())
}

fn line(out: &mut String, from: (i64, i64), to: (i64, i64), colour: &str, dashes: &str) {
    out.push_str(&format!(
        "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-dasharray=\"{dashes}\"/>\n",
        px_of(from.0),
        px_of(from.1),
        px_of(to.0),
        px_of(to.1)
    ));
}

fn text(out: &mut String, x: i64, y: i64, anchor: &str, size: u32, content: &str) {
    out.push_str(&format!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"#111827\">{}</text>\n",
        px_of(x),
        px_of(y),
        escaped(content)
    ));
}

/// Text for XML; control characters, which XML does not allow, become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn grid(out: &mut String, x: Axis, y: Axis) {
    for power in x.first..=x.last {
        let at = x.place(10u64.saturating_pow(power));
        line(out, (at, EDGES[2]), (at, EDGES[3]), "#e5e7eb", "none");
        text(out, at, EDGES[3] + 180, "middle", 12, &count(power));
    }
    for power in y.first..=y.last {
        let at = y.place(10u64.saturating_pow(power));
        line(out, (EDGES[0], at), (EDGES[1], at), "#e5e7eb", "none");
        text(out, EDGES[0] - 70, at + 40, "end", 12, &time(power));
    }
    text(
        out,
        (EDGES[0] + EDGES[1]) / 2,
        EDGES[3] + 360,
        "middle",
        12,
        "synaptic operations of the busiest core per step",
    );
    text(out, EDGES[0] - 70, EDGES[2] - 120, "middle", 12, "time per step");
}

fn count(power: u32) -> String {
    let digit = 10u64.pow(power % 3);
    format!("{digit}{}", ["", "k", "M", "G", "T"].get(power as usize / 3).copied().unwrap_or("?"))
}

/// A power of ten in picoseconds.
fn time(power: u32) -> String {
    let digit = 10u64.pow(power % 3);
    format!("{digit} {}", ["ps", "ns", "µs", "ms", "s"].get(power as usize / 3).copied().unwrap_or("?"))
}

/// The time that synaptic operations alone take, `synop` femtoseconds each, where it lies in the plot.
fn slope(out: &mut String, x: Axis, y: Axis, synop: u64) {
    if synop == 0 {
        return;
    }
    let (first, last) = (10u64.saturating_pow(y.first), 10u64.saturating_pow(y.last));
    let of = |synops: u64| synops.saturating_mul(synop) / 1000;
    let at = |time: u64| time.saturating_mul(1000) / synop;
    let from = 10u64.saturating_pow(x.first).max(at(first)).max(1);
    let to = 10u64.saturating_pow(x.last).min(at(last));
    if from < to {
        line(out, (x.place(from), y.place(of(from))), (x.place(to), y.place(of(to))), "#047857", "none");
    }
}
