//! Bodies of ai.snnc operators against their names.
#![allow(clippy::unwrap_used, clippy::panic)]

use prost::Message;
use snnc_frontends::onnx::proto::{FunctionProto, NodeProto};
use snnc_frontends::onnx::{Options, decode, import};
use snnc_tests::onnx_builder::{function, node, small_spiking};

/// The body of snnTorch's neuron, as docs/ai.snnc.md has it.
fn body(threshold_factor: &str) -> FunctionProto {
    let op =
        |op: &str, inputs: &[&str], output: &str| -> NodeProto { node(op, inputs, &[output], Vec::new()) };
    let nodes = vec![
        op("Greater", &["v", "threshold"], "r_b"),
        op("CastLike", &["r_b", "x"], "r"),
        op("Mul", &["beta", "v"], "d"),
        op("Add", &["d", "x"], "a"),
        op("Mul", &["r", threshold_factor], "b"),
        op("Sub", &["a", "b"], "v_out"),
        op("Greater", &["v_out", "threshold"], "s_b"),
        op("CastLike", &["s_b", "x"], "s"),
    ];
    function("ai.snnc::LIF_subtract_next_gt_binary", &["x", "v", "beta", "threshold"], &["s", "v_out"], nodes)
}

fn refusals(body: FunctionProto) -> Vec<String> {
    let mut model = small_spiking().build();
    let neurons = &model.graph.as_ref().unwrap().node;
    assert!(neurons.iter().any(|n| n.op_type == "LIF_subtract_next_gt_binary"));
    model.functions = vec![body];
    let model = decode(model.encode_to_vec().into(), None).unwrap();
    match import(&model, &Options::default()) {
        Ok(_) => Vec::new(),
        Err(refusals) => refusals.iter().map(|d| format!("{} {}", d.code, d.message)).collect(),
    }
}

#[test]
fn a_body_that_does_what_its_name_says_is_read() {
    assert_eq!(refusals(body("threshold")), Vec::<String>::new());
}

#[test]
fn a_body_that_does_something_else_is_refused() {
    // The reset takes off the decay instead of the threshold.
    let found = refusals(body("beta"));
    assert!(found.iter().any(|r| r.starts_with("E0202") && r.contains("something else")), "{found:?}");
}

#[test]
fn a_body_that_cannot_be_evaluated_is_left_to_its_name() {
    let mut strange = body("threshold");
    strange.node[2].op_type = "Softmax".into();
    strange.node[2].input.truncate(1);
    assert_eq!(refusals(strange), Vec::<String>::new());
}
