//! The layers as a table.

use snnc_machine::manifest::{Layer, Manifest};

/// One line per layer; times in picoseconds, loads in thousandths per step, of the busiest core.
pub(super) fn csv(manifest: &Manifest) -> String {
    let mut out = String::from(
        "layer,op,channels,rows,columns,neurons,synapses,nonzero_weights,weight_bits,encoding,tile,cores,\
         synops_max,updates_max,messages_in_max,lower_ps,nominal_ps,upper_ps,state\n",
    );
    for layer in &manifest.layers {
        out.push_str(&line(manifest, layer));
        out.push('\n');
    }
    out
}

fn line(manifest: &Manifest, layer: &Layer) -> String {
    let parts = || manifest.cores.iter().flat_map(|c| &c.parts).filter(|p| p.layer == layer.name);
    let max = |pick: fn(&snnc_machine::load::Load) -> u64| {
        parts().map(|p| pick(&p.load)).max().unwrap_or(0).to_string()
    };
    let mut cells = vec![quoted(&layer.name), layer.op.clone()];
    cells.extend(layer.shape.iter().map(u64::to_string));
    cells.extend(
        [layer.neurons, layer.synapses, layer.nonzero_weights, layer.weight_bits].map(|n| n.to_string()),
    );
    cells.extend([layer.encoding.clone(), layer.tile.clone(), parts().count().to_string()]);
    cells.extend([max(|l| l.synops.nominal), max(|l| l.updates.nominal), max(|l| l.messages_in.nominal)]);
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
