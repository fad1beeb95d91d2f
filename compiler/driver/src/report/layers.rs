//! The layers as a table.

use snnc_machine::manifest::{Layer, Manifest};

use super::usage::Usage;

/// One line per layer; times in picoseconds, loads in thousandths per step, of the busiest core.
pub(super) fn csv(manifest: &Manifest) -> String {
    let mut out = String::from(
        "layer,op,channels,rows,columns,neurons,synapses,nonzero_weights,weight_bits,encoding,tile,cores,\
         synops_max,updates_max,messages_in_max,lower_ps,nominal_ps,upper_ps,state\n",
    );
    let usage = Usage::of(manifest);
    for layer in &manifest.layers {
        out.push_str(&line(&usage, layer));
        out.push('\n');
    }
    out
}

fn line(usage: &Usage<'_>, layer: &Layer) -> String {
    let peak = usage.peak(&layer.name);
    let mut cells = vec![quoted(&layer.name), layer.op.clone()];
    cells.extend(layer.shape.iter().map(u64::to_string));
    cells.extend(
        [layer.neurons, layer.synapses, layer.nonzero_weights, layer.weight_bits].map(|n| n.to_string()),
    );
    cells.extend([layer.encoding.clone(), layer.tile.clone(), usage.shares(&layer.name).len().to_string()]);
    cells.extend([peak.synops, peak.updates, peak.messages_in].map(|load| load.nominal.to_string()));
    match &layer.bound {
        None => cells.extend(std::iter::repeat_n(String::new(), 4)),
        Some(b) => cells.extend([
            b.lower_ps.to_string(),
            b.nominal_ps.to_string(),
            b.upper_ps.map_or_else(String::new, |u| u.to_string()),
            b.state.text().into(),
        ]),
    }
    cells.join(",")
}

/// A name as a cell: in quotes where it needs them.
fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}
