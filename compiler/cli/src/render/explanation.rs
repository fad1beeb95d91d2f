//! How a layer was mapped and why.

use snnc_driver::report::explain::{Explanation, Mapped, Overview, OverviewLayer, loses_by};
use snnc_driver::report::names::Names;
use snnc_driver::report::usage::filled_ppm;
use snnc_machine::floorline::Term;
use snnc_machine::manifest::{Assumption, CoreMemory, LayerChoice};

use super::facts::{NAME, WIDTH, fact, name, name_in, names, one_line, paragraph};
use super::summary::{place, range};
use super::table::{Align, Table};
use super::units::{short, short_thousandths, time, time_fs};

/// Names that are listed.
const LISTED: usize = 12;

/// A layer.
pub(crate) fn text(e: &Explanation) -> String {
    let shape = e.shape.map(|d| d.to_string()).join("x");
    let title = format!("{}: {}, {shape}, {} neurons", name(&e.layer), name(&e.op), short(e.neurons));
    let mut out = paragraph(&title) + "\n";
    out.push_str(&fact("made of", &names(e.onnx_nodes.iter().map(String::as_str), LISTED)));
    let Some(mapping) = &e.mapping else {
        out.push_str(&fact("mapped", "no: an input comes from the host"));
        return out;
    };
    for (k, input) in e.inputs.iter().take(LISTED).enumerate() {
        let (from, delay) = (name(&input.layer), input.delay);
        let fan_in = short(input.fan_in);
        let what = format!("{from}: {fan_in} fan-in element(s) a neuron, {delay} step(s) of delay");
        out.push_str(&fact(if k == 0 { "reads" } else { "" }, &what));
    }
    if e.inputs.len() > LISTED {
        out.push_str(&fact("", &format!("and {} more", e.inputs.len() - LISTED)));
    }
    let (synapses, weights) = (short(e.synapses), short(e.nonzero_weights));
    let what =
        format!("{synapses} synapses; {weights} stored weights are not zero, of {} bits", e.weight_bits);
    out.push_str(&fact("connections", &what));
    out.push_str(&rules(e));
    out.push_str(&mapped(mapping));
    out
}

fn rules(e: &Explanation) -> String {
    if e.rules.is_empty() {
        return fact("rules", "none: the layer is on the cores as it was imported");
    }
    let mut out = String::new();
    for (k, rule) in e.rules.iter().enumerate() {
        let law = rule.law.unwrap_or("this version of snnc has no such rule");
        let what = format!("{}. {}: {law}", k + 1, name(&rule.name));
        out.push_str(&fact(if k == 0 { "rules" } else { "" }, &what));
    }
    out
}

fn mapped(m: &Mapped) -> String {
    let shared = match m.shared_cores {
        0 => String::new(),
        n => format!(", {n} of them shared with other layers"),
    };
    let what =
        format!("{}, tile {}, on {} core(s){shared}", name(&m.encoding), name(&m.tile), short(m.cores));
    let mut out = fact("mapped", &what);
    out.push_str(&choice(m));
    out.push_str(&format!("\n{}\n{}\n{}\n", memory(m), loads(m), times(m)));
    let b = &m.bound;
    let bounds = range(Some(snnc_machine::manifest::Range { lower: b.lower_ps, upper: b.upper_ps }));
    let what =
        format!("{}: {}, nominal {}; bounds: {bounds}", b.binding.text(), b.state.text(), time(b.nominal_ps));
    out.push_str(&fact("binds here", &what));
    let step = format!(
        "{} nominal, {} ({})",
        time(m.step.period_ps),
        m.step.binding.resource.text(),
        place(&m.step.binding)
    );
    out.push_str(&fact("the step", &step));
    out.push_str(&slack(m));
    out.push_str(&fact("what to change", &m.advice));
    out.push_str(&assumptions(&m.assumptions));
    out
}

fn choice(m: &Mapped) -> String {
    match &m.choice {
        Some(c) => {
            let what = format!(
                "by the search: {} choices of form, encoding and tile, of which the chip can hold {}",
                short(c.considered),
                short(c.legal)
            );
            fact("chosen", &what) + &runner_up(m, c)
        }
        None if m.by_hand => {
            fact("chosen", "by hand: the mapping was given, the search did not decide on this layer")
        }
        None => fact("chosen", "the manifest does not say how"),
    }
}

fn runner_up(m: &Mapped, c: &LayerChoice) -> String {
    let Some(r) = &c.runner_up else {
        return fact("runner-up", "none: there is no other choice");
    };
    let mut table = Table::new(&[
        ("", Align::Left),
        ("encoding", Align::Left),
        ("tile", Align::Left),
        ("cores", Align::Right),
        ("ranked time", Align::Right),
        ("nominal", Align::Right),
        ("messages/step", Align::Right),
    ]);
    let row = |what: &str, encoding: &str, tile: &str, cores: u64, times: [u64; 2], messages: u64| {
        let [ranked, nominal] = times.map(time);
        vec![
            what.into(),
            clipped(encoding),
            clipped(tile),
            short(cores),
            ranked,
            nominal,
            short_thousandths(messages),
        ]
    };
    let nominal = m.bound.nominal_ps;
    table.row(row("chosen", &m.encoding, &m.tile, m.cores, [c.time_ps, nominal], m.messages));
    table.row(row("runner-up", &r.encoding, &r.tile, r.cores, [r.time_ps, r.nominal_ps], r.messages));
    format!("\n{}{}", table.render(), fact("", &format!("the runner-up loses by: {}", loses_by(r.loses_by))))
}

/// A name in a cell of a wide table.
fn clipped(text: &str) -> String {
    name_in(text, 16)
}

fn memory(m: &Mapped) -> String {
    let mut table = Table::new(&[
        ("resource of the core where it is fullest", Align::Left),
        ("core", Align::Right),
        ("used", Align::Right),
        ("cap", Align::Right),
        ("full", Align::Right),
    ]);
    for r in &m.memory {
        let full = filled_ppm(CoreMemory { used: r.used, cap: r.cap }) / 10_000;
        let cells = [r.core.to_string(), short(r.used), short(r.cap), format!("{full} %")];
        table.row([name(&r.resource)].into_iter().chain(cells).collect());
    }
    table.render()
}

fn loads(m: &Mapped) -> String {
    let mut table = Table::new(&[
        ("load of the busiest core per step", Align::Left),
        ("core", Align::Right),
        ("lower", Align::Right),
        ("nominal", Align::Right),
        ("upper", Align::Right),
    ]);
    for t in &m.terms {
        let core = t.core.map_or_else(String::new, |c| c.to_string());
        let sides = [t.load.lower, t.load.nominal, t.load.upper].map(short_thousandths);
        let what = match t.term {
            Term::Synops => "synaptic operations (lower: non-zero weights only)",
            other => other.text(),
        };
        table.row([what.into(), core].into_iter().chain(sides).collect());
    }
    table.render()
}

fn times(m: &Mapped) -> String {
    let mut table = Table::new(&[
        ("time per step", Align::Left),
        ("each: lo", Align::Right),
        ("nominal", Align::Right),
        ("hi", Align::Right),
        ("all: lower", Align::Right),
        ("nominal", Align::Right),
        ("upper", Align::Right),
        ("", Align::Left),
    ]);
    let each = |fs: Option<u64>| fs.map_or_else(|| "unknown".into(), time_fs);
    for t in &m.terms {
        let upper = t.upper_ps.map_or_else(|| "unknown".into(), time);
        let binds = if t.term == m.bound.binding { "<- binds" } else { "" };
        table.row(vec![
            t.term.text().into(),
            each(t.lo_fs),
            each(t.nominal_fs),
            each(t.hi_fs),
            time(t.lower_ps),
            time(t.nominal_ps),
            upper,
            binds.into(),
        ]);
    }
    table.render()
}

fn slack(m: &Mapped) -> String {
    let Some(c) = &m.choice else { return String::new() };
    fact(
        "slack",
        &match c.slack_ps {
            0 => {
                "none: the step cannot be shorter than this layer, by the lower sides of loads and constants"
                    .to_owned()
            }
            ps => format!(
                "{}: so much slower the layer could be without a longer step, by the lower sides of loads and constants",
                time(ps)
            ),
        },
    )
}

/// Names of what is derived, inferred or assumed, with the sides of constants.
fn assumptions(all: &[Assumption]) -> String {
    let mut kinds: Vec<&str> = all.iter().map(|a| a.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut out = String::new();
    for (k, kind) in kinds.iter().take(LISTED).enumerate() {
        let mut named: Vec<(&str, Vec<&str>)> = Vec::new();
        for a in all.iter().filter(|a| a.kind == *kind) {
            match named.last_mut() {
                Some((name, sides)) if *name == a.name => sides.push(&a.side),
                _ => named.push((&a.name, vec![&a.side])),
            }
        }
        let one = |(what, sides): &(&str, Vec<&str>)| match sides.as_slice() {
            ["value" | "rule"] => name(what),
            sides => format!("{} ({})", name(what), names(sides.iter().copied(), LISTED)),
        };
        let shown: Vec<String> = named.iter().take(4 * LISTED).map(one).collect();
        let label = if k == 0 { "assumptions" } else { "" };
        out.push_str(&fact(label, &format!("{}: {}", name(kind), shown.join(", "))));
    }
    out
}

/// Columns of the table of all layers; the first takes what the others leave.
const OVERVIEW: [(&str, Align); 8] = [
    ("layer", Align::Left),
    ("encoding", Align::Left),
    ("tile", Align::Left),
    ("cores", Align::Right),
    ("rules", Align::Right),
    ("nominal", Align::Right),
    ("slack", Align::Right),
    ("bound by", Align::Left),
];

fn cells(l: &OverviewLayer) -> [String; 7] {
    [
        name_in(&l.encoding, 12),
        name_in(&l.tile, 12),
        super::summary::cores(l.cores, l.shared_cores),
        short(l.rules),
        time(l.nominal_ps),
        l.slack_ps.map_or_else(String::new, time),
        l.binding.text().into(),
    ]
}

/// All layers.
pub(crate) fn overview(o: &Overview) -> String {
    let rows: Vec<[String; 7]> = o.layers.iter().map(cells).collect();
    let widest = |k: usize| {
        let cells = rows.iter().map(|r| r[k].chars().count());
        cells.chain([OVERVIEW[k + 1].0.len()]).max().unwrap_or(0)
    };
    let left = WIDTH.saturating_sub((0..7).map(|k| widest(k) + 2).sum());
    let layers: Vec<String> = o.layers.iter().map(|l| one_line(&l.layer)).collect();
    let names = Names::new(layers.iter().map(String::as_str), left.min(NAME));
    let mut table = Table::new(&OVERVIEW);
    for (layer, row) in layers.iter().zip(rows) {
        table.row([names.short(layer)].into_iter().chain(row).collect());
    }
    let step = &o.bottleneck;
    let what = format!(
        "{} ({}): {}; nominal {} per step",
        step.state.text(),
        step.binding.resource.text(),
        place(&step.binding),
        time(step.period_ps)
    );
    let title = format!("{} on {}: {} core(s)", name(&o.model), name(&o.target), short(o.cores));
    format!(
        "{}\n{}\n{}{}",
        paragraph(&title),
        table.render(),
        fact("bottleneck", &what),
        fact("", "--layer NAME tells how one of them was mapped, and why")
    )
}

#[cfg(test)]
mod tests;
