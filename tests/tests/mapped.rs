//! Mapped equals unmapped: on random small networks with branches, delays and loops, what the cores
//! compute is what the graph computes, `latency_steps` later, with the work that the loads predict.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use snnc_driver::Silent;
use snnc_driver::compile::{Options, compile};
use snnc_driver::mapped::{self, MappedNetwork};
use snnc_driver::model::Model;
use snnc_driver::pass::retime::retime;
use snnc_driver::verify::Stimulus;
use snnc_eqsat::space::normalise;
use snnc_ir::diag::Code;
use snnc_ir::graph::op::{Input, Op, Values as Range};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::verify::verify;
use snnc_ir::graph::{Graph, Number};
use snnc_ir::neuron::{Model as NeuronModel, Neuron};
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_ir::text;
use snnc_machine::load::Load;
use snnc_machine::manifest::{Manifest, Part};
use snnc_tests::arbitrary::{Config, graph_and_inputs, of_fixed_form};
use snnc_tests::golden::{Case, LOIHI1, LOIHI2};

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

fn options(target: &str) -> Options {
    Options { activity: Some("0.3".into()), verify: true, ..Options::new(target) }
}

/// One sample.
struct One<'v>(&'v [Vec<Values>]);

impl Stimulus for One<'_> {
    fn samples(&self) -> usize {
        1
    }
    fn steps(&self) -> usize {
        self.0.len()
    }
    fn step(&self, graph: &Graph, _sample: usize, step: usize) -> Vec<Values> {
        let zero = |id| Values::Integer(vec![0; graph.node(id).shape.len()]);
        self.0.get(step).cloned().unwrap_or_else(|| graph.inputs().into_iter().map(zero).collect())
    }
}

/// Compiles a network and runs it on its cores, where it is not refused.
fn runs_as_mapped(graph: &Graph, inputs: &[Vec<Values>], target: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(verify(graph), Ok(()));
    let done = match compile(&model(graph), &options(target), &mut Silent) {
        Err(list) => {
            prop_assert!(list.iter().all(|d| may_be_refused(d.code)), "{list:?}\n{}", text::print(graph));
            return Ok(());
        }
        Ok(done) => done,
    };
    let (manifest, bundle) = (done.manifest.unwrap(), done.bundle.unwrap());
    let lowered = text::parse_with_blob(&bundle.network, &bundle.weights).unwrap();
    let network = MappedNetwork::new(&manifest, &lowered).unwrap();
    let latency = manifest.bounds.latency_steps;
    let compared = mapped::compare(&network, &lowered, &One(inputs), latency, &mut |_| {}).unwrap();
    prop_assert_eq!(compared.difference, None, "{}", text::print(graph));

    // Its outputs are those of the network that was compiled, later, and its cores together do the
    // accumulates of the network in each step.
    let before = outputs(graph, inputs, inputs.len());
    let mut sim = network.simulator();
    let mut whole = Simulator::new(&lowered, Execution::EventDriven);
    let mut after = Vec::new();
    for step in 0..inputs.len() + latency as usize {
        let values = One(inputs).step(&lowered, 0, step);
        sim.step(&values).unwrap();
        whole.step(&values).unwrap();
        after.push(lowered.outputs().into_iter().map(|id| sim.value(id).unwrap()).collect::<Vec<_>>());
        let synops: u64 = sim.counts().iter().map(|c| c.synops).sum();
        prop_assert_eq!(synops, lowered.ids().map(|id| whole.counts(id).synops).sum::<u64>());
    }
    prop_assert_eq!(&before[..], &after[latency as usize..], "{}", text::print(graph));

    // From the start again, and on another thread.
    let mut fork = sim.fork();
    sim.reset();
    for values in inputs {
        sim.step(values).unwrap();
        fork.step(values).unwrap();
        prop_assert!(lowered.outputs().into_iter().all(|id| sim.value(id) == fork.value(id)));
        prop_assert_eq!(sim.counts(), fork.counts());
    }
    Ok(())
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
            Ok(space) => {
                let lowered = space.network.to_graph();
                prop_assert_eq!(verify(&lowered), Ok(()), "{}\n{}", text::print(&retimed.graph), text::print(&lowered));
                let steps = inputs.len() + retimed.latency_steps as usize;
                let (before, after) = (outputs(&retimed.graph, &inputs, steps), outputs(&lowered, &inputs, steps));
                prop_assert_eq!(before, after, "{}\n{}", text::print(&retimed.graph), text::print(&lowered));
            }
        }
    }

    #[test]
    fn cores_of_loihi2_compute_what_the_graph_computes((graph, inputs) in graph_and_inputs(Config::LOIHI2)) {
        runs_as_mapped(&graph, &inputs, "loihi2")?;
    }

    #[test]
    fn cores_of_loihi1_compute_what_the_graph_computes((graph, inputs) in graph_and_inputs(Config::LOIHI1)) {
        runs_as_mapped(&of_fixed_form(graph), &inputs, "loihi1")?;
    }
}

/// The network of a kept case with neurons that fire in every step.
fn all_firing(case: &Case) -> Model {
    let mut model = case.model();
    for node in &mut model.graph.nodes {
        match &mut node.op {
            Op::Neuron(neuron) => {
                let Neuron::Integer(spec, _) = neuron.as_mut() else { panic!("an integer network") };
                let NeuronModel::Spiking(m) = &mut spec.model else { panic!("spiking neurons") };
                m.bias = Some(Param::Scalar(1 << 22));
                m.v_min = None;
            }
            Op::Input(Input { values }) => assert_eq!(*values, Range::Binary),
            _ => {}
        }
    }
    model
}

/// Whether a layer reads a source through two connections: its load counts a message for each.
fn reads_twice(manifest: &Manifest, part: &Part) -> bool {
    let layer = manifest.layers.iter().find(|l| l.name == part.layer).unwrap();
    let mut sources: Vec<&str> = layer.inputs.iter().map(|i| i.layer.as_str()).collect();
    sources.sort_unstable();
    sources.windows(2).any(|p| p[0] == p[1])
}

#[test]
fn when_all_neurons_fire_the_loads_are_what_the_cores_do() {
    let names = ["chain", "branches", "loop", "wide", "wide_fewest_cores", "fan_out", "fan_out_fewest_cores"];
    let cases = LOIHI2.iter().chain(LOIHI1).filter(|c| names.contains(&c.name));
    let mut compared = 0;
    for case in cases {
        let model = all_firing(case);
        let options = Options { activity: None, ..case.options() };
        let done = compile(&model, &options, &mut Silent).unwrap();
        let (manifest, bundle) = (done.manifest.unwrap(), done.bundle.unwrap());
        let lowered = text::parse_with_blob(&bundle.network, &bundle.weights).unwrap();
        let network = MappedNetwork::new(&manifest, &lowered).unwrap();
        let mut sim = network.simulator();
        let ones: Vec<Values> = lowered
            .inputs()
            .iter()
            .map(|id| Values::Integer(vec![1; lowered.node(*id).shape.len()]))
            .collect();
        // Until every layer has started and the longest delay has passed.
        for _ in 0..manifest.bounds.latency_steps + 12 {
            sim.step(&ones).unwrap();
        }
        assert!(network.populations().all(|id| sim.events(id) == lowered.node(id).shape.len() as u64));
        for (core, counts) in manifest.cores.iter().zip(sim.counts()) {
            let load = core.parts.iter().fold(Load::default(), |sum, part| sum.plus(part.load));
            let at = format!("{} on {}, core {}", case.name, case.target, core.id);
            let encoding =
                |part: &Part| &manifest.layers.iter().find(|l| l.name == part.layer).unwrap().encoding;
            // The simulator multiplies with stored zeros, which lists of non-zero weights leave out.
            if core.parts.iter().any(|p| encoding(p).contains("sparse")) {
                assert!(counts.synops * 1000 >= load.synops.upper, "{at}");
            } else {
                assert_eq!(counts.synops * 1000, load.synops.upper, "{at}");
                if core.parts.len() == 1 && !reads_twice(&manifest, &core.parts[0]) {
                    assert_eq!(counts.messages_in * 1000, load.messages_in.upper, "{at}");
                }
            }
            assert!(counts.messages_out * 1000 <= load.messages_out.upper, "{at}");
            // A neuron of Loihi 1 may take two compartments.
            let compartments = load.updates.upper / (counts.updates * 1000);
            assert_eq!(counts.updates * 1000 * compartments, load.updates.upper, "{at}");
            assert!((1..=2).contains(&compartments), "{at}");
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}
