//! Every quantised form of ONNX gives the integers that its definition says.
//!
//! Scales are powers of two, so that real arithmetic is exact and the references can be integers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod brainchip;
mod integer;
mod layers;
mod qonnx;
mod qoperator;
mod weights;

use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_frontends::onnx::{Options, decode, import};
use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::Graph;
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_tests::onnx_builder::Builder;

fn graph(builder: Builder) -> Graph {
    import(&decode(builder.bytes(), None).unwrap(), &Options::default()).expect("it is imported").graph
}

fn refusal(builder: Builder) -> Diagnostic {
    import(&decode(builder.bytes(), None).unwrap(), &Options::default()).expect_err("it is refused").remove(0)
}

/// The first output of a network for one input.
fn run(graph: &Graph, input: &[f32]) -> Vec<f32> {
    let mut sim = Simulator::new(graph, Execution::EventDriven);
    sim.step(&[Values::Real(input.to_vec())]).unwrap();
    sim.value(graph.outputs()[0]).to_f64().iter().map(|v| *v as f32).collect()
}

fn ops(graph: &Graph) -> Vec<&'static str> {
    graph.nodes.iter().map(|n| n.op.mnemonic()).collect()
}

/// Level of a value.
fn level(v: f32, scale: f32, zero: i32, lo: i32, hi: i32) -> i32 {
    ((v / scale).round_ties_even() as i32 + zero).clamp(lo, hi)
}

/// Values from -2 to 2 in no order, some of them halves of levels.
fn values(count: usize) -> Vec<f32> {
    (0..count).map(|k| ((k * 37 + 11) % 65) as f32 / 16.0 - 2.0).collect()
}

fn bytes(values: &[i32]) -> Vec<u8> {
    values.iter().map(|v| *v as u8).collect()
}

/// An input that is quantised with scale 1/16 and zero point 3 to `q`, of 8 bits and signed.
fn quantised(dims: &[i64]) -> Builder {
    Builder::default().input("x", dims).scalar("xs", 0.0625).raw("xz", DataType::Int8, &[], &[3]).node(
        "QuantizeLinear",
        &["x", "xs", "xz"],
        &["q"],
    )
}
