//! What is said of a layer, from a manifest.
#![allow(clippy::unwrap_used, clippy::panic)]

use snnc_driver::report::explain::{explain, find, overview};
use snnc_driver::report::usage::Usage;
use snnc_ir::diag::Code;
use snnc_machine::floorline::Term;
use snnc_machine::manifest::Manifest;
use snnc_tests::mappings::{choice, hostile, load, mapping};

fn law(name: &str) -> Option<&'static str> {
    (name == "pool-into-stride").then_some("pool(conv(x, s)) = conv(x, 2 s)")
}

/// Two layers on three cores; they share the middle one.
fn shared() -> Manifest {
    let parts = [
        (0, 0, load(1000, 40, 5)),
        (1, 0, load(900, 60, 8)),
        (1, 1, load(50, 70, 4)),
        (2, 1, load(60, 20, 90)),
    ];
    mapping(&["conv1", "conv2"], &parts)
}

#[test]
fn terms_are_those_of_the_floorline() {
    let manifest = shared();
    for layer in &manifest.layers[1..] {
        let mapped = explain(&manifest, layer, &law).mapping.unwrap();
        let bound = layer.bound.as_ref().unwrap();
        assert_eq!(mapped.terms.iter().map(|t| t.nominal_ps).max(), Some(bound.nominal_ps));
        assert_eq!(mapped.terms.iter().map(|t| t.lower_ps).max(), Some(bound.lower_ps));
        let binding = mapped.terms.iter().find(|t| t.term == bound.binding).unwrap();
        assert_eq!(binding.nominal_ps, bound.nominal_ps);
    }
    let conv1 = explain(&manifest, &manifest.layers[1], &law).mapping.unwrap();
    let term = |term: Term| conv1.terms.iter().find(|t| t.term == term).unwrap().clone();
    let synops = term(Term::Synops);
    assert_eq!((synops.core, synops.load.lower, synops.load.nominal), (Some(0), 900_000, 1_000_000));
    assert_eq!((synops.lower_ps, synops.nominal_ps, synops.upper_ps), (630_000, 700_000, Some(1_670_000)));
    assert_eq!((synops.lo_fs, synops.hi_fs), (Some(700_000), Some(1_670_000)));
    assert_eq!(term(Term::Updates).core, Some(1));
    // Nothing is known of the time of a word, but that no word takes none.
    assert_eq!((term(Term::Reads).nominal_fs, term(Term::Reads).upper_ps), (None, Some(0)));
}

#[test]
fn shared_cores_are_told_and_counted_once() {
    let manifest = shared();
    let usage = Usage::of(&manifest);
    assert_eq!((usage.shares("conv1").len(), usage.shared("conv1")), (2, 1));
    assert_eq!((usage.shares("conv2").len(), usage.shared("conv2")), (2, 1));
    assert!(usage.shares("none").is_empty());
    let conv2 = explain(&manifest, &manifest.layers[2], &law).mapping.unwrap();
    assert_eq!((conv2.cores, conv2.shared_cores, conv2.messages), (2, 1, 94_000));
    // Of memory the whole core counts.
    assert_eq!((conv2.memory[0].core, conv2.memory[0].used), (1, 130));
    let all = overview(&manifest);
    assert_eq!((all.cores, all.layers.len(), all.layers[0].shared_cores), (3, 2, 1));
}

#[test]
fn two_parts_of_a_layer_on_a_core_add_up() {
    let manifest = mapping(&["a"], &[(0, 0, load(100, 10, 0)), (0, 0, load(200, 10, 0))]);
    let usage = Usage::of(&manifest);
    assert_eq!((usage.shares("a").len(), usage.shared("a")), (1, 0));
    assert_eq!(usage.peak("a").synops.nominal, 300_000);
}

#[test]
fn the_bottleneck_is_told_what_to_change_and_others_what_they_wait_for() {
    let manifest = shared();
    assert_eq!(manifest.bounds.nominal.binding.layer.as_deref(), Some("conv2"));
    let [conv1, conv2] = [1, 2].map(|k| explain(&manifest, &manifest.layers[k], &law).mapping.unwrap());
    assert!(conv2.bottleneck && conv2.advice.contains("fewer messages"), "{}", conv2.advice);
    assert!(!conv1.bottleneck && conv1.advice.contains("waits for layer conv2"), "{}", conv1.advice);
    let idle = mapping(&["a"], &[(0, 0, load(1, 1, 1))]);
    let idle = explain(&idle, &idle.layers[1], &law).mapping.unwrap();
    assert!(!idle.bottleneck && idle.advice.contains("as short as the chip allows"), "{}", idle.advice);
}

#[test]
fn rules_have_their_laws_and_mappings_by_hand_say_so() {
    let mut manifest = shared();
    manifest.layers[1].rewrites = vec!["pool-into-stride".into(), "of another version".into()];
    manifest.layers[1].choice = Some(choice());
    manifest.inputs.options.mapping_blake3 = Some("00".into());
    let [conv1, conv2] = [1, 2].map(|k| explain(&manifest, &manifest.layers[k], &law));
    assert_eq!(conv1.rules.iter().map(|r| r.law).collect::<Vec<_>>(), [law("pool-into-stride"), None]);
    assert_eq!((conv1.mapping.unwrap().by_hand, conv2.mapping.unwrap().by_hand), (false, true));
    assert!(explain(&manifest, &manifest.layers[0], &law).mapping.is_none());
}

#[test]
fn assumptions_are_those_that_touch_the_layer() {
    let manifest = shared();
    let mapped = explain(&manifest, &manifest.layers[1], &law).mapping.unwrap();
    let names: Vec<&str> = mapped.assumptions.iter().map(|a| a.name.as_str()).collect();
    // Not of another encoding, of hops, or of messages that it does not send.
    assert_eq!(names, ["conv_memory", "stored_zeros", "t_synop", "t_synop"]);
}

#[test]
fn layers_are_found_by_their_names_and_nodes() {
    let mut manifest = shared();
    assert_eq!(find(&manifest, "conv2").unwrap().name, "conv2");
    assert_eq!(find(&manifest, "conv2.lif").unwrap().name, "conv2");
    let missing = find(&manifest, "CONV3").unwrap_err();
    assert_eq!(missing.code, Code::NoSuchLayer);
    assert!(missing.remedy.unwrap().contains("'conv1', 'conv2'"));
    manifest.layers[1].onnx_nodes.push("pool".into());
    manifest.layers[2].onnx_nodes.push("pool".into());
    let several = find(&manifest, "pool").unwrap_err();
    assert!(several.message.contains("2 layers") && several.remedy.unwrap().contains("'conv1', 'conv2'"));
}

#[test]
fn any_manifest_is_explained() {
    let manifest = hostile();
    for layer in &manifest.layers {
        let all = explain(&manifest, layer, &law);
        assert!(serde_json::to_string(&all).unwrap().len() < 10_000_000);
    }
    assert_eq!(overview(&manifest).layers.len(), 4);
    assert!(find(&manifest, &"x".repeat(1 << 20)).is_err());
    let empty = mapping(&["a"], &[]);
    assert_eq!(explain(&empty, &empty.layers[1], &law).mapping.unwrap().terms[0].core, None);
}
