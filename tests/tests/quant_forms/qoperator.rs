//! QLinearConv and its like, of ONNX and of `com.microsoft`.

use super::{bytes, graph, level, ops, quantised, refusal, run, values};
use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_ir::diag::Code;
use snnc_ir::graph::weights::Scale;
use snnc_tests::onnx_builder::{Builder, int, ints};

/// `y` of a quantised operator with scale 1/4 and zero point -5, dequantised.
fn output(builder: Builder) -> Builder {
    builder
        .scalar("ys", 0.25)
        .raw("yz", DataType::Int8, &[], &[0xFB])
        .node("DequantizeLinear", &["y", "ys", "yz"], &["out"])
        .output("out")
}

/// Levels of the input, their real values in units of 1/16, and the output of real values in that unit.
fn input_levels(x: &[f32]) -> Vec<i32> {
    x.iter().map(|v| level(*v, 0.0625, 3, -128, 127) - 3).collect()
}

fn requantised(units: i32, scale: f32) -> f32 {
    (level(units as f32 * scale, 0.25, -5, -128, 127) + 5) as f32 * 0.25
}

#[test]
fn a_chain_of_convolution_pool_and_gemm() {
    let w: Vec<i32> = (0..8).map(|k| k * 9 % 17 - 8).collect();
    let g: Vec<i32> = (0..18).map(|k| k * 5 % 13 - 6).collect();
    let builder = quantised(&[1, 1, 4, 4])
        .raw("w", DataType::Int8, &[2, 1, 2, 2], &bytes(&w))
        .floats("ws", &[2], &[0.5, 0.25])
        .raw("wz", DataType::Int8, &[2], &[0, 0])
        .int32s("b", &[2], &[16, -40])
        .scalar("ms", 0.125)
        .raw("mz", DataType::Int8, &[], &[0x80])
        .raw("g", DataType::Int8, &[2, 8], &bytes(&g[..16]))
        .floats("gs", &[2], &[0.5, 0.0625])
        .raw("gz", DataType::Int8, &[2], &[0, 0])
        .int32s("gb", &[2], &[32, -64])
        .node("QLinearConv", &["q", "xs", "xz", "w", "ws", "wz", "ms", "mz", "b"], &["m"])
        .node_with("MaxPool", &["m"], &["p"], vec![ints("kernel_shape", &[2, 2])])
        .node("Flatten", &["p"], &["f"])
        .node_with(
            "com.microsoft::QGemm",
            &["f", "ms", "mz", "g", "gs", "gz", "gb", "ys", "yz"],
            &["y"],
            vec![int("transB", 1)],
        );
    let graph = graph(output(builder));
    let all = ["input", "activation", "conv2d", "activation", "max_pool", "reshape", "linear", "activation"];
    assert_eq!(ops(&graph), [&all[..], &["output"]].concat());
    assert_eq!(graph.weights[0].scale, Some(Scale::PerChannel(vec![0.5, 0.25])));
    assert_eq!(graph.weights[0].statistics().bits(), Some(4));
    let x = values(16);
    let q = input_levels(&x);
    let mut pooled = Vec::new();
    for (channel, scale) in [0.5f32, 0.25].into_iter().enumerate() {
        let at = |y: usize, x: usize| {
            let taps = [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().enumerate();
            let sum: i32 = taps.map(|(k, (dy, dx))| w[channel * 4 + k] * q[(y + dy) * 4 + x + dx]).sum();
            let units = sum + [16, -40][channel];
            level(units as f32 * 0.0625 * scale, 0.125, -128, -128, 127) + 128
        };
        for y in 0..2 {
            for x in 0..2 {
                pooled.push(at(y, x).max(at(y, x + 1)).max(at(y + 1, x)).max(at(y + 1, x + 1)));
            }
        }
    }
    let wanted = [0, 1].map(|o| {
        let sum: i32 = (0..8).map(|k| g[o * 8 + k] * pooled[k]).sum::<i32>() + [32, -64][o];
        requantised(sum, 0.125 * [0.5, 0.0625][o])
    });
    assert_eq!(run(&graph, &x), wanted);
}

#[test]
fn matrix_products_have_a_scale_per_column() {
    let w = [1, -2, 3, 4, -5, 6, 7, 100];
    let builder = quantised(&[1, 4])
        .raw("w", DataType::Int8, &[4, 2], &bytes(&w))
        .floats("ws", &[2], &[0.5, 0.125])
        .raw("wz", DataType::Int8, &[2], &[0, 0])
        .node("QLinearMatMul", &["q", "xs", "xz", "w", "ws", "wz", "ys", "yz"], &["y"]);
    let graph = graph(output(builder));
    let x = values(4);
    let q = input_levels(&x);
    let column = |c: usize| (0..4).map(|k| w[k * 2 + c] * q[k]).sum::<i32>();
    let wanted = [requantised(column(0), 0.0625 * 0.5), requantised(column(1), 0.0625 * 0.125)];
    assert_eq!(run(&graph, &x), wanted);
}

#[test]
fn sums_and_products() {
    // The second operand has another scale and zero point.
    let second = |b: Builder| {
        b.scalar("bs", 0.5).raw("bz", DataType::Int8, &[], &[7]).node(
            "QuantizeLinear",
            &["x", "bs", "bz"],
            &["b"],
        )
    };
    let inputs = ["q", "xs", "xz", "b", "bs", "bz", "ys", "yz"];
    let sum = graph(output(second(quantised(&[1, 9])).node("com.microsoft::QLinearAdd", &inputs, &["y"])));
    let x = values(9);
    let both = |v: &f32| (level(*v, 0.0625, 3, -128, 127) - 3) + 8 * (level(*v, 0.5, 7, -128, 127) - 7);
    let wanted: Vec<f32> = x.iter().map(|v| requantised(both(v), 0.0625)).collect();
    assert_eq!(run(&sum, &x), wanted);
    let constant = quantised(&[1, 9]).raw("b", DataType::Int8, &[1], &[10]).scalar("bs", 0.5);
    let constant =
        constant.raw("bz", DataType::Int8, &[], &[7]).node("com.microsoft::QLinearMul", &inputs, &["y"]);
    let wanted: Vec<f32> = input_levels(&x).iter().map(|q| requantised(*q * 3, 0.0625 * 0.5)).collect();
    assert_eq!(run(&graph(output(constant)), &x), wanted);
}

#[test]
fn pools_and_concatenation() {
    let window = || vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
    let build = |op: &str, attributes| {
        let inputs = ["q", "xs", "xz", "ys", "yz"];
        graph(output(quantised(&[1, 2, 2, 2]).node_with(op, &inputs, &["y"], attributes)))
    };
    let x = values(8);
    let q = input_levels(&x);
    let means: Vec<f32> = q.chunks(4).map(|c| requantised(c.iter().sum(), 0.0625 / 4.0)).collect();
    assert_eq!(run(&build("com.microsoft::QLinearAveragePool", window()), &x), means);
    assert_eq!(run(&build("com.microsoft::QLinearGlobalAveragePool", vec![]), &x), means);
    let last = refusal(output(quantised(&[1, 2, 2, 2]).node_with(
        "com.microsoft::QLinearGlobalAveragePool",
        &["q", "xs", "xz", "ys", "yz"],
        &["y"],
        vec![int("channels_last", 1)],
    )));
    assert_eq!(last.message, "operator 'com.microsoft::QLinearGlobalAveragePool' is not supported");
    let two = quantised(&[1, 2, 2, 2])
        .scalar("bs", 0.5)
        .node("QuantizeLinear", &["x", "bs", "xz"], &["b"])
        .node_with(
            "com.microsoft::QLinearConcat",
            &["ys", "yz", "q", "xs", "xz", "b", "bs", "xz"],
            &["y"],
            vec![int("axis", 1)],
        );
    let first = q.iter().map(|q| requantised(*q, 0.0625));
    let second = x.iter().map(|v| requantised(level(*v, 0.5, 3, -128, 127) - 3, 0.5));
    assert_eq!(run(&graph(output(two)), &x), first.chain(second).collect::<Vec<_>>());
}

#[test]
fn a_real_result_and_missing_zero_points() {
    let builder = Builder::default()
        .input("x", &[1, 2])
        .scalar("xs", 0.0625)
        .node("QuantizeLinear", &["x", "xs"], &["q"])
        .raw("w", DataType::Int8, &[2, 1], &[3, 0xFE])
        .node("com.microsoft::QGemm", &["q", "xs", "", "w", "xs", "", "", "", ""], &["y"])
        .output("y");
    let graph = graph(builder);
    assert_eq!(run(&graph, &[1.0, 0.5]), [3.0 * 0.0625 - 2.0 * 0.03125]);
}

#[test]
fn two_readers_of_levels_share_one_layer_and_levels_are_not_quantised_twice() {
    let builder = quantised(&[1, 4])
        .node("DequantizeLinear", &["q", "xs", "xz"], &["a"])
        .node("DequantizeLinear", &["q", "xs", "xz"], &["b"])
        .node("Add", &["a", "b"], &["sum"])
        .node("QuantizeLinear", &["a", "xs", "xz"], &["again"])
        .node("DequantizeLinear", &["again", "xs", "xz"], &["c"])
        .output("sum")
        .output("c");
    assert_eq!(ops(&graph(builder)), ["input", "activation", "add", "output", "output"]);
}

#[test]
fn what_cannot_be_held_is_refused_by_name() {
    let sigmoid = output(quantised(&[1, 4]).node(
        "com.microsoft::QLinearSigmoid",
        &["q", "xs", "xz", "ys", "yz"],
        &["y"],
    ));
    let sigmoid = refusal(sigmoid);
    assert_eq!(sigmoid.code, Code::UnsupportedOperator);
    assert!(sigmoid.message.contains("'com.microsoft::QLinearSigmoid'"), "{sigmoid}");
    let float8 = quantised(&[1, 4]).raw("z", DataType::Float8e4m3fn, &[], &[0]);
    let float8 = refusal(float8.node("QuantizeLinear", &["x", "xs", "z"], &["f"]).output("f"));
    assert_eq!(float8.code, Code::UnsupportedType);
    assert!(float8.message.contains("FLOAT8E4M3FN"), "{float8}");
}
