//! ConvInteger and MatMulInteger, with static and with dynamic scales.

use super::{bytes, graph, level, quantised, refusal, run, values};
use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_ir::diag::Code;
use snnc_tests::onnx_builder::{Builder, int};

#[test]
fn statically_quantised_inputs() {
    let w = [5, -3, 2, 9];
    let builder = quantised(&[1, 2])
        .raw("w", DataType::Int8, &[2, 2], &bytes(&w))
        .raw("wz", DataType::Int8, &[], &[1])
        .scalar("s", 0.0625 * 0.25)
        .floats("b", &[2], &[1.0, -1.0])
        .node("MatMulInteger", &["q", "w", "xz", "wz"], &["i"])
        .node_with("Cast", &["i"], &["f"], vec![int("to", 1)])
        .node("Mul", &["f", "s"], &["m"])
        .node("Add", &["m", "b"], &["y"])
        .output("y");
    let graph = graph(builder);
    assert_eq!(graph.nodes.len(), 4);
    let x = values(2);
    let q: Vec<i32> = x.iter().map(|v| level(*v, 0.0625, 3, -128, 127) - 3).collect();
    let wanted = [0, 1].map(|c| {
        let sum = q[0] * (w[c] - 1) + q[1] * (w[2 + c] - 1);
        sum as f32 * 0.0625 * 0.25 + [1.0, -1.0][c]
    });
    assert_eq!(run(&graph, &x), wanted);
    let kernel = quantised(&[1, 1, 2, 2]).raw("w", DataType::Int8, &[1, 1, 2, 2], &bytes(&w));
    let kernel = kernel.node("ConvInteger", &["q", "w", "xz"], &["i"]).node_with(
        "Cast",
        &["i"],
        &["f"],
        vec![int("to", 1)],
    );
    let x = values(4);
    let sum: i32 = x.iter().zip(w).map(|(v, w)| (level(*v, 0.0625, 3, -128, 127) - 3) * w).sum();
    assert_eq!(run(&super::graph(kernel.output("f")), &x), [sum as f32]);
}

#[test]
fn a_scale_that_depends_on_the_data_is_refused() {
    let builder = Builder::default()
        .input("x", &[1, 2])
        .raw("w", DataType::Int8, &[2, 2], &[1, 2, 3, 4])
        .node("DynamicQuantizeLinear", &["x"], &["q", "s", "z"])
        .node("MatMulInteger", &["q", "w", "z"], &["i"])
        .node_with("Cast", &["i"], &["f"], vec![int("to", 1)])
        .node("Mul", &["f", "s"], &["y"])
        .output("y");
    let refused = refusal(builder);
    assert_eq!(refused.code, Code::UnsupportedOperator);
    assert!(refused.message.contains("its scale is that of the data of each run"), "{refused}");
    assert!(refused.remedy.unwrap().contains("quantize_static"));
}
