//! Mapped equals unmapped: on random small networks with branches, delays and loops, what the cores
//! compute is what the graph computes, `latency_steps` later.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use snnc_driver::Silent;
use snnc_driver::compile::{Options, compile};
use snnc_driver::model::Model;
use snnc_driver::pass::retime::retime;
use snnc_eqsat::extract::Objective;
use snnc_eqsat::normalise::normalise;
use snnc_ir::diag::Code;
use snnc_ir::graph::verify::verify;
use snnc_ir::graph::{Graph, Number};
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_ir::text;
use snnc_machine::manifest::check_coverage;
use snnc_tests::arbitrary::{Config, graph_and_inputs};
use snnc_tests::mapped;

/// The outputs of a graph in every step; zeros go in when the inputs have run out.
fn outputs(graph: &Graph, inputs: &[Vec<Values>], steps: usize) -> Vec<Vec<Values>> {
    let mut sim = Simulator::new(graph, Execution::EventDriven);
    let zeros: Vec<Values> = graph
        .inputs()
        .iter()
        .map(|id| match graph.number {
            Number::Integer => Values::Integer(vec![0; graph.node(*id).shape.len()]),
            Number::Real => Values::Real(vec![0.0; graph.node(*id).shape.len()]),
        })
        .collect();
    let mut out = Vec::new();
    for step in 0..steps {
        sim.step(inputs.get(step).unwrap_or(&zeros)).unwrap();
        out.push(graph.outputs().into_iter().map(|id| sim.value(id)).collect());
    }
    out
}

fn options() -> Options {
    Options {
        target: "loihi2".into(),
        chip: None,
        activity: Some("0.3".into()),
        measured: None,
        objective: Objective::Time,
        max_cores: None,
        chips: 1,
        period_ps: None,
        seed: 0,
        stop_after: None,
        reports: Vec::new(),
    }
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

/// Refusals that a random network may meet; anything else is a bug.
fn may_be_refused(code: Code) -> bool {
    matches!(code, Code::LoopTooFast | Code::UnsupportedLayer | Code::NoSpikingNeuron | Code::NotQuantisable)
}

proptest! {
    #[test]
    fn a_retimed_graph_gives_the_same_later((graph, inputs) in graph_and_inputs(Config::INTEGER)) {
        prop_assert_eq!(verify(&graph), Ok(()));
        match retime(&graph, 1) {
            Err(list) => prop_assert!(list.iter().all(|d| may_be_refused(d.code)), "{list:?}"),
            Ok(retimed) => {
                prop_assert_eq!(verify(&retimed.graph), Ok(()));
                let latency = retimed.latency_steps as usize;
                let steps = inputs.len();
                let before = outputs(&graph, &inputs, steps);
                let after = outputs(&retimed.graph, &inputs, steps + latency);
                prop_assert_eq!(&before[..], &after[latency..], "{}\n{}", text::print(&graph), text::print(&retimed.graph));
            }
        }
    }

    #[test]
    fn a_normalised_network_gives_the_same((graph, inputs) in graph_and_inputs(Config { options: true, ..Config::LOIHI2 })) {
        prop_assert_eq!(verify(&graph), Ok(()));
        let Ok(retimed) = retime(&graph, 1) else { return Ok(()) };
        match normalise(&retimed.graph) {
            Err(list) => prop_assert!(list.iter().all(|d| may_be_refused(d.code)), "{list:?}"),
            Ok(network) => {
                let lowered = network.to_graph();
                prop_assert_eq!(verify(&lowered), Ok(()));
                let steps = inputs.len() + retimed.latency_steps as usize;
                let (before, after) = (outputs(&retimed.graph, &inputs, steps), outputs(&lowered, &inputs, steps));
                prop_assert_eq!(before, after, "{}\n{}", text::print(&retimed.graph), text::print(&lowered));
            }
        }
    }

    #[test]
    fn cores_compute_what_the_graph_computes((graph, inputs) in graph_and_inputs(Config::LOIHI2)) {
        prop_assert_eq!(verify(&graph), Ok(()));
        match compile(&model(&graph), &options(), &mut Silent) {
            Err(list) => prop_assert!(list.iter().all(|d| may_be_refused(d.code)), "{list:?}\n{}", text::print(&graph)),
            Ok(done) => {
                let (manifest, bundle) = (done.manifest.unwrap(), done.bundle.unwrap());
                prop_assert_eq!(check_coverage(&manifest), Ok(()));
                let lowered = text::parse_with_blob(&bundle.network, &bundle.weights).unwrap();
                let latency = manifest.bounds.latency_steps as usize;
                let before = outputs(&graph, &inputs, inputs.len());
                let after = mapped::run(&manifest, &lowered, &inputs, inputs.len() + latency);
                let after: Vec<Vec<Values>> =
                    after.into_iter().skip(latency).map(|s| s.into_iter().map(Values::Integer).collect()).collect();
                prop_assert_eq!(before, after, "{}", text::print(&graph));
            }
        }
    }
}
