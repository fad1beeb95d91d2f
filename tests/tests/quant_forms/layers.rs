//! What stands around quantised layers: normalisation, constants per channel, padding, lines, means.

use super::{graph, level, ops, refusal, run, values};
use snnc_frontends::onnx::proto::AttributeProto;
use snnc_ir::diag::Code;
use snnc_ir::graph::op::Op;
use snnc_tests::onnx_builder::{Builder, float, int, ints, string};

/// Ends a network with a quantiser of scale 1/8, from `y`.
fn quantised(builder: Builder) -> Builder {
    builder
        .scalar("qs", 0.125)
        .raw("qz", snnc_frontends::onnx::proto::tensor_proto::DataType::Int8, &[], &[0])
        .node("QuantizeLinear", &["y", "qs", "qz"], &["yq"])
        .node("DequantizeLinear", &["yq", "qs", "qz"], &["out"])
        .output("out")
}

fn rounded(v: f32) -> f32 {
    level(v, 0.125, 0, -128, 127) as f32 * 0.125
}

fn map() -> Builder {
    Builder::default()
        .input("x", &[1, 2, 2, 2])
        .floats("w", &[2, 2, 1, 1], &[1.0, 0.5, -2.0, 0.25])
        .floats("scale", &[2], &[2.0, -1.0])
        .floats("shift", &[2], &[0.5, 1.0])
        .floats("mean", &[2], &[1.0, -0.5])
        .floats("variance", &[2], &[3.0, 0.0])
        .floats("factor", &[1, 2, 1, 1], &[2.0, -4.0])
        .scalar("half", 0.5)
}

fn pair(x: &[f32], w: [f32; 2]) -> Vec<f32> {
    (0..4).map(|k| w[0] * x[k] + w[1] * x[4 + k]).collect()
}

#[test]
fn normalisation_goes_into_the_connection_before_or_stands_alone() {
    let norm = |from: &'static str| {
        let inputs = [from, "scale", "shift", "mean", "variance"];
        move |b: Builder| b.node_with("BatchNormalization", &inputs, &["y"], vec![float("epsilon", 1.0)])
    };
    let folded = graph(quantised(norm("c")(map().node("Conv", &["x", "w"], &["c"]))));
    assert_eq!(ops(&folded), ["input", "conv2d", "activation", "output"]);
    let alone = graph(quantised(norm("x")(map())));
    assert_eq!(ops(&alone), ["input", "conv2d", "activation", "output"]);
    assert!(matches!(&alone.nodes[1].op, Op::Conv2d(c) if c.groups == 2));
    let x = values(8);
    let normed = |c: usize, v: f32| rounded([v - 0.5, 0.5 - v][c]);
    let wanted: Vec<f32> = (0..8).map(|k| normed(k / 4, x[k])).collect();
    assert_eq!(run(&alone, &x), wanted);
    let first = pair(&x, [1.0, 0.5]).into_iter().map(|v| normed(0, v));
    let second = pair(&x, [-2.0, 0.25]).into_iter().map(|v| normed(1, v));
    assert_eq!(run(&folded, &x), first.chain(second).collect::<Vec<_>>());
    let training = map().node_with(
        "BatchNormalization",
        &["x", "scale", "shift", "mean", "variance"],
        &["y"],
        vec![int("training_mode", 1)],
    );
    assert_eq!(refusal(quantised(training)).code, Code::UnsupportedAttribute);
}

#[test]
fn constants_after_a_connection_become_part_of_it() {
    let builder = map()
        .node("Conv", &["x", "w", "shift"], &["c"])
        .node("Mul", &["c", "factor"], &["m"])
        .node("Add", &["half", "m"], &["a"])
        .node("Div", &["a", "half"], &["d"])
        .node("Sub", &["d", "factor"], &["s"])
        .node("Sub", &["half", "s"], &["n"])
        .node("Neg", &["n"], &["y"]);
    let graph = graph(quantised(builder));
    assert_eq!(ops(&graph), ["input", "conv2d", "activation", "output"]);
    assert_eq!(graph.weights.len(), 1);
    let x = values(8);
    let all = |c: usize, v: f32| {
        let f = [2.0, -4.0][c];
        rounded(-(0.5 - (((v + [0.5, 1.0][c]) * f + 0.5) / 0.5 - f)))
    };
    let first = pair(&x, [1.0, 0.5]).into_iter().map(|v| all(0, v));
    let second = pair(&x, [-2.0, 0.25]).into_iter().map(|v| all(1, v));
    assert_eq!(run(&graph, &x), first.chain(second).collect::<Vec<_>>());
}

#[test]
fn weights_that_two_connections_read_are_scaled_for_one_only() {
    let builder = map()
        .node("Conv", &["x", "w"], &["a"])
        .node("Conv", &["x", "w"], &["b"])
        .node("Mul", &["b", "factor"], &["m"])
        .node("Sub", &["a", "m"], &["y"]);
    let graph = graph(quantised(builder));
    let x = values(8);
    let first = pair(&x, [1.0, 0.5]).into_iter().map(|v| rounded(v - 2.0 * v));
    let second = pair(&x, [-2.0, 0.25]).into_iter().map(|v| rounded(v + 4.0 * v));
    assert_eq!(run(&graph, &x), first.chain(second).collect::<Vec<_>>());
}

#[test]
fn a_layer_that_others_read_keeps_its_values() {
    let builder = map().node("Conv", &["x", "w"], &["a"]).node("Mul", &["a", "factor"], &["m"]).node(
        "Sum",
        &["a", "m", "m"],
        &["y"],
    );
    let graph = graph(quantised(builder));
    assert_eq!(ops(&graph), ["input", "conv2d", "conv2d", "add", "activation", "output"]);
    let x = values(8);
    let first = pair(&x, [1.0, 0.5]).into_iter().map(|v| rounded(v * 5.0));
    let second = pair(&x, [-2.0, 0.25]).into_iter().map(|v| rounded(v * -7.0));
    assert_eq!(run(&graph, &x), first.chain(second).collect::<Vec<_>>());
}

#[test]
fn bounds_before_a_quantiser() {
    let x = values(8);
    let clipped = map().scalar("zero", 0.0).scalar("one", 1.0).node("Clip", &["x", "zero", "one"], &["y"]);
    let wanted: Vec<f32> = x.iter().map(|v| rounded(v.clamp(0.0, 1.0))).collect();
    assert_eq!(run(&graph(quantised(clipped)), &x), wanted);
    let lower =
        map().node_with("Clip", &["x"], &["c"], vec![float("min", -0.3)]).node("Relu", &["c"], &["y"]);
    let wanted: Vec<f32> = x.iter().map(|v| rounded(v.max(0.0))).collect();
    assert_eq!(run(&graph(quantised(lower)), &x), wanted);
}

#[test]
fn zeros_around_a_map() {
    let build = |op: &str, inputs: &[&str], attributes: Vec<AttributeProto>| {
        let pads = map().shape("pads", &[0, 0, 1, 0, 0, 0, 0, 1]);
        graph(quantised(pads.node("Pad", &["x", "pads"], &["p"]).node_with(op, inputs, &["y"], attributes)))
    };
    let conv = build("Conv", &["p", "w"], vec![]);
    assert!(matches!(&conv.nodes[1].op, Op::Conv2d(c) if c.pad == [1, 0, 0, 1]));
    assert_eq!(conv.nodes[1].shape.len(), 18);
    let pool = build("AveragePool", &["p"], vec![ints("kernel_shape", &[3, 3])]);
    let x = values(8);
    let means: Vec<f32> = x.chunks(4).map(|c| rounded(c.iter().sum::<f32>() / 9.0)).collect();
    assert_eq!(run(&pool, &x), means);
    let reflected = map().shape("pads", &[0, 0, 1, 0, 0, 0, 0, 1]).node_with(
        "Pad",
        &["x", "pads"],
        &["y"],
        vec![string("mode", "reflect")],
    );
    assert_eq!(refusal(quantised(reflected)).code, Code::UnsupportedAttribute);
}

#[test]
fn lines_are_maps_of_one_column() {
    let builder = Builder::default()
        .input("x", &[1, 2, 6])
        .floats("w", &[1, 2, 3], &[1.0, 2.0, -1.0, 0.5, 0.0, 0.25])
        .node_with("Conv", &["x", "w"], &["c"], vec![ints("pads", &[1, 1]), ints("strides", &[1])])
        .node_with("MaxPool", &["c"], &["y"], vec![ints("kernel_shape", &[2]), ints("strides", &[2])]);
    let graph = graph(quantised(builder));
    let x = values(12);
    let at = |c: usize, k: usize| if (1..=6).contains(&k) { x[c * 6 + k - 1] } else { 0.0 };
    let w = [[1.0, 2.0, -1.0], [0.5, 0.0, 0.25]];
    let conv = |k: usize| -> f32 { (0..2).flat_map(|c| (0..3).map(move |t| w[c][t] * at(c, k + t))).sum() };
    let wanted = [0, 2, 4].map(|k| rounded(conv(k).max(conv(k + 1))));
    assert_eq!(run(&graph, &x), wanted);
}

#[test]
fn means_and_sums_over_the_map() {
    let x = values(8);
    for (op, divisor) in [("ReduceMean", 4.0), ("ReduceSum", 1.0)] {
        let wanted: Vec<f32> = x.chunks(4).map(|c| rounded(c.iter().sum::<f32>() / divisor)).collect();
        let old = map().node_with(op, &["x"], &["y"], vec![ints("axes", &[2, 3]), int("keepdims", 0)]);
        assert_eq!(run(&graph(quantised(old)), &x), wanted);
        let new = map().shape("axes", &[-1, -2]).node(op, &["x", "axes"], &["y"]);
        assert_eq!(run(&graph(quantised(new)), &x), wanted);
    }
    let rows = map().node_with("ReduceMean", &["x"], &["y"], vec![ints("axes", &[2])]);
    assert_eq!(refusal(quantised(rows)).code, Code::UnsupportedAttribute);
}

#[test]
fn a_matrix_times_a_vector() {
    let builder = Builder::default()
        .input("x", &[2])
        .floats("w", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        .node("MatMul", &["w", "x"], &["y"]);
    let x = [0.5, -0.25];
    assert_eq!(run(&graph(quantised(builder)), &x), [0.0, 0.5, 1.0]);
}
