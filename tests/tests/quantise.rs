//! Quantisation against the interpreter: a real network and its integers, on random small networks with
//! graded events, connections that follow each other, skips and maxima.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use snnc_driver::pass::fold::fold;
use snnc_driver::registry;
use snnc_ir::diag::Code;
use snnc_ir::graph::op::{Bias, Conv2d, Input, Linear, Op, Values as Range};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::verify::verify;
use snnc_ir::graph::weights::{Scale, Storage};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Model, Neuron, Spec};
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_ir::text;
use snnc_tests::arbitrary::{Config, Family, Layer, graph_and_inputs};

/// Everything between spikes: chains, joins, maxima.
const SPIKES: Config = Config {
    kinds: &[
        Layer::Neuron,
        Layer::Conv,
        Layer::AnyConv,
        Layer::Linear,
        Layer::SumPool,
        Layer::MaxPool,
        Layer::Slice,
    ],
    families: &[Family::If],
    populations: false,
    branches: true,
    weight_bits: 3,
    channels: 3,
    ..Config::CHAIN
};

/// Delta and sigma-delta units of integers, beside spikes.
const CHANGES: Config = Config {
    families: &[Family::SigmaDelta, Family::Delta, Family::If],
    options: false,
    binary_inputs: false,
    ..SPIKES
};

/// Levels of quantised activations: chains, joins, maxima.
const LEVELS: Config = Config { families: &[Family::Activation], options: true, ..SPIKES };

/// Every model that gives out graded events, with its options.
const GRADED: Config = Config {
    families: &[
        Family::Activation,
        Family::SigmaDelta,
        Family::Delta,
        Family::Integrator,
        Family::If,
        Family::Lif,
        Family::Cuba,
    ],
    options: true,
    binary_inputs: false,
    ..SPIKES
};

/// Weights that are multiples of `step` within 8 bits; the same of biases and constants of neurons.
fn on_grid(mut graph: Graph, step: f32) -> Graph {
    for weights in &mut graph.weights {
        let level = |v: f32| (v * 8.0).clamp(-15.0, 15.0) as i8;
        let values: Vec<i8> = (0..weights.len()).map(|k| level(weights.real(k))).collect();
        weights.storage = Storage::I8(values.into());
        weights.scale = Some(Scale::PerTensor(step));
    }
    let round = |p: &mut Param<f32>| *p = p.map(|v| (v * 8.0).round().clamp(-64.0, 64.0) * step);
    let positive = |p: &mut Param<f32>| *p = p.map(|v| (v * 8.0).round().clamp(1.0, 64.0) * step);
    for node in &mut graph.nodes {
        match &mut node.op {
            Op::Input(Input { values: Range::Real }) => {
                node.op = Op::Input(Input { values: Range::Integer { lo: -512, hi: 512 } });
            }
            Op::Conv2d(Conv2d { bias: Some(Bias::Real(bias)), .. })
            | Op::Linear(Linear { bias: Some(Bias::Real(bias)), .. }) => round(bias),
            Op::SumPool(pool) => pool.divisor = 1,
            Op::Neuron(neuron) => {
                let Neuron::Real(Spec { model, .. }) = neuron.as_mut() else { continue };
                match model {
                    Model::Spiking(m) => positive(&mut m.threshold),
                    Model::SigmaDelta(m) => {
                        positive(&mut m.threshold);
                        m.bias.iter_mut().for_each(round);
                    }
                    Model::Delta(m) => positive(&mut m.threshold),
                    Model::Activation(m) => m.scale = 2.0 * step,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    graph
}

fn integers(inputs: &[Vec<Values>]) -> Vec<Vec<Values>> {
    let integer = |v: &Values| Values::Integer(v.to_f64().into_iter().map(|v| v as i32).collect());
    inputs.iter().map(|step| step.iter().map(integer).collect()).collect()
}

/// Samples of real inputs, which are sixteenths, multiplied: the network on the grid takes integers there.
fn whole(graph: &Graph, inputs: &[Vec<Values>]) -> Vec<Vec<Values>> {
    let real = |id: &NodeId| matches!(graph.node(*id).op, Op::Input(Input { values: Range::Real }));
    let whole = |(id, v): (&NodeId, &Values)| match v {
        Values::Real(v) if real(id) => Values::Real(v.iter().map(|v| (v * 16.0).round()).collect()),
        v => v.clone(),
    };
    let ids = graph.inputs();
    inputs.iter().map(|step| ids.iter().zip(step).map(whole).collect()).collect()
}

/// What populations of a name give out in each step.
fn trace(graph: &Graph, inputs: &[Vec<Values>], names: &[String]) -> Vec<Vec<Vec<f64>>> {
    let ids: Vec<NodeId> =
        names.iter().map(|n| graph.ids().find(|id| graph.node(*id).name == *n).unwrap()).collect();
    let mut sim = Simulator::new(graph, Execution::EventDriven);
    let mut out = Vec::new();
    for step in inputs {
        sim.step(step).unwrap();
        out.push(ids.iter().map(|id| sim.value(*id).to_f64()).collect());
    }
    out
}

/// Names of the layers of neurons of these models.
fn layers(graph: &Graph, of: impl Fn(&Model<f32>) -> bool) -> Vec<String> {
    let is = |op: &Op| match op {
        Op::Neuron(n) => matches!(n.as_ref(), Neuron::Real(Spec { model, .. }) if of(model)),
        _ => false,
    };
    graph.nodes.iter().filter(|n| is(&n.op)).map(|n| n.name.clone()).collect()
}

/// Quantised without loss; `None` where something is refused or rounded, which proves nothing.
fn exactly(graph: &Graph) -> Option<Graph> {
    let target = registry::target("loihi2", None).unwrap();
    let quantised = target.quantise(graph).ok().filter(|q| q.warnings.is_empty())?.graph;
    assert_eq!(verify(&quantised), Ok(()), "{}", text::print(&quantised));
    // A maximum of weighted sums has no form; that the next phase refuses it is tested there.
    (!quantised.nodes.iter().any(|n| matches!(n.op, Op::MaxPool(_)))).then_some(quantised)
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 1 << 16, ..ProptestConfig::default() })]

    #[test]
    fn chains_skips_and_maxima_keep_every_spike((graph, inputs) in graph_and_inputs(SPIKES)) {
        let graph = on_grid(graph, 0.125);
        let folded = fold(&graph);
        let Some(quantised) = exactly(&folded) else { return Err(TestCaseError::reject("rounded")) };
        let names = layers(&graph, |_| true);
        let before = trace(&graph, &inputs, &names);
        let after = trace(&quantised, &integers(&inputs), &names);
        prop_assert_eq!(before, after, "{}\n{}", text::print(&graph), text::print(&quantised));
    }

    #[test]
    fn integer_changes_are_kept_bit_for_bit((graph, inputs) in graph_and_inputs(CHANGES)) {
        let inputs = whole(&graph, &inputs);
        let graph = on_grid(graph, 1.0);
        let folded = fold(&graph);
        let Some(quantised) = exactly(&folded) else { return Err(TestCaseError::reject("rounded")) };
        let names = layers(&graph, |_| true);
        let before = trace(&graph, &inputs, &names);
        // Beyond that a float does not hold every integer.
        prop_assume!(before.iter().flatten().flatten().all(|v| v.abs() < 4_194_304.0));
        let after = trace(&quantised, &integers(&inputs), &names);
        prop_assert_eq!(before, after, "{}\n{}", text::print(&graph), text::print(&quantised));
    }

    #[test]
    fn levels_and_their_maxima_are_kept((graph, inputs) in graph_and_inputs(LEVELS)) {
        let graph = on_grid(graph, 0.125);
        let folded = fold(&graph);
        let Some(quantised) = exactly(&folded) else { return Err(TestCaseError::reject("rounded")) };
        let names = layers(&folded, |_| true);
        let before = trace(&folded, &inputs, &names);
        let after = trace(&quantised, &integers(&inputs), &names);
        let levels = |values: Vec<Vec<Vec<f64>>>| values.concat().concat().into_iter().map(|v| v * 0.25);
        prop_assert_eq!(
            before.concat().concat(),
            levels(after).collect::<Vec<_>>(),
            "{}\n{}", text::print(&folded), text::print(&quantised)
        );
    }

    #[test]
    fn graded_networks_have_an_integer_form((graph, _) in graph_and_inputs(GRADED)) {
        let target = registry::target("loihi2", None).unwrap();
        match target.quantise(&fold(&graph)) {
            Ok(quantised) => {
                prop_assert_eq!(verify(&quantised.graph), Ok(()), "{}", text::print(&quantised.graph));
                let again = text::parse(&text::print(&quantised.graph)).unwrap();
                prop_assert_eq!(again, quantised.graph);
            }
            Err(list) => prop_assert!(
                list.iter().all(|d| matches!(d.code, Code::NotQuantisable | Code::AllWeightsZero)),
                "{list:?}\n{}", text::print(&graph)
            ),
        }
    }
}

/// The integer network of one in the text form, through folding.
fn quantised(text: &str) -> (Graph, Graph) {
    let graph = text::parse(text).unwrap();
    verify(&graph).unwrap();
    let quantised = registry::target("loihi2", None).unwrap().quantise(&fold(&graph));
    let quantised = quantised.unwrap_or_else(|d| panic!("{d:?}")).graph;
    verify(&quantised).unwrap();
    (graph, quantised)
}

/// Values as an image has them.
fn images(len: usize, steps: usize) -> Vec<Vec<f32>> {
    (0..steps).map(|t| (0..len).map(|k| ((k * 37 + t * 101) % 256) as f32 / 255.0).collect()).collect()
}

#[test]
fn levels_of_quantised_activations_are_kept() {
    let (real, integer) = quantised(
        "network \"qdq\" steps 1 real {
  @0 = weights i8 [2, 1, 2, 2] scale 0.0078125 [100, -20, 30, 127, -128, 7, 55, -3]
  @1 = weights i8 [3, 18, 1, 1] scale 0.015625 [1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3, -4, -5, -6, -7, -8, -9, 9, 9, 9, 9, 9, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, -3, 3, -3, 3, -3, 3, -3, 3, -3, 0, 0, 0, 0, 0, 0, 0, 0, 50]
  %0 = input \"x\" : 1x4x4 {values real}
  %1 = activation \"qx\" (%0) : 1x4x4 {scale 0.00390625, zero_point -128, range -128..=127}
  %2 = conv2d \"conv\" (%1, @0) : 2x3x3 {bias channel [0.25, -0.125]}
  %3 = activation \"q1\" (%2) : 2x3x3 {scale 0.01, range 0..=127, relu}
  %4 = linear \"fc\" (%3, @1) : 3x1x1 {bias 0.5}
  %5 = activation \"q2\" (%4) : 3x1x1 {scale 0.03125, zero_point 3, range -128..=127, half_up}
  %6 = output \"y\" (%5) : 3x1x1
}",
    );
    let Op::Input(input) = &integer.node(integer.inputs()[0]).op else { panic!("an input") };
    assert_eq!(input.values, Range::Quantised { lo: 0, hi: 255, scale: 0.003_906_25, half_up: false });
    let mut seen = 0;
    for image in images(16, 20) {
        let names = ["q1".to_owned(), "q2".to_owned()];
        let levels = image.iter().map(|v| input.values.encode(*v)).collect();
        let before = &trace(&real, &[vec![Values::Real(image)]], &names)[0];
        let after = &trace(&integer, &[vec![Values::Integer(levels)]], &names)[0];
        for (k, step) in [0.01, 0.03125].into_iter().enumerate() {
            for (b, a) in before[k].iter().zip(&after[k]) {
                assert!((b - a * step).abs() < 1e-4, "{b} {a}");
                seen += usize::from(*a != 0.0);
            }
        }
    }
    assert!(seen > 100);
}

#[test]
fn the_maximum_of_sums_holds_all_of_them() {
    let (real, integer) = quantised(
        "network \"max\" steps 2 real {
  %0 = input \"x\" : 1x2x2 {values -3..=4}
  %1 = sum_pool \"sum\" (%0) : 1x1x2 {kernel [2, 1], stride [1, 1]}
  %2 = max_pool \"max\" (%1) : 1x1x1 {kernel [1, 2], stride [1, 1]}
  %3 = delta \"s\" (%2) : 1x1x1 {threshold 1, compare ge}
  %4 = output \"y\" (%3) : 1x1x1
}",
    );
    let inputs = [vec![Values::Real(vec![-3.0; 4])], vec![Values::Real(vec![4.0; 4])]];
    let before = trace(&real, &inputs, &["s".to_owned()]);
    assert_eq!(before.concat().concat(), [-6.0, 14.0]);
    assert_eq!(trace(&integer, &integers(&inputs), &["s".to_owned()]), before);
}

#[test]
fn a_sigma_delta_unit_follows_its_real_form() {
    let threshold = 0.25;
    let (real, integer) = quantised(
        "network \"sd\" steps 30 real {
  @0 = weights f32 [2, 3, 1, 1] [0.37, -0.21, 0.113, 0.5, 0.29, -0.41]
  %0 = input \"x\" : 3x1x1 {values real}
  %1 = delta \"d\" (%0) : 3x1x1 {threshold 0.1, compare ge}
  %2 = linear \"fc\" (%1, @0) : 2x1x1
  %3 = sigma_delta \"s\" (%2) : 2x1x1 {activation relu, threshold 0.25, compare gt, bias 0.05}
  %4 = output \"y\" (%3) : 2x1x1
}",
    );
    let Op::Input(Input { values }) = integer.node(integer.inputs()[0]).op else { panic!("an input") };
    let (names, unit) = (["s".to_owned()], threshold / 16.0);
    let frames: Vec<Vec<f32>> =
        images(3, 30).into_iter().map(|f| f.iter().map(|v| v * 4.0).collect()).collect();
    let code = |f: &Vec<f32>| vec![Values::Integer(f.iter().map(|v| values.encode(*v)).collect())];
    let before =
        trace(&real, &frames.iter().map(|f| vec![Values::Real(f.clone())]).collect::<Vec<_>>(), &names);
    let after = trace(&integer, &frames.iter().map(code).collect::<Vec<_>>(), &names);
    let (mut real_sum, mut integer_sum, mut changed) = ([0.0; 2], [0.0; 2], 0);
    for (b, a) in before.iter().zip(&after) {
        for n in 0..2 {
            real_sum[n] += b[0][n];
            integer_sum[n] += a[0][n] * unit;
            changed += usize::from(a[0][n] != 0.0);
            // Each is within its threshold of the activation, and the inputs within theirs.
            assert!(
                (real_sum[n] - integer_sum[n]).abs() <= 2.0 * threshold + 0.15,
                "{real_sum:?} {integer_sum:?}"
            );
        }
    }
    assert!(changed > 10);
}

#[test]
fn a_membrane_that_a_connection_reads_keeps_its_value() {
    let (real, integer) = quantised(
        "network \"li\" steps 12 real {
  @0 = weights i8 [2, 3, 1, 1] scale 0.125 [3, -2, 5, 7, 1, -4]
  @1 = weights i8 [1, 2, 1, 1] scale 0.5 [1, -3]
  %0 = input \"x\" : 3x1x1 {values binary}
  %1 = linear \"fc\" (%0, @0) : 2x1x1
  %2 = integrator \"li\" (%1) : 2x1x1 {decay 0.5}
  %3 = linear \"fc2\" (%2, @1) : 1x1x1
  %4 = integrator \"y\" (%3) : 1x1x1 {decay 0.5}
  %5 = output \"o\" (%4) : 1x1x1
}",
    );
    let spikes = |t: usize| (0..3).map(|k| i32::from((t * 5 + k * 3) % 4 < 2)).collect::<Vec<i32>>();
    let reals: Vec<_> =
        (0..12).map(|t| vec![Values::Real(spikes(t).into_iter().map(|v| v as f32).collect())]).collect();
    let before = trace(&real, &reals, &["y".to_owned()]);
    let after = trace(&integer, &integers(&reals), &["y".to_owned()]);
    // The unit of the second membrane: 0.5 of the first, which counts in 1/512, shifted by 6 at most.
    let at = before.iter().map(|s| s[0][0].abs()).fold(0.0, f64::max);
    let most = after.iter().map(|s| s[0][0].abs()).fold(0.0, f64::max);
    let unit = at / most;
    assert!((unit.log2() - unit.log2().round()).abs() < 0.01, "{unit}");
    let unit = 2f64.powi(unit.log2().round() as i32);
    for (b, a) in before.iter().zip(&after) {
        assert!((b[0][0] - a[0][0] * unit).abs() < 0.02 * at, "{b:?} {a:?} {unit}");
    }
}
