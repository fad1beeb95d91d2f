//! The text form over random networks and as files.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use snnc_frontends::text::read;
use snnc_ir::diag::{Code, Diagnostics};
use snnc_ir::graph::Graph;
use snnc_ir::graph::verify::verify;
use snnc_ir::sim::{Execution, Simulator};
use snnc_ir::text::{BLOB_FILE, parse_with_blob, print_node, print_with_blob};
use snnc_tests::arbitrary::{Config, graph, graph_and_inputs};
use std::path::Path;

fn any_config() -> impl Strategy<Value = Config> {
    prop::sample::select(vec![
        Config::REAL,
        Config::INTEGER,
        Config::CHAIN,
        Config::LOIHI2,
        Config::SPECK,
        Config::AKD1000,
    ])
}

fn any_graph() -> impl Strategy<Value = Graph> {
    any_config().prop_flat_map(graph)
}

proptest! {
    #[test]
    fn random_networks_are_sound(graph in any_graph()) {
        prop_assert_eq!(verify(&graph), Ok(()));
    }

    #[test]
    fn what_is_printed_is_read_back(graph in any_graph()) {
        let (text, blob) = print_with_blob(&graph);
        let back = parse_with_blob(&text, &blob);
        prop_assert_eq!(back.as_ref(), Ok(&graph), "{}", text);
        prop_assert_eq!(print_with_blob(&graph), (text, blob));
        for id in graph.ids() {
            prop_assert_eq!(print_node(&graph, id).lines().count(), 1);
        }
    }

    /// The verifier's promise, for the interpreter.
    #[test]
    fn random_networks_run((graph, inputs) in any_config().prop_flat_map(graph_and_inputs)) {
        let mut dense = Simulator::new(&graph, Execution::Dense);
        let mut events = Simulator::new(&graph, Execution::EventDriven);
        for step in &inputs {
            prop_assert_eq!(dense.step(step), Ok(()));
            prop_assert_eq!(events.step(step), Ok(()));
            for id in graph.ids() {
                prop_assert_eq!(dense.value(id), events.value(id), "{}", print_node(&graph, id));
            }
        }
    }
}

fn write(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("network.snn");
    std::fs::write(&path, text).expect("a temporary file can be written");
    path
}

fn refusal(folder: &Path, text: &str) -> Diagnostics {
    read(&write(folder, text)).expect_err("the file is refused")
}

#[test]
fn a_file_is_read_with_the_weights_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<String> = (0..100).map(|k| format!("{k}")).collect();
    let body = format!(
        "network \"n\" steps 1 real {{ @0 = weights f32 [2, 50, 1, 1] [{}]\n%0 = input \"x\" : 50x1x1 {{values real}}\n\
         %1 = linear \"fc\" (%0, @0) : 2x1x1\n%2 = output \"y\" (%1) : 2x1x1 }}",
        values.join(", ")
    );
    let graph = read(&write(folder.path(), &body)).unwrap();
    let (text, blob) = print_with_blob(&graph);
    let missing = refusal(folder.path(), &text);
    assert_eq!(missing[0].code, Code::ExternalData);
    std::fs::write(folder.path().join(BLOB_FILE), &blob[1..]).unwrap();
    assert_eq!(refusal(folder.path(), &text)[0].code, Code::BadText);
    std::fs::write(folder.path().join(BLOB_FILE), &blob).unwrap();
    assert_eq!(read(&write(folder.path(), &text)), Ok(graph));
}

#[cfg(unix)]
#[test]
fn the_weights_must_be_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("secret"), [0; 400]).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("secret"), folder.path().join(BLOB_FILE)).unwrap();
    let text = "network \"n\" steps 1 real { @0 = weights f32 [100, 1, 1, 1] blob 0..400 }";
    let refused = refusal(folder.path(), text);
    assert_eq!(refused[0].code, Code::ExternalData);
    assert!(refused[0].message.ends_with("it leads out of the folder of the text"), "{refused:?}");
}

#[test]
fn a_malformed_text_names_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let refused = refusal(folder.path(), "network \"n\" steps 1 real {\n  %0 = inptu \"x\" : 1x1x1\n}\n");
    let [d] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!(
        (d.code, d.message.as_str()),
        (Code::BadText, "network.snn:2:8: there is no operator 'inptu'")
    );
    let at = d.at.as_ref().unwrap();
    assert_eq!(at.line.as_deref(), Some("%0 = inptu \"x\" : 1x1x1"));
    // A long line is cut to what is around the place.
    let long =
        format!("network \"n\" steps 1 real {{ @0 = weights i8 [1, 1, 1, 1] [{}x] }}", "1, ".repeat(10_000));
    let refused = refusal(folder.path(), &long);
    assert!(refused[0].at.as_ref().unwrap().line.as_ref().unwrap().ends_with("1, x] }"), "{refused:?}");
    std::fs::write(folder.path().join("network.snn"), b"\xff").unwrap();
    assert_eq!(read(&folder.path().join("network.snn")).unwrap_err()[0].code, Code::BadText);
    assert_eq!(read(&folder.path().join("none.snn")).unwrap_err()[0].code, Code::FileUnreadable);
}

#[test]
fn every_broken_rule_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let refused = refusal(
        folder.path(),
        "network \"n\" steps 0 real {\n  %0 = input \"x\" : 1x1x1 {values 1..=0}\n  %1 = output \"y\" (%0) : 2x1x1\n}\n",
    );
    let told: Vec<(Code, &str, Option<&str>)> = refused
        .iter()
        .map(|d| (d.code, d.message.as_str(), d.at.as_ref().and_then(|at| at.line.as_deref())))
        .collect();
    assert_eq!(
        told,
        [
            (
                Code::Unverified,
                "its range of values is empty",
                Some("%0 = input \"x\" : 1x1x1 {values 1..=0}")
            ),
            (Code::Unverified, "its shape is 1x1x1, not 2x1x1", Some("%1 = output \"y\" (%0) : 2x1x1")),
            (Code::Unverified, "a network runs for at least one step", None),
        ]
    );
}

/// What random networks must be able to hold: the words of the text form.
const WORDS: &[&str] = &[
    "input",
    "conv2d",
    "linear",
    "sum_pool",
    "max_pool",
    "add",
    "concat",
    "reshape",
    "slice",
    "delay",
    "if",
    "lif",
    "cuba",
    "sigma_delta",
    "delta",
    "integrator",
    "activation",
    "output",
    "f32",
    "i8",
    "i32",
    "sparse",
    "seeded",
    "scale",
    "channel",
    "neuron",
    "blob",
    "stride",
    "pad",
    "dilation",
    "groups",
    "bias",
    "divisor",
    "order",
    "current_order",
    "gain",
    "rest",
    "gt",
    "ge",
    "none",
    "subtract",
    "zero",
    "value",
    "same",
    "next",
    "refund",
    "reset_value",
    "count",
    "max_count",
    "scaled",
    "v_min",
    "refractory",
    "levels",
    "initial",
    "current_initial",
    "start",
    "relu",
    "identity",
    "unit",
    "zero_point",
    "binary",
    "real",
    "shift",
    "nearest",
    "down",
    "v_bits",
    "i_bits",
    "wrap",
    "saturate",
    "from",
];

#[test]
fn random_networks_hold_everything() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop_oneof![graph(Config::REAL), graph(Config::INTEGER)];
    let mut missing: std::collections::BTreeSet<&str> = WORDS.iter().copied().collect();
    let (mut nodes, mut loops) = (0, 0);
    for _ in 0..1000 {
        let graph = strategy.new_tree(&mut runner).unwrap().current();
        nodes += graph.nodes.len();
        loops += graph.ids().zip(&graph.nodes).filter(|(id, n)| n.inputs.iter().any(|i| i > id)).count();
        let (text, _) = print_with_blob(&graph);
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            missing.remove(word);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(nodes > 7000, "{nodes} nodes in 1000 networks");
    assert!(loops > 300, "{loops} loops in 1000 networks");
}
