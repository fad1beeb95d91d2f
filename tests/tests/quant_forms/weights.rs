//! Weights as they are stored: packed, clipped, cast, or quantised in the graph.

use super::{bytes, graph};
use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_ir::graph::weights::{Scale, Weights};
use snnc_tests::onnx_builder::{Builder, int};

/// A linear layer of weights `wd` and a quantised output.
fn linear(builder: Builder, transposed: i64) -> Weights {
    let builder = builder
        .input("x", &[1, 4])
        .scalar("as", 0.5)
        .node_with("Gemm", &["x", "wd"], &["y"], vec![int("transB", transposed)])
        .node("QuantizeLinear", &["y", "as"], &["q"])
        .node("DequantizeLinear", &["q", "as"], &["z"])
        .output("z");
    graph(builder).weights.remove(0)
}

#[test]
fn packed_types() {
    let w = |ty, raw: &[u8]| {
        let builder = Builder::default().raw("w", ty, &[1, 4], raw).scalar("ws", 0.5);
        linear(builder.node("DequantizeLinear", &["w", "ws"], &["wd"]), 1)
    };
    let two = w(DataType::Int2, &[0b11_10_01_00]);
    assert_eq!(two.to_integer().unwrap(), [0, 1, -2, -1]);
    assert_eq!(two.statistics().bits(), Some(2));
    assert_eq!(w(DataType::Uint2, &[0b11_10_01_00]).to_integer().unwrap(), [0, 1, 2, 3]);
    let four = w(DataType::Int4, &[0xF7, 0x08]);
    assert_eq!(four.to_integer().unwrap(), [7, -1, -8, 0]);
    assert_eq!(four.statistics().bits(), Some(4));
    assert_eq!(w(DataType::Uint4, &[0xF7, 0x08]).to_integer().unwrap(), [7, 15, 8, 0]);
}

#[test]
fn four_bits_in_bytes_behind_a_clip() {
    let builder = Builder::default()
        .raw("w", DataType::Int8, &[2, 4], &bytes(&[7, -7, 3, 0, 100, -100, 1, 2]))
        .floats("ws", &[2], &[0.5, 0.25])
        .raw("wz", DataType::Int8, &[2], &[0, 0])
        .raw("lo", DataType::Int8, &[], &bytes(&[-7]))
        .raw("hi", DataType::Int8, &[], &[7])
        .node("Clip", &["w", "lo", "hi"], &["wc"])
        .node_with("DequantizeLinear", &["wc", "ws", "wz"], &["wd"], vec![int("axis", 0)]);
    let w = linear(builder, 1);
    assert_eq!(w.to_integer().unwrap(), [7, -7, 3, 0, 7, -7, 1, 2]);
    assert_eq!((w.statistics().bits(), w.scale), (Some(4), Some(Scale::PerChannel(vec![0.5, 0.25]))));
}

#[test]
fn real_weights_that_the_graph_quantises() {
    let builder = Builder::default()
        .floats("w", &[1, 4], &[0.6, -9.0, 0.25, 1.0])
        .floats("ws", &[1], &[0.5])
        .raw("wz", DataType::Int8, &[1], &[0])
        .raw("lo", DataType::Int8, &[], &bytes(&[-7]))
        .raw("hi", DataType::Int8, &[], &[7])
        .node_with("QuantizeLinear", &["w", "ws", "wz"], &["wq"], vec![int("axis", 0)])
        .node("Clip", &["wq", "lo", "hi"], &["wc"])
        .node_with("DequantizeLinear", &["wc", "ws", "wz"], &["wd"], vec![int("axis", 0)]);
    let w = linear(builder, 1);
    assert_eq!((w.to_integer().unwrap(), w.scale), (vec![1, -7, 0, 2], Some(Scale::PerTensor(0.5))));
}

#[test]
fn a_transposed_weight_takes_its_scales_with_it() {
    let builder = Builder::default()
        .raw("w", DataType::Int8, &[4, 2], &[1, 2, 3, 4, 5, 6, 7, 8])
        .floats("ws", &[2], &[0.5, 0.25])
        .node_with("DequantizeLinear", &["w", "ws"], &["wf"], vec![int("axis", 1)])
        .node("Transpose", &["wf"], &["wd"]);
    let w = linear(builder, 1);
    assert_eq!(w.to_integer().unwrap(), [1, 3, 5, 7, 2, 4, 6, 8]);
    assert_eq!(w.scale, Some(Scale::PerChannel(vec![0.5, 0.25])));
}

#[test]
fn wide_weights_and_casts_stay_integers() {
    let raw: Vec<u8> = [300i16, -300, 0, 1].iter().flat_map(|v| v.to_le_bytes()).collect();
    let builder = Builder::default().raw("w", DataType::Int16, &[1, 4], &raw).scalar("ws", 0.5);
    let w = linear(builder.node("DequantizeLinear", &["w", "ws"], &["wd"]), 1);
    assert_eq!((w.to_integer().unwrap(), w.statistics().bits()), (vec![300, -300, 0, 1], Some(10)));
    let builder = Builder::default().raw("w", DataType::Int8, &[1, 4], &bytes(&[3, -4, 0, 1]));
    let w = linear(builder.node_with("Cast", &["w"], &["wd"], vec![int("to", 1)]), 1);
    assert_eq!((w.to_integer().unwrap(), w.statistics().bits()), (vec![3, -4, 0, 1], Some(3)));
}
