//! Neurons that are written as operators: each form is recognised in each way of writing time, and the
//! network gives what the operators give.
#![allow(clippy::unwrap_used, clippy::panic)]

use prost::Message;
use snnc_frontends::onnx::{Imported, Options, decode, import};
use snnc_ir::graph::op::Op;
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_tests::flat::{Cell, SIZES, Time, model, reference};
use snnc_tests::onnx_builder::{Builder, int};

const STEPS: usize = 12;

fn imported(cell: Cell, time: Time) -> Imported {
    let model = decode(model(cell, time).encode_to_vec().into(), None).unwrap();
    let steps = (time == Time::Step).then_some(STEPS as u32);
    import(&model, &Options { steps, ..Options::default() })
        .unwrap_or_else(|d| panic!("{cell:?} {time:?}: {}", d[0]))
}

/// Numbers that sums of a few of are exact; other ones for each seed.
fn inputs(seed: usize) -> Vec<Vec<f32>> {
    let value = |t: usize, k: usize| ((t * 7 + k * 5 + seed * 13) % 11) as f32 / 8.0 - 0.25;
    (0..STEPS).map(|t| (0..SIZES[0]).map(|k| value(t, k)).collect()).collect()
}

fn run(imported: &Imported, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let output = imported.graph.outputs()[0];
    let mut sim = Simulator::new(&imported.graph, Execution::EventDriven);
    let step = |x: &Vec<f32>| {
        sim.step(&[Values::Real(x.clone())]).unwrap();
        sim.value(output).to_f64().iter().map(|v| *v as f32).collect()
    };
    inputs.iter().map(step).collect()
}

#[test]
fn every_form_gives_what_its_operators_give() {
    for cell in Cell::ALL {
        for time in [Time::Step, Time::Unrolled(STEPS), Time::Scan(STEPS), Time::Unrolled(4)] {
            let imported = imported(*cell, time);
            for seed in 0..8 {
                let x = inputs(seed);
                let (got, want) = (run(&imported, &x), reference(*cell, &x));
                assert_eq!(want.len(), STEPS, "{cell:?} is not evaluated");
                // Spikes are equal; sums may be taken in another order.
                let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * b.abs().max(1.0);
                let equal = got.iter().flatten().zip(want.iter().flatten()).all(close);
                assert!(equal, "{cell:?} {time:?} seed {seed}: {got:?} instead of {want:?}");
            }
            let spikes: f32 = (0..8).flat_map(|s| run(&imported, &inputs(s))).flatten().map(f32::abs).sum();
            assert!(spikes > 0.0, "{cell:?} gives out nothing");
        }
    }
}

#[test]
fn time_is_written_in_ways_that_make_one_network() {
    // In copies, a reset to zero at the beginning of the next step is one at the end of this step, and a
    // current that decays after use is one that decays before the input is added.
    let same = |c: &&Cell| !matches!(c, Cell::LeakyZero | Cell::NorseLif);
    for cell in Cell::ALL.iter().filter(same) {
        let neurons = |time| -> Vec<String> {
            let imported = imported(*cell, time);
            let neuron = |op: &Op| if let Op::Neuron(n) = op { Some(format!("{n:?}")) } else { None };
            imported.graph.nodes.iter().filter_map(|n| neuron(&n.op)).collect()
        };
        let step = neurons(Time::Step);
        assert_eq!(step.len(), 2, "{cell:?}");
        assert_eq!(step, neurons(Time::Unrolled(STEPS)), "{cell:?}");
        assert_eq!(step, neurons(Time::Scan(STEPS)), "{cell:?}");
        assert_eq!(imported(*cell, Time::Scan(STEPS)).graph.steps, STEPS as u32);
    }
}

#[test]
fn states_are_paired_by_what_they_do() {
    for cell in Cell::ALL {
        let imported = imported(*cell, Time::Step);
        for held in &imported.states {
            let (input, output) = (held.input.replace("_in", ""), held.output.replace("_out", ""));
            assert_eq!(input, output, "{cell:?}");
        }
    }
}

#[test]
fn long_sequences_are_read_in_no_time() {
    for time in [Time::Unrolled(400), Time::Scan(400)] {
        let started = std::time::Instant::now();
        assert_eq!(imported(Cell::LeakySubtract, time).graph.steps, 400);
        // A build without optimisation; what grows with the square of the steps takes minutes.
        assert!(started.elapsed().as_secs() < 20, "{time:?} took {:?}", started.elapsed());
    }
}

/// A network of many layers, in step form.
#[test]
fn deep_networks_are_read() {
    let depth = 600;
    let mut builder = Builder::default()
        .input("x", &[1, 2])
        .output("y")
        .scalar("beta", 0.5)
        .scalar("th", 1.0)
        .floats("w", &[2, 2], &[1.0, 0.5, 0.5, 1.0]);
    let mut from = "x".to_owned();
    for k in 0..depth {
        let name = |part: &str| format!("{part}{k}");
        builder = builder
            .input(&name("v"), &[1, 2])
            .node("MatMul", &[&from, "w"], &[&name("i")])
            .node("Mul", &["beta", &name("v")], &[&name("d")])
            .node("Add", &[&name("d"), &name("i")], &[&name("u")])
            .node("Greater", &[&name("u"), "th"], &[&name("f")])
            .node_with("Cast", &[&name("f")], &[&name("s")], vec![int("to", 1)])
            .node("Mul", &[&name("s"), "th"], &[&name("r")])
            .node("Sub", &[&name("u"), &name("r")], &[&name("v_out")])
            .output(&name("v_out"));
        from = name("s");
    }
    let model = builder.node("Identity", &[&from], &["y"]).build();
    let model = decode(model.encode_to_vec().into(), None).unwrap();
    let imported = import(&model, &Options { steps: Some(4), ..Options::default() });
    let imported = imported.unwrap_or_else(|d| panic!("{}", d[0]));
    let neurons = imported.graph.nodes.iter().filter(|n| matches!(n.op, Op::Neuron(_))).count();
    assert_eq!(neurons, depth);
}

/// A network with a quantised activation behind a connection; `floor_last` is QCFS, otherwise the bounds come
/// after the rounding.
fn rounded(floor_last: bool) -> Builder {
    let builder = Builder::default()
        .input("x", &[1, 2])
        .output("y")
        .floats("w", &[2, 2], &[1.0, 0.5, -0.75, 1.25])
        .node("MatMul", &["x", "w"], &["i"])
        .scalar("step", 0.25)
        .scalar("lam", 2.0)
        .scalar("levels", 8.0)
        .scalar("half", 0.5)
        .scalar("zero", 0.0)
        .scalar("one", 1.0);
    if floor_last {
        builder
            .node("Div", &["i", "lam"], &["a"])
            .node("Clip", &["a", "zero", "one"], &["b"])
            .node("Mul", &["b", "levels"], &["c"])
            .node("Add", &["c", "half"], &["d"])
            .node("Floor", &["d"], &["e"])
            .node("Div", &["e", "levels"], &["f"])
            .node("Mul", &["f", "lam"], &["y"])
    } else {
        builder
            .node("Div", &["i", "step"], &["a"])
            .node("Round", &["a"], &["b"])
            .node("Clip", &["b", "zero", "levels"], &["c"])
            .node("Mul", &["c", "step"], &["y"])
    }
}

#[test]
fn quantised_activations_are_one_layer() {
    for (floor_last, wanted) in
        [(true, "scale 0.25, range 0..=8, half_up"), (false, "scale 0.25, range 0..=8")]
    {
        let model = decode(rounded(floor_last).build().encode_to_vec().into(), None).unwrap();
        let imported = import(&model, &Options::default()).unwrap_or_else(|d| panic!("{}", d[0]));
        let text = snnc_ir::text::print(&imported.graph);
        assert!(text.contains(&format!("{{{wanted}}}")), "{text}");
        let output = imported.graph.outputs()[0];
        for k in 0..40 {
            let (x, y) = (k as f32 / 16.0 - 1.0, (k * 7 % 40) as f32 / 16.0 - 1.0);
            let mut sim = Simulator::new(&imported.graph, Execution::Dense);
            sim.step(&[Values::Real(vec![x, y])]).unwrap();
            let level = |i: f32| {
                let level = i / 0.25;
                let level =
                    if floor_last { (level.clamp(0.0, 8.0) + 0.5).floor() } else { level.round_ties_even() };
                f64::from(level.clamp(0.0, 8.0) * 0.25)
            };
            let want = [level(x - 0.75 * y), level(0.5 * x + 1.25 * y)];
            assert_eq!(sim.value(output).to_f64(), want, "{floor_last} {x} {y}");
        }
    }
}
