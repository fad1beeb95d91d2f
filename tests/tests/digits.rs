//! The shipped network: the interpreter gives the spikes of ONNX Runtime, and the accuracy that is claimed
//! holds in the file's numbers and in the chip's integers.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use snnc_driver::model::{Model, ModelOptions};
use snnc_driver::sample::{Array, Samples, read_archive};
use snnc_driver::{pass, registry, simulate};
use snnc_ir::sim::{Execution, Simulator};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/digits").join(name)
}

fn digits() -> Model {
    Model::read(&file("digits.onnx"), &ModelOptions::default()).unwrap()
}

#[test]
fn spikes_are_those_of_onnx_runtime() {
    let model = digits();
    let graph = &model.graph;
    let samples = Samples::read(&file("heldout.npz"), graph).unwrap();
    let expected: BTreeMap<String, Array> =
        read_archive(&file("expected.npz")).unwrap().into_iter().collect();
    assert!(expected.contains_key("spk") && expected.len() > 1, "{:?}", expected.keys());
    let mut sim = Simulator::new(graph, Execution::EventDriven);
    let mut compared = 0u64;
    for sample in 0..samples.count {
        sim.reset();
        for step in 0..samples.steps {
            sim.step(&samples.step(graph, sample, step)).unwrap();
            for (name, array) in &expected {
                let layer = name.strip_suffix(".s").unwrap_or(name);
                let id = graph.ids().find(|id| graph.node(*id).name == layer).expect(layer);
                let len = graph.node(id).shape.len();
                // Hidden layers are recorded for the first samples only.
                if sample >= array.shape[0] {
                    continue;
                }
                let want = array.reals((sample * samples.steps + step) * len, len);
                let got: Vec<f32> = sim.value(id).to_f64().into_iter().map(|v| v as f32).collect();
                assert_eq!(got, want, "{name}, sample {sample}, step {step}");
                compared += len as u64;
            }
        }
    }
    assert!(compared > 200_000, "{compared}");
}

#[test]
fn at_least_95_of_100_are_right() {
    let model = digits();
    let samples = Samples::read(&file("heldout.npz"), &model.graph).unwrap();
    let accuracy = |graph| {
        let machine = Simulator::new(graph, Execution::EventDriven);
        let wanted = simulate::Wanted::default();
        let outcome = simulate::run(graph, &machine, &samples, &wanted, None, &|_| {}).unwrap();
        outcome.correct.unwrap() as f64 / outcome.samples as f64
    };
    assert!(samples.count >= 350);
    assert!(accuracy(&model.graph) >= 0.95);
    let target = registry::target("loihi2", None).unwrap();
    let quantised = target.quantise(&pass::fold::fold(&model.graph)).unwrap();
    assert!(quantised.warnings.is_empty(), "the file's weights are the chip's: {:?}", quantised.warnings);
    assert!(accuracy(&quantised.graph) >= 0.95);
}
