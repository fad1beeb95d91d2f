//! `snnc ops`.

use snnc_driver::model::onnx_operators;
use snnc_ir::diag::Diagnostics;

use crate::render::output::out;
use crate::render::table::{Align, Table};

/// Families of `ai.snnc` with the rest of their names.
const NEURONS: &[(&str, &str)] = &[
    ("LIF", "integrate-and-fire, with or without leak"),
    ("CUBA", "current-based integrate-and-fire"),
    ("CUBAInt", "current-based, 12-bit integer form"),
    ("SigmaDelta", "sigma-delta unit"),
    ("Delta", "delta encoder"),
    ("LI", "leaky integrator, for readout"),
];

pub(super) fn run() -> Result<(), Diagnostics> {
    let mut table = Table::new(&[("domain", Align::Left), ("operator", Align::Left), ("what", Align::Left)]);
    for (domain, name) in onnx_operators() {
        table.row(vec![domain.into(), name.into(), String::new()]);
    }
    for (family, what) in NEURONS {
        table.row(vec!["ai.snnc".into(), format!("{family}_…, {family}Seq_…"), (*what).into()]);
    }
    out(&format!(
        "{}\nSome are read in certain forms only; a refusal says which. docs/ai.snnc.md has the neurons' names.\n",
        table.render()
    ))
}
