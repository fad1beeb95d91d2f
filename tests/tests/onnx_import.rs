//! What each form of ONNX becomes, and which code refuses what.
#![allow(clippy::unwrap_used, clippy::panic)]

use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_frontends::onnx::{Imported, Options, decode, import};
use snnc_ir::diag::{Code, Diagnostics};
use snnc_ir::graph::op::{Bias, Input, Op, Values};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::weights::{Scale, Storage};
use snnc_ir::graph::{Graph, Number};
use snnc_ir::neuron::{Activation, Compare, Emission, Model, Neuron, Reset, Spiking, Timing};
use snnc_tests::onnx_builder::{Builder, int, ints, small_spiking, string};

fn run_with(builder: Builder, options: &Options) -> Result<Imported, Diagnostics> {
    import(&decode(builder.bytes(), None)?, options)
}

fn run(builder: Builder) -> Result<Imported, Diagnostics> {
    run_with(builder, &Options::default())
}

fn graph(builder: Builder) -> Graph {
    run(builder).expect("it is imported").graph
}

fn refusal(builder: Builder) -> (Code, String) {
    let first = run(builder).expect_err("it is refused").remove(0);
    (first.code, first.message)
}

fn neuron<'g>(graph: &'g Graph, name: &str) -> &'g Neuron {
    let node = graph.nodes.iter().find(|n| n.name == name).expect("a node of that name");
    let Op::Neuron(neuron) = &node.op else { unreachable!("{name} is no neuron") };
    neuron
}

fn spiking<'g>(graph: &'g Graph, name: &str) -> &'g Spiking<f32> {
    let Neuron::Real(spec) = neuron(graph, name) else { unreachable!("{name} is not real") };
    let Model::Spiking(model) = &spec.model else { unreachable!("{name} does not spike") };
    model
}

/// `x` and `v` of four neurons; `op` gives `s` and `vo` from them and the parameters.
fn one_neuron(op: &str, parameters: &[(&str, f32)]) -> Builder {
    let mut builder =
        Builder::default().input("x", &[-1, 4]).input("v", &[-1, 4]).metadata("snnc.steps", "3");
    for (name, value) in parameters {
        builder = builder.scalar(name, *value);
    }
    let names: Vec<&str> = ["x", "v"].into_iter().chain(parameters.iter().map(|(n, _)| *n)).collect();
    builder.node(&format!("ai.snnc::{op}"), &names, &["s", "vo"]).output("s").output("vo")
}

#[test]
fn a_small_network() {
    let imported = run(small_spiking()).expect("it is imported");
    let graph = &imported.graph;
    let ops: Vec<&str> = graph.nodes.iter().map(|n| n.op.mnemonic()).collect();
    assert_eq!(ops, ["input", "conv2d", "lif", "sum_pool", "reshape", "linear", "lif", "output"]);
    let names: Vec<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["x", "/c", "/s1", "/p", "/f", "/g", "/s2", "s2"]);
    assert_eq!((graph.steps, graph.number), (4, Number::Real));
    assert_eq!(imported.opset["ai.onnx"], 21);
    assert_eq!(imported.fingerprint.len(), 64);
    let first = spiking(graph, "/s1");
    assert_eq!(first.decay, Some(Param::Scalar(0.5)));
    assert_eq!((first.compare, &first.reset), (Compare::Greater, &Reset::Subtract(Timing::Next)));
    let Op::SumPool(pool) = &graph.nodes[3].op else { panic!("no pool") };
    assert_eq!(pool.divisor, 4);
}

#[test]
fn steps_come_from_the_user_then_the_file() {
    let steps = |t| Options { steps: t, ..Options::default() };
    assert_eq!(run_with(small_spiking(), &steps(Some(9))).expect("imported").graph.steps, 9);
    let mut unsaid = small_spiking();
    unsaid.model.metadata_props.retain(|p| p.key != "snnc.steps");
    assert_eq!(refusal(unsaid).0, Code::MissingSteps);
}

#[test]
fn options_of_a_neuron_take_their_inputs_in_order() {
    let all = one_neuron(
        "LIF_value_same_ge_count_gain_rest_after_vmin_max",
        &[("beta", 1.0), ("th", 2.0), ("g", 3.0), ("rest", 4.0), ("reset", 5.0), ("min", -6.0), ("max", 7.0)],
    );
    let graph = graph(all);
    let model = spiking(&graph, "/s");
    let scalar = |v| Some(Param::Scalar(v));
    assert_eq!(model.decay, None, "a factor of 1 is no leak");
    assert_eq!((&model.gain, &model.rest, &model.v_min), (&scalar(3.0), &scalar(4.0), &scalar(-6.0)));
    assert_eq!(model.reset, Reset::Value(Timing::Same, Param::Scalar(5.0)));
    assert_eq!(model.emission, Emission::Count { max: scalar(7.0) });
}

#[test]
fn an_integer_network() {
    let builder = Builder::default()
        .typed_input("x", DataType::Int32, &[1, 4])
        .typed_input("v", DataType::Int32, &[1, 2])
        .typed_input("i", DataType::Int32, &[1, 2])
        .int32s("w", &[4, 2], &[1, -2, 3, -400, 5, 6, 7, 8])
        .int32s("dv", &[], &[96])
        .int32s("di", &[], &[4096])
        .int32s("th", &[2], &[100, 200])
        .int32s("b", &[], &[3])
        .node("MatMul", &["x", "w"], &["y"])
        .node(
            "ai.snnc::CUBAInt_zero_same_ge_binary_bias",
            &["y", "v", "i", "dv", "di", "th", "b"],
            &["s", "vo", "io"],
        )
        .output("s")
        .output("vo")
        .output("io")
        .metadata("snnc.steps", "2");
    let graph = graph(builder);
    assert_eq!(graph.number, Number::Integer);
    assert!(matches!(&graph.weights[0].storage, Storage::I32(v) if v[..] == [1, 3, 5, 7, -2, -400, 6, 8]));
    let Neuron::Integer(spec, _) = neuron(&graph, "/s") else { panic!("real") };
    let Model::Spiking(model) = &spec.model else { panic!("no spikes") };
    assert_eq!(model.decay, Some(Param::Scalar(4000)));
    assert_eq!(model.current.as_ref().map(|c| &c.decay), Some(&Param::Scalar(0)));
    assert_eq!(model.threshold, Param::PerChannel(vec![100, 200]));
    assert_eq!(model.bias, Some(Param::Scalar(3)));
}

#[test]
fn a_sequence_has_its_time_axis_taken_off() {
    let builder = Builder::default()
        .input("x", &[5, 1, 4])
        .floats("w", &[4, 3], &[0.5; 12])
        .floats("b", &[3], &[1.0, 2.0, 3.0])
        .floats("v", &[1, 3], &[0.0, 0.25, 0.0])
        .scalar("beta", 0.9)
        .node("MatMul", &["x", "w"], &["m"])
        .node("Add", &["m", "b"], &["y"])
        .node("ai.snnc::LISeq", &["y", "v", "beta"], &["o", "vo"])
        .output("o");
    let graph = graph(builder);
    assert_eq!(graph.steps, 5);
    assert_eq!(graph.nodes[0].shape.len(), 4);
    assert!(
        matches!(&graph.nodes[1].op, Op::Linear(l) if l.bias == Some(Bias::Real(Param::PerChannel(vec![1.0, 2.0, 3.0]))))
    );
    assert_eq!(graph.nodes[1].origin, ["/m", "/y"]);
    let Neuron::Real(spec) = neuron(&graph, "/o") else { panic!("integer") };
    let Model::Integrator(model) = &spec.model else { panic!("no integrator") };
    assert_eq!(model.initial, Some(Param::PerChannel(vec![0.0, 0.25, 0.0])));
}

#[test]
fn sigma_delta_and_delta() {
    let builder = Builder::default()
        .input("x", &[1, 4])
        .input("r0", &[1, 4])
        .input("a", &[1, 4])
        .input("r1", &[1, 4])
        .scalar("th", 0.5)
        .scalar("b", 0.25)
        .node("ai.snnc::Delta_ge", &["x", "r0", "th"], &["d", "r0o"])
        .node("ai.snnc::SigmaDelta_relu_gt_bias", &["d", "a", "r1", "th", "b"], &["s", "ao", "r1o"])
        .output("s")
        .output("r0o")
        .output("ao")
        .output("r1o")
        .metadata("snnc.steps", "2");
    let graph = graph(builder);
    let ops: Vec<&str> = graph.nodes.iter().map(|n| n.op.mnemonic()).collect();
    assert_eq!(ops, ["input", "delta", "sigma_delta", "output"]);
}

#[test]
fn quantised_weights_stay_integers_and_activations_become_neurons() {
    let builder = Builder::default()
        .input("x", &[1, 2])
        .raw("w", DataType::Uint8, &[3, 2], &[10, 11, 12, 13, 14, 255])
        .floats("ws", &[3], &[0.5, 0.25, 2.0])
        .raw("wz", DataType::Uint8, &[3], &[10, 10, 255])
        .scalar("as", 0.125)
        .raw("az", DataType::Int8, &[], &[0x80])
        .node_with("DequantizeLinear", &["w", "ws", "wz"], &["wd"], vec![int("axis", 0)])
        .node_with("Gemm", &["x", "wd"], &["y"], vec![int("transB", 1)])
        .node("Relu", &["y"], &["r"])
        .node("QuantizeLinear", &["r", "as", "az"], &["q"])
        .node("com.microsoft::DequantizeLinear", &["q", "as", "az"], &["z"])
        .output("z");
    let graph = graph(builder);
    assert_eq!(graph.steps, 1);
    assert!(matches!(&graph.weights[0].storage, Storage::I32(v) if v[..] == [0, 1, 2, 3, -241, 0]));
    assert_eq!(graph.weights[0].scale, Some(Scale::PerChannel(vec![0.5, 0.25, 2.0])));
    let Neuron::Real(spec) = neuron(&graph, "/z") else { panic!("integer") };
    let expected =
        Activation { scale: 0.125, zero_point: -128, lo: -128, hi: 127, relu: true, half_up: false };
    assert_eq!(spec.model, Model::Activation(expected));
    assert_eq!(graph.nodes[2].origin, ["/r", "/q", "/z"]);
}

#[test]
fn four_bit_weights() {
    let builder = Builder::default()
        .input("x", &[1, 3])
        .raw("w", DataType::Int4, &[1, 3], &[0xF7, 0x08])
        .scalar("ws", 0.5)
        .node("com.microsoft::DequantizeLinear", &["w", "ws"], &["wd"])
        .node_with("Gemm", &["x", "wd"], &["y"], vec![int("transB", 1)])
        .node("QuantizeLinear", &["y", "ws"], &["q"])
        .node("DequantizeLinear", &["q", "ws"], &["z"])
        .output("z");
    assert!(matches!(&graph(builder).weights[0].storage, Storage::I8(v) if v[..] == [7, -1, -8]));
}

#[test]
fn sum_pooling_as_exporters_write_it() {
    let pool = || vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
    let build = |factor: f32| {
        Builder::default()
            .input("x", &[1, 1, 4, 4])
            .input("v", &[1, 1, 2, 2])
            .scalar("one", 1.0)
            .scalar("k", factor)
            .node("Pow", &["x", "one"], &["p"])
            .node_with("AveragePool", &["p"], &["a"], pool())
            .node("Sign", &["a"], &["sign"])
            .node("Abs", &["a"], &["abs"])
            .node("Relu", &["abs"], &["relu"])
            .node("Mul", &["sign", "relu"], &["m"])
            .node("Mul", &["m", "k"], &["n"])
            .node("ai.snnc::LI", &["n", "v", "one"], &["s", "vo"])
            .output("s")
            .output("vo")
            .metadata("snnc.steps", "2")
    };
    let sum = graph(build(4.0));
    assert!(matches!(&sum.nodes[1].op, Op::SumPool(p) if p.divisor == 1));
    // Another factor would give other bits: it stays a factor.
    let other = graph(build(3.0));
    assert!(matches!(&other.nodes[1].op, Op::SumPool(p) if p.divisor == 4));
    assert!(matches!(&other.nodes[2].op, Op::Conv2d(c) if c.groups == 1));
    assert_eq!(other.weights[0].to_real(), [3.0]);
}

#[test]
fn a_crop_is_a_slice() {
    let build = |starts: &[i64], ends: &[i64], axes: &[i64], steps: &[i64]| {
        Builder::default()
            .input("x", &[1, 3, 6, 5])
            .input("v", &[1, 2, 4, 4])
            .scalar("one", 1.0)
            .shape("starts", starts)
            .shape("ends", ends)
            .shape("axes", axes)
            .shape("steps", steps)
            .node("Slice", &["x", "starts", "ends", "axes", "steps"], &["y"])
            .node("ai.snnc::LI", &["y", "v", "one"], &["s", "vo"])
            .output("s")
            .output("vo")
            .metadata("snnc.steps", "2")
    };
    let cropped = graph(build(&[1, -5, 0], &[3, i64::MAX, -1], &[1, 2, -1], &[1, 1, 1]));
    let Op::Slice(slice) = cropped.nodes[1].op else { panic!("no slice") };
    assert_eq!((slice.start, slice.end), ([1, 1, 0], [3, 6, 4]));
    let mirrored = refusal(build(&[-1], &[i64::MIN], &[3], &[-1]));
    assert!(mirrored.0 == Code::UnsupportedAttribute && mirrored.1.contains("step of -1"), "{mirrored:?}");
    assert_eq!(refusal(build(&[0], &[0], &[0], &[1])).0, Code::UnsupportedAttribute);
    assert_eq!(refusal(build(&[2], &[2], &[1], &[1])).0, Code::BadShape);
}

#[test]
fn a_symbolic_dimension_is_given_by_the_user() {
    let build = || {
        let builder =
            Builder::default().typed_input("x", DataType::Float, &[-1, 2, -1, 4]).output("s").output("vo");
        builder.input("v", &[1, 2, 4, 4]).scalar("one", 1.0).node(
            "ai.snnc::LI",
            &["x", "v", "one"],
            &["s", "vo"],
        )
    };
    assert_eq!(refusal(build()).0, Code::BadShape);
    let mut options = Options { steps: Some(2), ..Options::default() };
    options.shapes.insert("x".into(), vec![1, 2, 4, 4]);
    assert_eq!(run_with(build(), &options).expect("imported").graph.nodes[0].shape.h, 4);
    options.shapes.insert("y".into(), vec![1]);
    assert_eq!(run_with(build(), &options).expect_err("refused")[0].code, Code::BadShape);
}

#[test]
fn inputs_say_what_values_they_take() {
    let builder = Builder::default()
        .typed_input("x", DataType::Bool, &[1, 4])
        .input("v", &[1, 4])
        .scalar("one", 1.0)
        .node_with("Cast", &["x"], &["f"], vec![int("to", 1)])
        .node("ai.snnc::LI", &["f", "v", "one"], &["s", "vo"])
        .output("s")
        .output("vo")
        .metadata("snnc.steps", "2");
    assert_eq!(graph(builder).nodes[0].op, Op::Input(Input { values: Values::Binary }));
}

#[test]
fn codes_of_nodes() {
    assert_eq!(refusal(small_spiking().node("Erf", &["x"], &["e"])).0, Code::UnsupportedOperator);
    assert_eq!(
        refusal(small_spiking().node("com.microsoft::Gelu", &["x"], &["e"])),
        (Code::UnsupportedOperator, "operator 'com.microsoft::Gelu' is not supported".into())
    );
    // A domain that the file does not import.
    assert_eq!(refusal(small_spiking().node("com.acme::LIF", &["x"], &["e"])).0, Code::BadGraph);
    let padded = vec![ints("kernel_shape", &[2, 2]), ints("pads", &[1, 1, 1, 1])];
    assert_eq!(
        refusal(small_spiking().node_with("AveragePool", &["x"], &["e"], padded)).0,
        Code::UnsupportedAttribute
    );
    let unknown = vec![int("surprise", 1)];
    assert_eq!(
        refusal(small_spiking().node_with("Flatten", &["x"], &["e"], unknown)).0,
        Code::UnsupportedAttribute
    );
    assert_eq!(refusal(small_spiking().node("MatMul", &["f", "g"], &["e"])).0, Code::NotConstant);
    assert_eq!(refusal(small_spiking().node("MatMul", &["f", "w2"], &["e"])).0, Code::BadShape);
    let half =
        Builder::default().typed_input("h", DataType::Float16, &[1, 4]).node("ai.snnc::LI", &["h"], &["s"]);
    assert_eq!(refusal(half.output("s")).0, Code::UnsupportedType);
    let ignored = small_spiking().input("unused", &[1, 3]);
    assert_eq!(
        refusal(ignored),
        (Code::BadGraph, "input 'unused' is not used: the exporter lost the path from it".into())
    );
}

#[test]
fn codes_of_neurons() {
    let (code, message) = refusal(one_neuron("LIF_subtract_next_gt", &[("beta", 0.5), ("th", 1.0)]));
    assert_eq!(
        (code, message.as_str()),
        (Code::UnknownNeuron, "'LIF_subtract_next_gt' is no operator of ai.snnc")
    );
    let mut mismatch = one_neuron("LIF_subtract_next_gt_binary", &[("beta", 0.5), ("th", 1.0)]);
    mismatch.graph.node[0].attribute.push(string("reset", "zero"));
    assert_eq!(refusal(mismatch).0, Code::NeuronMismatch);
    let mut foreign = one_neuron("LIF_subtract_next_gt_binary", &[("beta", 0.5), ("th", 1.0)]);
    foreign.graph.node[0].attribute.push(string("activation", ""));
    assert_eq!(refusal(foreign).0, Code::NeuronMismatch);
    let mut newer = one_neuron("LIF_subtract_next_gt_binary", &[("beta", 0.5), ("th", 1.0)]);
    newer.model.opset_import.iter_mut().filter(|o| o.domain == "ai.snnc").for_each(|o| o.version = 2);
    assert_eq!(refusal(newer).0, Code::UnsupportedOperator);
    let mut agreeing = one_neuron("LIF_subtract_next_gt_binary", &[("beta", 0.5), ("th", 1.0)]);
    agreeing.graph.node[0].attribute.extend([string("reset", "subtract"), string("options", "")]);
    assert!(run(agreeing).is_ok());
    let plain = Builder::default().input("x", &[1, 4]).node("Relu", &["x"], &["y"]).output("y");
    let all: Vec<Code> = run(plain).expect_err("refused").iter().map(|d| d.code).collect();
    assert_eq!(all, [Code::NoSpikingNeuron, Code::UnsupportedOperator]);
}

#[test]
fn codes_of_states() {
    let li =
        |builder: Builder, v: &str| builder.node("ai.snnc::LI", &["x", v, "one"], &["s", "vo"]).output("s");
    let base = || Builder::default().input("x", &[1, 4]).scalar("one", 1.0).metadata("snnc.steps", "3");
    // No output that a next step could take.
    assert_eq!(refusal(li(base().input("v", &[1, 4]), "v")).0, Code::StateNotPaired);
    // A constant state: lost after each step, unless there is one step only.
    let lost = || li(base().floats("v", &[1, 4], &[0.0; 4]), "v");
    assert_eq!(refusal(lost()).0, Code::StateNotPaired);
    let one = Options { steps: Some(1), ..Options::default() };
    assert!(run_with(lost(), &one).is_ok());
    // One state for two neurons.
    let shared = li(base().input("v", &[1, 4]), "v")
        .node("ai.snnc::LI", &["s", "v", "one"], &["t", "to"])
        .output("vo")
        .output("to");
    assert_eq!(refusal(shared).0, Code::StateNotPaired);
    // Paired with another output than the neuron's.
    let crossed = li(base().input("v", &[1, 4]), "v").output("vo").metadata("snnc.states", r#"[["v","s"]]"#);
    assert_eq!(refusal(crossed).0, Code::StateNotPaired);
}

/// A population of four that also reads its own spikes of the step before through a linear layer.
fn recurrent(start: Option<&[f32]>, declared: &[i64], source: &str) -> Builder {
    let weights: Vec<f32> = (0..16).map(|k| k as f32 * 0.125 - 1.0).collect();
    let builder = Builder::default()
        .input("x", &[-1, 4])
        .input("v", &[-1, 4])
        .input("before", declared)
        .floats("w", &[4, 4], &weights)
        .scalar("beta", 0.5)
        .scalar("th", 1.0)
        .node_with("Gemm", &["before", "w"], &["g"], vec![int("transB", 1)])
        .node("Add", &["x", "g"], &["sum"])
        .node("ai.snnc::LIF_subtract_next_gt_binary", &["sum", "v", "beta", "th"], &["s", "vo"])
        .node("Identity", &[source], &["now"])
        .output("s")
        .output("vo")
        .output("now")
        .metadata("snnc.states", r#"[["v","vo"],["before","now"]]"#)
        .metadata("snnc.steps", "4");
    match start {
        Some(values) => builder.floats("before", &[1, 4], values),
        None => builder,
    }
}

#[test]
fn a_state_of_no_neuron_is_a_delay() {
    for start in [None, Some(&[0.0; 4][..])] {
        let graph = graph(recurrent(start, &[-1, 4], "s"));
        let (at, delay) = graph.nodes.iter().enumerate().find(|(_, n)| n.name == "before").expect("a delay");
        assert!(matches!(&delay.op, Op::Delay(d) if d.steps == 1));
        let source = &graph.nodes[delay.inputs[0].index()];
        assert!(matches!(source.op, Op::Neuron(_)), "{source:?}");
        let readers: Vec<_> =
            graph.nodes.iter().filter(|n| n.inputs.iter().any(|i| i.index() == at)).collect();
        assert!(readers.len() == 1 && matches!(readers[0].op, Op::Linear(_)));
        // What is fed back only is no output of the network.
        assert_eq!(graph.nodes.iter().filter(|n| matches!(n.op, Op::Output)).count(), 1);
    }
}

#[test]
fn codes_of_feedback() {
    let code = |builder| refusal(builder).0;
    assert_eq!(code(recurrent(Some(&[0.0, 1.0, 0.0, 0.0]), &[-1, 4], "s")), Code::UnsupportedAttribute);
    assert_eq!(code(recurrent(None, &[-1, 5], "s")), Code::BadShape);
    assert_eq!(code(recurrent(None, &[-1, -1], "s")), Code::BadShape);
    // A membrane, which only its neuron has.
    assert_eq!(code(recurrent(None, &[-1, 4], "vo")), Code::StateNotPaired);
}

#[test]
fn a_product_sees_the_last_axis_behind_an_axis_of_one_step() {
    let weights: Vec<f32> = (0..12).map(|k| k as f32 * 0.25 - 1.0).collect();
    let builder = Builder::default()
        .input("x", &[1, 1, 4])
        .input("v", &[1, 3])
        .floats("w", &[4, 3], &weights)
        .shape("axis", &[0])
        .scalar("beta", 0.5)
        .scalar("th", 1.0)
        .node("MatMul", &["x", "w"], &["m"])
        .node("Squeeze", &["m", "axis"], &["n"])
        .node("ai.snnc::LIF_subtract_next_gt_binary", &["n", "v", "beta", "th"], &["s", "vo"])
        .output("s")
        .output("vo")
        .metadata("snnc.steps", "4");
    let graph = graph(builder);
    let linear = graph.nodes.iter().find(|n| matches!(n.op, Op::Linear(_))).expect("a linear layer");
    assert_eq!(linear.shape.len(), 3);
}
