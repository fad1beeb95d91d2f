//! Float operators on whole numbers in front of integer neurons: what netx files become.
#![allow(clippy::unwrap_used, clippy::panic)]

use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_frontends::onnx::{Options, decode, import};
use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Input, Op, Values as Range};
use snnc_ir::graph::weights::Storage;
use snnc_ir::graph::{Graph, Number};
use snnc_ir::neuron::{Current, Model, Neuron, Spec};
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_tests::onnx_builder::{Builder, int, ints};

const STEPS: usize = 12;
/// Channels, rows and columns of the input; channels and rows (and columns) behind the convolution.
const IN: [usize; 3] = [2, 5, 5];
const MID: [usize; 2] = [3, 3];
const OUT: usize = 4;

/// Numbers from a seed, the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, lo: i64, hi: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        lo + (self.0 >> 33) as i64 % (hi - lo + 1)
    }

    fn list(&mut self, count: usize, lo: i64, hi: i64) -> Vec<i64> {
        (0..count).map(|_| self.next(lo, hi)).collect()
    }
}

/// Parameters of a layer of `CUBAInt`.
#[derive(Clone, Copy)]
struct Cuba {
    name: &'static str,
    decay_v: i64,
    decay_i: i64,
    threshold: i64,
}

const FIRST: Cuba = Cuba { name: "a", decay_v: 1024, decay_i: 4096, threshold: 25 << 6 };
const SECOND: Cuba = Cuba { name: "b", decay_v: 123, decay_i: 410, threshold: 90 << 6 };
const THIRD: Cuba = Cuba { name: "c", decay_v: 0, decay_i: 4096, threshold: 40 << 6 };

struct Case {
    builder: Builder,
    kernel: Vec<i64>,
    bias: Vec<i64>,
    matrix: Vec<i64>,
    input: Vec<Vec<i64>>,
}

fn neurons(builder: Builder, cuba: Cuba, from: &str, shape: &[i64]) -> Builder {
    let Cuba { name, decay_v, decay_i, threshold } = cuba;
    let of = |what: &str| format!("{name}.{what}");
    let (x, v, i, vo, io) = (of("x"), of("v"), of("i"), of("vo"), of("io"));
    let (dv, di, th, s, f) = (of("dv"), of("di"), of("th"), of("s"), of("f"));
    let states = format!("[\"{v}\",\"{vo}\"],[\"{i}\",\"{io}\"]");
    let mut builder = builder
        .typed_input(&v, DataType::Int32, shape)
        .typed_input(&i, DataType::Int32, shape)
        .int32s(&dv, &[], &[decay_v as i32])
        .int32s(&di, &[], &[decay_i as i32])
        .int32s(&th, &[], &[threshold as i32])
        .node_with("Cast", &[from], &[&x], vec![int("to", DataType::Int32 as i64)])
        .node("ai.snnc::CUBAInt_zero_same_gt_binary", &[&x, &v, &i, &dv, &di, &th], &[&s, &vo, &io])
        .node_with("Cast", &[&s], &[&f], vec![int("to", DataType::Float as i64)])
        .output(&vo)
        .output(&io);
    let paired = builder.model.metadata_props.iter_mut().find(|p| p.key == "snnc.states");
    match paired {
        Some(p) => p.value = format!("{},{states}]", p.value.trim_end_matches(']').to_owned() + "]"),
        None => return builder.metadata("snnc.states", &format!("[{states}]")),
    }
    builder
}

/// A convolution from 8-bit weights with a scale of 128 and a float bias, and a float matrix.
fn case(seed: u64) -> Case {
    let mut n = Numbers(seed);
    let kernel = n.list(MID[0] * IN[0] * 9, -100, 127);
    let bias = n.list(MID[0], -40, 40);
    let matrix = n.list(OUT * MID[0] * MID[1] * MID[1], -7, 9);
    let input = (0..STEPS).map(|_| n.list(IN.iter().product(), -30, 60)).collect();
    let raw: Vec<u8> = kernel.iter().map(|w| *w as i8 as u8).collect();
    let floats =
        |values: &[i64], factor: i64| -> Vec<f32> { values.iter().map(|v| (v * factor) as f32).collect() };
    let builder = Builder::default().input("x", &[1, 2, 5, 5]).scalar("sixty-four", 64.0).node(
        "Mul",
        &["x", "sixty-four"],
        &["m"],
    );
    let builder = neurons(builder, FIRST, "m", &[1, 2, 5, 5])
        .raw("k", DataType::Int8, &[3, 2, 3, 3], &raw)
        .scalar("scale", 128.0)
        .floats("bias", &[3], &floats(&bias, 128))
        .node("DequantizeLinear", &["k", "scale"], &["w"])
        .node_with("Conv", &["a.f", "w", "bias"], &["y"], vec![ints("kernel_shape", &[3, 3])]);
    let builder = neurons(builder, SECOND, "y", &[1, 3, 3, 3])
        .node_with("Flatten", &["b.f"], &["flat"], vec![int("axis", 1)])
        .floats("g", &[4, 27], &floats(&matrix, 64))
        .node_with("Gemm", &["flat", "g"], &["z"], vec![int("transB", 1)]);
    let builder = neurons(builder, THIRD, "z", &[1, 4]).output("c.f").metadata("snnc.steps", "12");
    Case { builder, kernel, bias, matrix, input }
}

/// One layer of section 6 of docs/ai.snnc.md.
struct Layer {
    cuba: Cuba,
    v: Vec<i64>,
    i: Vec<i64>,
}

impl Layer {
    fn new(cuba: Cuba, size: usize) -> Self {
        Self { cuba, v: vec![0; size], i: vec![0; size] }
    }

    fn step(&mut self, x: &[i64]) -> Vec<i64> {
        let half = 1i64 << 23;
        let mut spikes = Vec::with_capacity(x.len());
        for ((v, i), x) in self.v.iter_mut().zip(&mut self.i).zip(x) {
            let j = *i * (4096 - self.cuba.decay_i) / 4096 + x;
            *i = half - (half - j).rem_euclid(2 * half);
            let u = (*v * (4096 - self.cuba.decay_v) / 4096 + *i).clamp(1 - half, half - 1);
            let spike = u > self.cuba.threshold;
            *v = if spike { 0 } else { u };
            spikes.push(i64::from(spike));
        }
        spikes
    }
}

/// The spikes of every layer and step, from the file's numbers.
fn expected(case: &Case) -> Vec<[Vec<i64>; 3]> {
    let [c, h, w] = IN;
    let mut layers = [Layer::new(FIRST, c * h * w), Layer::new(SECOND, 27), Layer::new(THIRD, OUT)];
    case.input
        .iter()
        .map(|x| {
            let a = layers[0].step(&x.iter().map(|v| v * 64).collect::<Vec<_>>());
            let mut sums = Vec::new();
            for o in 0..MID[0] {
                for (y, x) in (0..MID[1]).flat_map(|y| (0..MID[1]).map(move |x| (y, x))) {
                    let mut sum = case.bias[o];
                    for (ci, ky, kx) in (0..c).flat_map(|ci| (0..9).map(move |k| (ci, k / 3, k % 3))) {
                        let weight = case.kernel[((o * c + ci) * 3 + ky) * 3 + kx];
                        sum += weight * a[(ci * h + y + ky) * w + x + kx];
                    }
                    sums.push(sum * 128);
                }
            }
            let b = layers[1].step(&sums);
            let row = |o: usize| case.matrix[o * 27..][..27].iter().zip(&b).map(|(w, s)| w * s * 64).sum();
            let z: Vec<i64> = (0..OUT).map(row).collect();
            let c = layers[2].step(&z);
            [a, b, c]
        })
        .collect()
}

fn graph(builder: Builder) -> Graph {
    import(&decode(builder.bytes(), None).unwrap(), &Options::default()).expect("it is imported").graph
}

fn refused(builder: Builder) -> Diagnostic {
    let model = decode(builder.bytes(), None).unwrap();
    import(&model, &Options::default()).expect_err("it is refused").remove(0)
}

fn current<'g>(graph: &'g Graph, name: &str) -> &'g Current<i32> {
    let node = graph.nodes.iter().find(|n| n.name == name).expect("a node of that name");
    let Op::Neuron(neuron) = &node.op else { panic!("{name} is no neuron") };
    let Neuron::Integer(Spec { model: Model::Spiking(m), .. }, _) = neuron.as_ref() else { panic!("real") };
    m.current.as_ref().expect("a current")
}

#[test]
fn the_spikes_are_those_of_the_equations() {
    for seed in 0..8 {
        let case = case(seed);
        let want = expected(&case);
        for (layer, name) in ["a", "b", "c"].into_iter().enumerate() {
            let spikes: i64 = want.iter().flat_map(|w| &w[layer]).sum();
            let most = want.iter().map(|w| w[layer].len() as i64).sum();
            assert!(0 < spikes && spikes < most, "seed {seed}: layer {name} is no test: {spikes} of {most}");
        }
        let graph = graph(case.builder.clone());
        assert_eq!(graph.number, Number::Integer);
        for execution in [Execution::Dense, Execution::EventDriven] {
            let mut sim = Simulator::new(&graph, execution);
            for (step, (x, want)) in case.input.iter().zip(&want).enumerate() {
                sim.step(&[Values::Integer(x.iter().map(|v| *v as i32).collect())]).unwrap();
                for (name, want) in ["/a.s", "/b.s", "/c.s"].into_iter().zip(want) {
                    let id = graph.ids().find(|id| graph.node(*id).name == name).unwrap();
                    let want: Vec<i32> = want.iter().map(|v| *v as i32).collect();
                    assert_eq!(sim.value(id), Values::Integer(want), "seed {seed}, {name}, step {step}");
                }
            }
        }
    }
}

#[test]
fn common_factors_go_to_the_neurons_and_the_chip_keeps_the_rest() {
    let graph = graph(case(1).builder);
    assert!(matches!(
        graph.nodes[0].op,
        Op::Input(Input { values: Range::Integer { lo: -16_777_216, hi: 16_777_216 } })
    ));
    assert!(graph.weights.iter().all(|w| matches!(w.storage, Storage::I8(_)) && w.scale.is_none()));
    for (name, gain) in [("/a.s", 64), ("/b.s", 128), ("/c.s", 64)] {
        assert_eq!(current(&graph, name).gain, Some(gain), "{name}");
    }
    let target = snnc_driver::registry::target("loihi2", None).unwrap();
    assert_eq!(target.quantise(&graph).expect("it is kept").graph, graph);
}

/// `x` through a node to four neurons.
fn one(build: impl FnOnce(Builder) -> Builder) -> Builder {
    let builder = build(Builder::default().input("x", &[1, 2, 2, 2]));
    builder.metadata("snnc.steps", "2")
}

fn conv(builder: Builder, weights: &str) -> Builder {
    let builder = builder.node_with("Conv", &["x", weights], &["y"], vec![ints("kernel_shape", &[1, 1])]);
    neurons(builder, FIRST, "y", &[1, 2, 2, 2]).output("a.f")
}

#[test]
fn what_is_not_whole_is_refused_with_its_place() {
    let weights = |values: &[f32]| one(|b| conv(b.floats("w", &[2, 2, 1, 1], values), "w"));
    let found = refused(weights(&[1.0, 2.0, 0.5, 3.0]));
    assert_eq!(found.code, Code::UnsupportedType);
    assert!(found.message.contains("'w'") && found.message.contains("element 2"), "{}", found.message);
    assert!(found.message.contains("0.5"), "{}", found.message);
    assert!(refused(weights(&[1.0, 2.0, 16_777_216.0, 3.0])).message.contains("2^24"));

    let scaled = one(|b| {
        let b = b.raw("q", DataType::Int8, &[2, 2, 1, 1], &[1, 2, 3, 4]).scalar("scale", 0.25);
        conv(b.node("DequantizeLinear", &["q", "scale"], &["w"]), "w")
    });
    assert!(refused(scaled).message.contains("element 0"));

    let factor = one(|b| {
        let b = b.scalar("half", 0.5).node("Mul", &["x", "half"], &["y"]);
        neurons(b, FIRST, "y", &[1, 2, 2, 2]).output("a.f")
    });
    assert!(refused(factor).message.contains("'half'"));

    let bias = one(|b| {
        let b = b.floats("w", &[2, 2, 1, 1], &[1.0; 4]).floats("b", &[2], &[1.0, 1.5]);
        let b = b.node_with("Conv", &["x", "w", "b"], &["y"], vec![ints("kernel_shape", &[1, 1])]);
        neurons(b, FIRST, "y", &[1, 2, 2, 2]).output("a.f")
    });
    assert!(refused(bias).message.contains("'b'"));
}

#[test]
fn neurons_take_integers() {
    let builder = one(|b| {
        let b = b.floats("w", &[2, 2, 1, 1], &[1.0; 4]);
        let b = b.node_with("Conv", &["x", "w"], &["y"], vec![ints("kernel_shape", &[1, 1])]);
        let mut b = neurons(b, FIRST, "y", &[1, 2, 2, 2]).output("a.f");
        // Past the Cast.
        let node = b.graph.node.iter_mut().find(|n| n.domain == "ai.snnc").unwrap();
        node.input[0] = "y".into();
        b.graph.node.retain(|n| n.output[0] != "a.x");
        b
    });
    let found = refused(builder);
    assert_eq!(found.code, Code::UnsupportedType);
    assert!(found.remedy.is_some_and(|r| r.contains("INT32")));
}

#[test]
fn sums_over_windows_stay_whole() {
    let pooled = |size: i64, factor: Option<f32>| {
        let x = Builder::default().input("x", &[1, 1, 6, 6]).metadata("snnc.steps", "2");
        let window = vec![ints("kernel_shape", &[size, size]), ints("strides", &[size, size])];
        let pooled = x.node_with("AveragePool", &["x"], &["p"], window);
        let out = 6 / size;
        match factor {
            None => neurons(pooled, FIRST, "p", &[1, 1, out, out]).output("a.f"),
            Some(factor) => {
                let summed = pooled.scalar("n", factor).node("Mul", &["p", "n"], &["sum"]);
                neurons(summed, FIRST, "sum", &[1, 1, out, out]).output("a.f")
            }
        }
    };
    let graph = graph(pooled(2, Some(4.0)));
    assert!(graph.nodes.iter().any(|n| matches!(&n.op, Op::SumPool(p) if p.divisor == 1)));
    for (size, factor) in [(2, None), (2, Some(2.0)), (3, Some(9.0))] {
        let found = refused(pooled(size, factor));
        assert!(found.message.contains("an average is not an integer"), "{}", found.message);
    }
}

#[test]
fn weights_of_two_layers_and_of_two_readers() {
    // One tensor with and without a factor: each layer keeps its own.
    let builder = one(|b| {
        let b = b.floats("w", &[2, 2, 1, 1], &[64.0, 0.0, 192.0, -64.0]).floats("b", &[2], &[1.0, 0.0]);
        let kernel = || vec![ints("kernel_shape", &[1, 1])];
        let b = b.node_with("Conv", &["x", "w"], &["y"], kernel());
        let b = b.node_with("Conv", &["x", "w", "b"], &["z"], kernel());
        let b = neurons(b, FIRST, "y", &[1, 2, 2, 2]).output("a.f");
        neurons(b, SECOND, "z", &[1, 2, 2, 2]).output("b.f")
    });
    let graph = graph(builder);
    assert_eq!(current(&graph, "/a.s").gain, Some(64));
    assert_eq!(current(&graph, "/b.s").gain, None);
    let values = |name: &str| {
        let node = graph.nodes.iter().find(|n| n.name == name).unwrap();
        graph.weights(node.op.weights().unwrap()).to_integer().unwrap()
    };
    assert_eq!((values("/y"), values("/z")), (vec![1, 0, 3, -1], vec![64, 0, 192, -64]));

    // A sum with two readers is divided for neither.
    let builder = one(|b| {
        let b = conv(b.floats("w", &[2, 2, 1, 1], &[64.0; 4]), "w");
        neurons(b, SECOND, "y", &[1, 2, 2, 2]).output("b.f")
    });
    let shared = self::graph(builder);
    assert_eq!((&current(&shared, "/a.s").gain, &current(&shared, "/b.s").gain), (&None, &None));
}
