//! Changes in whole units: networks of integer sigma-delta units against their equations, from the text form to the
//! chip's integers, and from ONNX.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::collection::vec;
use proptest::prelude::*;
use snnc_driver::pass::fold::fold;
use snnc_driver::registry;
use snnc_frontends::onnx::{Options, decode, import};
use snnc_ir::diag::{Code, Diagnostics};
use snnc_ir::graph::Graph;
use snnc_ir::graph::verify::verify;
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_ir::text;
use snnc_tests::onnx_builder::{Builder, int};

/// Neurons of every layer.
const WIDTH: usize = 3;

/// A layer of sigma-delta units behind weights.
#[derive(Clone, Debug)]
struct Units {
    weights: Vec<i64>,
    /// Integers of 8 bits and a scale hold the weights.
    scale: i64,
    relu: bool,
    /// Whether `>` compares, or `>=`.
    strict: bool,
    threshold: Vec<i64>,
    bias: Vec<i64>,
    unit: i64,
}

fn units() -> impl Strategy<Value = Units> {
    let unit = prop_oneof![Just(64), (0u32..9).prop_map(|k| 1i64 << k)];
    let scale = prop_oneof![Just(1i64), Just(2), Just(64)];
    let constants = (vec(0i64..400, WIDTH), vec(-300i64..300, WIDTH));
    (vec(-20i64..20, WIDTH * WIDTH), scale, any::<[bool; 2]>(), constants, unit).prop_map(
        |(weights, scale, [relu, strict], (threshold, bias), unit)| {
            let bias = bias.into_iter().map(|b| b * scale).collect();
            Units { weights, scale, relu, strict, threshold, bias, unit }
        },
    )
}

/// A layer's states, in the equations of the documentation.
struct Reference<'u> {
    units: &'u Units,
    sigma: [i64; WIDTH],
    given: [i64; WIDTH],
}

impl Reference<'_> {
    fn step(&mut self, events: &[i64]) -> Vec<i64> {
        let of = |n: usize| -> i64 {
            let row = &self.units.weights[n * WIDTH..][..WIDTH];
            row.iter().zip(events).map(|(w, x)| w * self.units.scale * x).sum()
        };
        let mut out = Vec::new();
        for n in 0..WIDTH {
            self.sigma[n] += of(n);
            let sum = self.sigma[n] + self.units.bias[n];
            let change = if self.units.relu { sum.max(0) } else { sum } - self.given[n];
            let threshold = self.units.threshold[n];
            let passes = change.abs() > threshold || (!self.units.strict && change.abs() == threshold);
            let sent = if passes { change } else { 0 };
            self.given[n] += sent;
            out.push((sent as f64 / self.units.unit as f64).floor() as i64);
        }
        out
    }
}

/// The layers behind each other, in the text form.
fn network(layers: &[Units], steps: usize) -> Graph {
    let (mut weights, mut nodes) = (String::new(), String::new());
    for (k, u) in layers.iter().enumerate() {
        let (linear, neuron) = (2 * k + 1, 2 * k + 2);
        let Units { weights: w, scale, threshold, bias, unit, .. } = u;
        let activation = if u.relu { "relu" } else { "identity" };
        let compare = if u.strict { "gt" } else { "ge" };
        weights += &format!("  @{k} = weights i8 [{WIDTH}, {WIDTH}, 1, 1] scale {scale} {w:?}\n");
        nodes += &format!("  %{linear} = linear \"w{k}\" (%{}, @{k}) : {WIDTH}x1x1\n", linear - 1);
        nodes += &format!(
            "  %{neuron} = sigma_delta \"s{k}\" (%{linear}) : {WIDTH}x1x1 {{activation {activation}, threshold channel \
             {threshold:?}, compare {compare}, bias channel {bias:?}, unit {unit}}}\n"
        );
    }
    let last = 2 * layers.len();
    let text = format!(
        "network \"n\" steps {steps} real {{\n{weights}  %0 = input \"x\" : {WIDTH}x1x1 {{values -64..=64}}\n{nodes}  \
         %{} = output \"y\" (%{last}) : {WIDTH}x1x1\n}}\n",
        last + 1
    );
    let graph = text::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(verify(&graph), Ok(()), "{text}");
    assert_eq!(text::parse(&text::print(&graph)).unwrap(), graph);
    graph
}

/// What populations of a name give out, by layer and step.
fn trace(graph: &Graph, inputs: &[Vec<i64>], integer: bool, names: &[String]) -> Vec<Vec<Vec<i64>>> {
    let mut sim = Simulator::new(graph, Execution::EventDriven);
    let mut out = vec![Vec::new(); names.len()];
    for x in inputs {
        let values = match integer {
            true => Values::Integer(x.iter().map(|v| *v as i32).collect()),
            false => Values::Real(x.iter().map(|v| *v as f32).collect()),
        };
        sim.step(&[values]).unwrap();
        for (name, steps) in names.iter().zip(&mut out) {
            let id = graph.ids().find(|id| graph.node(*id).name == *name).unwrap();
            let values = sim.value(id).to_f64();
            assert!(values.iter().all(|v| v.fract() == 0.0), "{name} gives out {values:?}");
            steps.push(values.into_iter().map(|v| v as i64).collect());
        }
    }
    out
}

proptest! {
    #[test]
    fn integers_are_kept_down_to_the_chip(
        layers in vec(units(), 1..4),
        inputs in vec(vec(-64i64..=64, WIDTH), 1..12),
    ) {
        let mut states: Vec<Reference<'_>> = layers
            .iter()
            .map(|units| Reference { units, sigma: [0; WIDTH], given: [0; WIDTH] })
            .collect();
        let mut wanted = vec![Vec::new(); layers.len()];
        for x in &inputs {
            let mut events = x.clone();
            for (layer, given) in states.iter_mut().zip(&mut wanted) {
                events = layer.step(&events);
                given.push(events.clone());
                // Beyond that neither a float nor a state of 24 bits holds every integer.
                prop_assume!(layer.sigma.iter().chain(&layer.given).all(|v| v.abs() < 4_194_304));
            }
        }
        let graph = network(&layers, inputs.len());
        let names: Vec<String> = (0..layers.len()).map(|k| format!("s{k}")).collect();
        prop_assert_eq!(&trace(&graph, &inputs, false, &names), &wanted, "{}", text::print(&graph));
        let target = registry::target("loihi2", None).unwrap();
        let quantised = target.quantise(&fold(&graph)).unwrap_or_else(|d| panic!("{d:?}\n{}", text::print(&graph)));
        prop_assert_eq!(verify(&quantised.graph), Ok(()));
        prop_assert!(quantised.warnings.is_empty(), "{:?}", quantised.warnings);
        prop_assert_eq!(&trace(&quantised.graph, &inputs, true, &names), &wanted, "{}", text::print(&quantised.graph));
    }
}

#[test]
fn a_unit_is_a_power_of_two() {
    for (unit, right) in [(0, false), (1, true), (48, false), (1 << 23, true), (1 << 24, false)] {
        for neuron in ["sigma_delta \"s\" (%0) : 1x1x1 {activation relu,", "delta \"s\" (%0) : 1x1x1 {"] {
            let text = format!(
                "network \"n\" steps 1 real {{\n  %0 = input \"x\" : 1x1x1 {{values real}}\n  %1 = {neuron} threshold 1, \
                 compare ge, unit {unit}}}\n  %2 = output \"y\" (%1) : 1x1x1\n}}\n"
            );
            assert_eq!(verify(&text::parse(&text).unwrap()).is_ok(), right, "{text}");
        }
    }
}

#[test]
fn whole_units_of_real_sums_are_refused_on_the_chip() {
    let text = "network \"n\" steps 1 real {
  @0 = weights f32 [1, 1, 1, 1] [0.3]
  %0 = input \"x\" : 1x1x1 {values -9..=9}
  %1 = linear \"w\" (%0, @0) : 1x1x1
  %2 = sigma_delta \"s\" (%1) : 1x1x1 {activation relu, threshold 1, compare ge, unit 4}
  %3 = output \"y\" (%2) : 1x1x1
}";
    let refused =
        registry::target("loihi2", None).unwrap().quantise(&fold(&text::parse(text).unwrap())).unwrap_err();
    assert_eq!(refused[0].code, Code::NotQuantisable);
    assert!(refused[0].message.contains("whole units of 4"), "{}", refused[0].message);
}

/// A delta encoder and sigma-delta units; `behind` writes `y` from the changes `s`.
fn changes(behind: impl FnOnce(Builder) -> Builder) -> Builder {
    let builder = Builder::default()
        .input("x", &[1, 4])
        .input("r0", &[1, 4])
        .input("a", &[1, 4])
        .input("r1", &[1, 4])
        .scalar("th", 3.0)
        .scalar("b", 20.0)
        .scalar("factor", 1.0 / 64.0)
        .scalar("unit", 64.0)
        .scalar("third", 1.0 / 3.0)
        .floats("each", &[4], &[0.5, 0.5, 0.25, 0.5])
        .node("ai.snnc::Delta_ge", &["x", "r0", "th"], &["d", "r0o"])
        .node("ai.snnc::SigmaDelta_relu_gt_bias", &["d", "a", "r1", "th", "b"], &["s", "ao", "r1o"]);
    let builder = behind(builder).output("y").output("r0o").output("ao").output("r1o");
    builder.metadata("snnc.steps", "4")
}

fn imported(builder: Builder) -> Result<Graph, Diagnostics> {
    import(&decode(builder.bytes(), None)?, &Options::default()).map(|i| i.graph)
}

#[test]
fn a_floor_behind_changes_is_their_unit() {
    let factor = |b: Builder| b.node("Mul", &["factor", "s"], &["m"]).node("Floor", &["m"], &["y"]);
    let product = |b: Builder| b.node("Mul", &["s", "factor"], &["m"]).node("Floor", &["m"], &["y"]);
    let divided = |b: Builder| b.node("Div", &["s", "unit"], &["m"]).node("Floor", &["m"], &["y"]);
    let alone = |b: Builder| b.node("Floor", &["s"], &["y"]);
    let inputs = [[100, -70, 3, 0], [90, -70, 1000, 2], [-500, 64, 1001, 3], [0, 127, 900, -3]];
    for (graph, unit) in
        [(changes(factor), 64), (changes(product), 64), (changes(divided), 64), (changes(alone), 1)]
    {
        let graph = imported(graph).unwrap();
        let ops: Vec<&str> = graph.nodes.iter().map(|n| n.op.mnemonic()).collect();
        assert_eq!(ops, ["input", "delta", "sigma_delta", "output"]);
        let origin: &[&str] = if unit == 1 { &["/s", "/y"] } else { &["/s", "/m", "/y"] };
        assert_eq!(graph.nodes[2].origin, origin);
        assert!(
            text::print(&graph).contains(&format!("bias 20.0, unit {unit}}}")),
            "{}",
            text::print(&graph)
        );
        let inputs: Vec<Vec<i64>> = inputs.iter().map(|x| x.to_vec()).collect();
        let name = graph.nodes[2].name.clone();
        let found = &trace(&graph, &inputs, false, &[name])[0];
        let (mut reference, mut sigma, mut given) = ([0; 4], [0; 4], [0; 4]);
        for (x, found) in inputs.iter().zip(found) {
            let wanted: Vec<i64> = (0..4)
                .map(|n| {
                    let change = x[n] - reference[n];
                    let sent = if change.abs() >= 3 { change } else { 0 };
                    reference[n] += sent;
                    sigma[n] += sent;
                    let change = (sigma[n] + 20).max(0) - given[n];
                    let sent: i64 = if change.abs() > 3 { change } else { 0 };
                    given[n] += sent;
                    sent.div_euclid(unit)
                })
                .collect();
            assert_eq!(*found, wanted, "unit {unit}");
        }
    }
    // Of an encoder too.
    let encoder =
        changes(|b| b.output("s").node("Mul", &["d", "factor"], &["m"]).node("Floor", &["m"], &["y"]));
    assert!(imported(encoder).is_err(), "something else reads the changes of the encoder");
}

#[test]
fn other_floors_are_refused() {
    let third = changes(|b| b.node("Mul", &["s", "third"], &["m"]).node("Floor", &["m"], &["y"]));
    let each = changes(|b| b.node("Mul", &["s", "each"], &["m"]).node("Floor", &["m"], &["y"]));
    let shared =
        changes(|b| b.output("s").node("Mul", &["s", "factor"], &["m"]).node("Floor", &["m"], &["y"]));
    for builder in [third, each, shared] {
        let refused = imported(builder).unwrap_err();
        assert_eq!(refused[0].code, Code::UnrecognisedNeuron, "{refused:?}");
        let message = "the Floor '/y' behind the changes of '/s' is no unit that these are given out in";
        assert_eq!(refused[0].message, message);
    }
    let mut marked = changes(|b| b.node("Floor", &["s"], &["y"]));
    marked.graph.node[1].attribute.push(int("snnc.unit", 64));
    let refused = imported(marked).unwrap_err();
    assert_eq!(refused[0].code, Code::UnsupportedAttribute, "{refused:?}");
}
