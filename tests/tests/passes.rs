//! Passes and executions against the interpreter, on random small networks.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use snnc_driver::pass::fold::fold;
use snnc_driver::registry;
use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::verify::verify;
use snnc_ir::graph::weights::{Scale, Storage};
use snnc_ir::graph::{Graph, Number};
use snnc_ir::neuron::{Emission, Model, Neuron, Spec};
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_ir::text;
use snnc_tests::arbitrary::{Config, Family, Layer, graph_and_inputs};

fn run(graph: &Graph, inputs: &[Vec<Values>], execution: Execution) -> Vec<Vec<Vec<f64>>> {
    let mut sim = Simulator::new(graph, execution);
    let mut out = Vec::new();
    for step in inputs {
        sim.step(step).unwrap();
        out.push(graph.outputs().into_iter().map(|id| sim.value(id).to_f64()).collect());
    }
    out
}

fn same_when_gathered(graph: &Graph, inputs: &[Vec<Values>]) -> Result<(), TestCaseError> {
    let events = run(graph, inputs, Execution::EventDriven);
    let dense = run(graph, inputs, Execution::Dense);
    prop_assert_eq!(events, dense, "{}", text::print(graph));
    Ok(())
}

/// The same network with weights, biases, thresholds and gains that are small multiples of a power of
/// two, so that every factor and sum is exact.
fn dyadic(mut graph: Graph) -> Graph {
    for weights in &mut graph.weights {
        let values: Vec<i8> =
            (0..weights.len()).map(|k| (weights.real(k) * 16.0).clamp(-127.0, 127.0) as i8).collect();
        weights.storage = Storage::I8(values.into());
        weights.scale = Some(Scale::PerTensor(0.0625));
    }
    let sixteenths = |p: &mut Param<f32>| *p = p.map(|v| (v * 16.0).round().clamp(-128.0, 128.0) / 16.0);
    for node in &mut graph.nodes {
        match &mut node.op {
            Op::Conv2d(Conv2d { bias: Some(Bias::Real(bias)), .. })
            | Op::Linear(Linear { bias: Some(Bias::Real(bias)), .. }) => sixteenths(bias),
            Op::SumPool(pool) if !pool.divisor.is_power_of_two() => pool.divisor = 4,
            Op::Neuron(neuron) => {
                if let Neuron::Real(Spec { model: Model::Spiking(m), .. }) = neuron.as_mut() {
                    sixteenths(&mut m.threshold);
                    if let Emission::Scaled(values) = &mut m.emission {
                        sixteenths(values);
                    }
                    m.gain = m.gain.as_ref().map(|p| p.map(|g| if *g < 0.0 { 0.5 } else { 2.0 }));
                }
            }
            _ => {}
        }
    }
    graph
}

/// Chains of connections and integrate-and-fire neurons without leak.
const CHAIN_IF: Config =
    Config { families: &[Family::If], kinds: &[Layer::Conv, Layer::Linear], ..Config::CHAIN };

/// Connections that follow each other, with few bits so that `f32` sums are exact.
const CONNECTIONS: Config = Config {
    kinds: &[Layer::Neuron, Layer::AnyConv, Layer::Linear, Layer::SumPool, Layer::Conv],
    populations: false,
    branches: true,
    options: true,
    channels: 3,
    weight_bits: 2,
    ..Config::CHAIN
};

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 1 << 16, ..ProptestConfig::default() })]

    #[test]
    fn events_and_taps_give_the_same_reals((graph, inputs) in graph_and_inputs(Config::REAL)) {
        same_when_gathered(&graph, &inputs)?;
    }

    #[test]
    fn events_and_taps_give_the_same_integers((graph, inputs) in graph_and_inputs(Config::INTEGER)) {
        same_when_gathered(&graph, &inputs)?;
    }

    #[test]
    fn a_reset_simulator_starts_anew((graph, inputs) in graph_and_inputs(Config::INTEGER)) {
        let once = run(&graph, &inputs, Execution::EventDriven);
        let mut sim = Simulator::new(&graph, Execution::EventDriven);
        for step in &inputs {
            sim.step(step).unwrap();
        }
        sim.reset();
        for (step, want) in inputs.iter().zip(once) {
            sim.step(step).unwrap();
            let got: Vec<Vec<f64>> = graph.outputs().into_iter().map(|id| sim.value(id).to_f64()).collect();
            prop_assert_eq!(got, want);
        }
    }

    #[test]
    fn folding_powers_of_two_changes_no_output((graph, inputs) in graph_and_inputs(Config { options: true, ..Config::CHAIN })) {
        let graph = dyadic(graph);
        let folded = fold(&graph);
        prop_assert_eq!(verify(&folded), Ok(()));
        prop_assume!(folded != graph);
        let (before, after) =
            (run(&graph, &inputs, Execution::EventDriven), run(&folded, &inputs, Execution::EventDriven));
        prop_assert_eq!(before, after, "{}\n{}", text::print(&graph), text::print(&folded));
    }

    #[test]
    fn composing_connections_changes_no_output((graph, inputs) in graph_and_inputs(CONNECTIONS)) {
        let graph = dyadic(graph);
        let folded = fold(&graph);
        prop_assert_eq!(verify(&folded), Ok(()), "{}\n{}", text::print(&graph), text::print(&folded));
        let connections = |g: &Graph| g.nodes.iter().filter(|n| n.op.weights().is_some()).count();
        prop_assume!(connections(&folded) < connections(&graph));
        let (before, after) =
            (run(&graph, &inputs, Execution::EventDriven), run(&folded, &inputs, Execution::EventDriven));
        prop_assert_eq!(before, after, "{}\n{}", text::print(&graph), text::print(&folded));
    }

    #[test]
    fn quantising_without_loss_changes_no_spike((graph, inputs) in graph_and_inputs(CHAIN_IF)) {
        let graph = dyadic(graph);
        let target = registry::target("loihi2", None).unwrap();
        let quantised = target.quantise(&graph);
        // Refused (all weights of a layer zero, say) or rounded networks prove nothing; most are neither.
        prop_assume!(quantised.as_ref().is_ok_and(|q| q.warnings.is_empty()));
        let quantised = quantised.unwrap().graph;
        prop_assert_eq!(quantised.number, Number::Integer);
        let integer = |v: &Values| Values::Integer(v.to_f64().into_iter().map(|v| v as i32).collect());
        let integers: Vec<Vec<Values>> = inputs.iter().map(|step| step.iter().map(integer).collect()).collect();
        let before = run(&graph, &inputs, Execution::EventDriven);
        let after = run(&quantised, &integers, Execution::EventDriven);
        prop_assert_eq!(before, after, "{}\n{}", text::print(&graph), text::print(&quantised));
    }
}
