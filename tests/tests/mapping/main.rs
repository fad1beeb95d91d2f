//! Mappings that a user gives: random legal ones are taken, run core by core, and told with the bounds that follow
//! from their loads; a manifest replayed gives what it was written for; earlier cores are kept.
#![allow(clippy::unwrap_used, clippy::panic)]

mod format;
mod like;
mod random;
mod replay;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use snnc_driver::Silent;
use snnc_driver::compile::{Compilation, GivenMapping, Options, compile};
use snnc_driver::model::Model;
use snnc_ir::graph::Graph;
use snnc_machine::load::{Interval, Load};
use snnc_machine::manifest::{Constant, Layer, Manifest, check_coverage};
use snnc_machine::mapping::{LayerMapping, MappingFile, SCHEMA};

/// The options of all runs of random networks.
fn options(target: &str) -> Options {
    Options { activity: Some("0.3".into()), ..Options::new(target) }
}

fn given(file: &MappingFile) -> GivenMapping {
    GivenMapping::parse("mapping.json", &serde_json::to_string(file).unwrap()).unwrap()
}

fn file(layers: Vec<LayerMapping>) -> MappingFile {
    MappingFile { schema: SCHEMA.into(), layers }
}

fn manifest(done: Compilation) -> Manifest {
    done.manifest.unwrap()
}

fn model(graph: &Graph) -> Model {
    Model {
        graph: graph.clone(),
        file: "random.snn".into(),
        hash: String::new(),
        opset: BTreeMap::new(),
        neurons: BTreeMap::new(),
        notes: Vec::new(),
        warnings: Vec::new(),
        time: std::time::Duration::ZERO,
    }
}

fn layers(manifest: &Manifest) -> impl Iterator<Item = &Layer> {
    manifest.layers.iter().filter(|l| l.op != "input")
}

/// The time of a step by hand: the greatest term of a core, of the busiest link, and the barrier, in picoseconds.
/// `side` takes the side of a load, `constant` that of a constant; `up` says how femtoseconds are rounded.
fn period(
    manifest: &Manifest,
    side: fn(Interval) -> u64,
    constant: fn(&Constant) -> Option<u64>,
    up: bool,
) -> u64 {
    let time = |name: &str| manifest.bounds.constants.get(name).and_then(constant).unwrap_or(0);
    let product = |load: Interval, name: &str| {
        let exact = u128::from(side(load)) * u128::from(time(name));
        (if up { exact.div_ceil(1000) } else { exact / 1000 }) as u64
    };
    let mut most = time("t_barrier");
    for core in &manifest.cores {
        let load = core.parts.iter().fold(Load::default(), |sum, p| sum.plus(p.load));
        most = most
            .max(product(load.synops, "t_synop"))
            .max(product(load.reads, "t_read"))
            .max(product(load.updates, "t_update"))
            .max(product(load.messages_in, "t_message_in"))
            .max(product(load.messages_out, "t_message_out"));
    }
    if let Some(link) = manifest.bounds.links.first() {
        most = most.max(product(link.messages, "t_link"));
    }
    if up { most.div_ceil(1000) } else { most / 1000 }
}

/// Bounds that follow from the loads, cores within their memory, every neuron on one core, and no time below the
/// bound that holds for any mapping.
fn holds(manifest: &Manifest, target: &str) -> TestCaseResult {
    prop_assert_eq!(check_coverage(manifest), Ok(()));
    prop_assert_eq!(&manifest.inputs.target, target);
    for (k, core) in manifest.cores.iter().enumerate() {
        prop_assert_eq!(core.id as usize, k);
        prop_assert!(!core.parts.is_empty());
        prop_assert!(core.memory.values().all(|m| m.used <= m.cap), "{core:?}");
    }
    let b = &manifest.bounds;
    prop_assert_eq!(b.period_ps.unwrap().lower, period(manifest, |i| i.lower, |c| c.lo_fs, false));
    prop_assert_eq!(b.nominal.period_ps, period(manifest, |i| i.nominal, |c| c.nominal_fs, true));
    prop_assert!(b.optimality.independent_lower_ps <= b.optimality.achieved_ps, "{:?}", b.optimality);
    Ok(())
}

/// The search's own mapping of a random network; none where the chip refuses it.
fn ours(graph: &Graph, target: &str) -> Option<Manifest> {
    compile(&model(graph), &options(target), &mut Silent).ok().map(manifest)
}
