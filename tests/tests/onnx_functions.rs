//! Functions of a model: their calls are replaced by their bodies, within limits.
#![allow(clippy::unwrap_used, clippy::panic)]

use snnc_frontends::onnx::proto::FunctionProto;
use snnc_frontends::onnx::proto::attribute_proto::AttributeType;
use snnc_frontends::onnx::{Options, decode, import};
use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::Graph;
use snnc_ir::graph::op::Op;
use snnc_tests::onnx_builder::{Builder, function, int, ints, node, opset, referred, subgraph};
use std::time::{Duration, Instant};

fn graph(builder: Builder) -> Graph {
    import(&decode(builder.bytes(), None).unwrap(), &Options::default()).expect("it is imported").graph
}

fn refusal(builder: Builder) -> Diagnostic {
    import(&decode(builder.bytes(), None).unwrap(), &Options::default()).expect_err("it is refused").remove(0)
}

/// `x` of four elements, `z` its quantised activation, `y` what the test makes of `z`.
fn base() -> Builder {
    Builder::default()
        .input("x", &[1, 4])
        .scalar("s", 0.5)
        .raw("zp", snnc_frontends::onnx::proto::tensor_proto::DataType::Int8, &[], &[0])
        .floats("w", &[4, 4], &[0.25; 16])
        .node("QuantizeLinear", &["x", "s", "zp"], &["q"])
        .node("DequantizeLinear", &["q", "s", "zp"], &["z"])
}

fn names(graph: &Graph) -> Vec<&str> {
    graph.nodes.iter().map(|n| n.name.as_str()).collect()
}

#[test]
fn a_body_stands_for_its_call() {
    let linear = function(
        "com.brainchip::Dense",
        &["X", "W"],
        &["Y"],
        vec![node("Gemm", &["X", "W"], &["Y"], vec![referred("transB", AttributeType::Int, "flip")])],
    );
    let twice = function(
        "com.brainchip::Twice",
        &["X", "W"],
        &["Y"],
        vec![
            node("com.brainchip::Dense", &["X", "W"], &["h"], vec![int("flip", 1)]),
            node("com.brainchip::Dense", &["h", "W"], &["Y"], vec![]),
        ],
    );
    // What the function does not declare is a note of the exporter.
    let builder = base()
        .function(linear)
        .function(twice)
        .node_with("com.brainchip::Twice", &["z", "w"], &["y"], vec![int("scale", 3)])
        .node("com.brainchip::Dense", &["y", "w"], &["u"])
        .output("u");
    let graph = graph(builder);
    let ops: Vec<&str> = graph.nodes.iter().map(|n| n.op.mnemonic()).collect();
    assert_eq!(ops, ["input", "activation", "linear", "linear", "linear", "output"]);
    assert_eq!(names(&graph)[2..], ["/y/h/Y", "/y/Y/Y", "/u/Y", "u"]);
}

#[test]
fn defaults_of_attributes() {
    let mut pool = function(
        "f::Pool",
        &["X"],
        &["Y"],
        vec![node(
            "MaxPool",
            &["X"],
            &["Y"],
            vec![
                referred("kernel_shape", AttributeType::Ints, "size"),
                referred("strides", AttributeType::Ints, "step"),
                referred("pads", AttributeType::Ints, "pads"),
            ],
        )],
    );
    pool.attribute = vec!["pads".into()];
    pool.attribute_proto = vec![ints("size", &[2, 2]), ints("step", &[2, 2])];
    let build = |attributes| {
        Builder::default()
            .input("x", &[1, 1, 8, 8])
            .scalar("s", 0.5)
            .function(pool.clone())
            .node_with("f::Pool", &["x"], &["p"], attributes)
            .node("QuantizeLinear", &["p", "s"], &["q"])
            .node("DequantizeLinear", &["q", "s"], &["z"])
            .output("z")
    };
    let size = |attributes| graph(build(attributes)).nodes[1].shape.h;
    assert_eq!(size(vec![]), 4);
    assert_eq!(size(vec![ints("step", &[1, 1])]), 7);
    assert_eq!(size(vec![ints("size", &[4, 4]), ints("pads", &[0, 0, 0, 0])]), 3);
}

#[test]
fn inputs_and_outputs_may_be_left_out() {
    let f = function(
        "f::Gemm",
        &["X", "W", "B"],
        &["Y", "Same", "Unused"],
        vec![
            node("Gemm", &["X", "W", "B"], &["Y"], vec![]),
            node("Identity", &["Y"], &["Same"], vec![]),
            node("Identity", &["Y"], &["Unused"], vec![]),
        ],
    );
    let builder = base().function(f).node("f::Gemm", &["z", "w"], &["", "y"]).output("y");
    assert_eq!(graph(builder).nodes.len(), 4);
    // An output that is an input, and the same output twice.
    let f = function("f::Pass", &["X"], &["X", "Y", "Y"], vec![node("Identity", &["X"], &["Y"], vec![])]);
    let builder =
        base().function(f).node("f::Pass", &["z"], &["a", "b", "c"]).output("a").output("b").output("c");
    assert_eq!(graph(builder).outputs().len(), 3);
    let f = function("f::Id", &["X"], &["Y"], vec![node("Identity", &["X"], &["Y"], vec![])]);
    let builder = base().function(f).node("f::Id", &["z", "w"], &["y"]).output("y");
    assert_eq!(refusal(builder).code, Code::BadGraph);
}

#[test]
fn names_of_bodies_are_those_of_nothing_else() {
    let f = function(
        "f::Id",
        &["X"],
        &["Y"],
        vec![node("Identity", &["X"], &["t"], vec![]), node("Identity", &["t"], &["Y"], vec![])],
    );
    // The value of the body would be called like a value of the graph.
    let builder = base()
        .function(f)
        .node("f::Id", &["z"], &["y"])
        .node("Identity", &["y"], &["/y/t"])
        .node("f::Id", &["/y/t"], &["u"])
        .output("u");
    assert_eq!(graph(builder).nodes.len(), 3);
}

#[test]
fn overloads_are_told_apart() {
    let overload = |name: &str, flip| {
        let body = vec![node("Gemm", &["X", "W"], &["Y"], vec![int("transB", flip)])];
        FunctionProto { overload: name.into(), ..function("f::Dense", &["X", "W"], &["Y"], body) }
    };
    let mut builder = base()
        .floats("v", &[2, 4], &[1.0; 8])
        .function(overload("a", 0))
        .function(overload("b", 1))
        .node("f::Dense", &["z", "v"], &["y"])
        .output("y");
    let call = builder.graph.node.last_mut().unwrap();
    call.overload = "b".into();
    assert_eq!(graph(builder).nodes[2].shape.len(), 2);
}

#[test]
fn neurons_with_bodies_stay_neurons_and_unknown_ones_are_opened() {
    let body = || vec![node("Identity", &["X"], &["Y"], vec![])];
    let build = |name: &str| {
        Builder::default()
            .input("x", &[1, 4])
            .input("v", &[1, 4])
            .scalar("one", 1.0)
            .function(function(&format!("ai.snnc::{name}"), &["X", "V", "B"], &["Y", "Vo"], body()))
            .node(&format!("ai.snnc::{name}"), &["x", "v", "one"], &["s", "vo"])
            .metadata("snnc.steps", "2")
    };
    let kept = graph(build("LI").output("s").output("vo"));
    assert!(matches!(kept.nodes[1].op, Op::Neuron(_)));
    let opened = build("Mine").scalar("q", 0.5).node("QuantizeLinear", &["s", "q"], &["i"]);
    let opened = opened.node("DequantizeLinear", &["i", "q"], &["o"]).output("o");
    // Nothing reads the state any more.
    assert!(refusal(opened).message.contains("input 'v' is not used"));
}

#[test]
fn a_function_comes_before_a_standard_operator() {
    let f = function("::Relu", &["X"], &["Y"], vec![node("Identity", &["X"], &["Y"], vec![])]);
    assert_eq!(graph(base().function(f).node("Relu", &["z"], &["y"]).output("y")).nodes.len(), 3);
}

#[test]
fn subgraphs_of_bodies_are_named_too() {
    let inner = function("f::Id", &["X"], &["Y"], vec![node("Identity", &["X"], &["Y"], vec![])]);
    let body = snnc_frontends::onnx::proto::GraphProto {
        node: vec![node("f::Id", &["X"], &["o"], vec![])],
        ..Default::default()
    };
    let outer = function(
        "f::Choice",
        &["C", "X"],
        &["Y"],
        vec![node(
            "If",
            &["C"],
            &["Y"],
            vec![subgraph("then_branch", body.clone()), subgraph("else_branch", body)],
        )],
    );
    let builder = base().function(inner).function(outer).node("f::Choice", &["x", "z"], &["y"]).output("y");
    let found = import(&decode(builder.bytes(), None).unwrap(), &Options::default()).expect_err("refused");
    assert_eq!(found[0].message, "operator 'If' is not supported");
    assert_eq!(found[0].at.as_ref().unwrap().node, "/y/Y");
}

#[test]
fn domains_of_bodies_are_imported_with_them() {
    let mut f = function(
        "f::Neuron",
        &["X", "V", "B"],
        &["Y", "Vo"],
        vec![node("ai.snnc::LI", &["X", "V", "B"], &["Y", "Vo"], vec![])],
    );
    f.opset_import.push(opset("ai.snnc", 1));
    let build = |f: FunctionProto| {
        let mut builder = Builder::default()
            .input("x", &[1, 4])
            .input("v", &[1, 4])
            .scalar("one", 1.0)
            .function(f)
            .node("f::Neuron", &["x", "v", "one"], &["s", "vo"])
            .output("s")
            .output("vo")
            .metadata("snnc.steps", "2");
        builder.model.opset_import.retain(|o| o.domain != "ai.snnc");
        builder
    };
    assert!(matches!(graph(build(f.clone())).nodes[1].op, Op::Neuron(_)));
    f.opset_import.last_mut().unwrap().version = 2;
    assert_eq!(refusal(build(f)).message, "version 2 of ai.snnc is not known");
}

/// `f0` calls `f1` `width` times, and so on, `depth` deep.
fn tower(depth: usize, width: usize) -> Builder {
    let mut builder = base();
    for level in 0..depth {
        let callee = if level + 1 == depth { "Identity".into() } else { format!("f::F{}", level + 1) };
        let mut body = Vec::new();
        for k in 0..width {
            let (from, to) = (format!("v{k}"), format!("v{}", k + 1));
            let from = if k == 0 { "X" } else { &from };
            let to = if k + 1 == width { "Y" } else { &to };
            body.push(node(&callee, &[from], &[to], vec![]));
        }
        builder = builder.function(function(&format!("f::F{level}"), &["X"], &["Y"], body));
    }
    builder.node("f::F0", &["z"], &["y"]).output("y")
}

#[test]
fn bodies_that_double_are_refused_before_they_are_copied() {
    let start = Instant::now();
    for depth in [40, 64, 99] {
        assert_eq!(refusal(tower(depth, 2)).code, Code::BudgetExceeded);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(graph(tower(6, 2)).nodes[1].origin.len(), 2 + 64);
}

#[test]
fn large_bodies_are_refused_before_they_fill_memory() {
    let long = "n".repeat(1 << 20);
    let body = (0..8).map(|_| node("Identity", &["X"], &[&long], vec![])).collect();
    let mut builder = base().function(function("f::Long", &["X"], &["Y"], body));
    for k in 0..1000 {
        builder = builder.node("f::Long", &["z"], &[&format!("y{k}")]);
    }
    assert_eq!(refusal(builder.output("y0")).code, Code::BudgetExceeded);
}

#[test]
fn deep_calls_are_refused() {
    assert_eq!(graph(tower(90, 1)).nodes.len(), 3);
    assert_eq!(refusal(tower(10_000, 1)).code, Code::BudgetExceeded);
}

#[test]
fn cycles_of_calls_are_refused() {
    let f =
        |name: &str, callee: &str| function(name, &["X"], &["Y"], vec![node(callee, &["X"], &["Y"], vec![])]);
    let cyclic = base().function(f("f::A", "f::B")).function(f("f::B", "f::A"));
    let refused = refusal(cyclic.clone().node("f::A", &["z"], &["y"]).output("y"));
    assert_eq!(refused.code, Code::BadGraph);
    assert_eq!(refused.message, "the function 'f::A' calls itself, directly or through others");
    let own = base().function(f("f::A", "f::A")).node("f::A", &["z"], &["y"]).output("y");
    assert_eq!(refusal(own).code, Code::BadGraph);
    // What nobody calls does no harm.
    assert_eq!(graph(cyclic.output("z")).nodes.len(), 3);
}
