//! Codes of every phase, each in a model that is much larger than what fails in it.

use prost::Message;
use snnc_driver::compile::Options;
use snnc_driver::reduce::property::Property;
use snnc_driver::reduce::{Candidate, Extent};
use snnc_frontends::onnx::proto::ModelProto;
use snnc_ir::diag::Code;
use snnc_tests::onnx_builder::{Builder, int, ints, small_spiking, string};

use super::reduced;

/// A model file, its code, where it is compiled for, and the most nodes and weights that may be left.
struct Case {
    code: Code,
    file: (&'static str, Vec<u8>),
    target: Option<&'static str>,
    nodes: u64,
    weights: u64,
}

fn onnx(code: Code, model: ModelProto, nodes: u64, weights: u64) -> Case {
    Case { code, file: ("m.onnx", model.encode_to_vec()), target: None, nodes, weights }
}

fn network(code: Code, text: String, nodes: u64, weights: u64) -> Case {
    Case { code, file: ("m.snn", text.into_bytes()), target: Some("loihi2"), nodes, weights }
}

/// The small network behind a chain of convolutions without weights of note.
fn deep() -> Builder {
    let mut model = small_spiking().input("u", &[1, 8, 16, 16]).floats("k", &[8, 8, 3, 3], &[0.125; 576]);
    let mut before = "u".to_owned();
    for layer in 0..8 {
        let name = format!("deep{layer}");
        let pads = vec![ints("pads", &[1, 1, 1, 1])];
        model = model.node_with("Conv", &[&before, "k"], &[&name], pads).node(
            "Relu",
            &[&name],
            &[&format!("r{layer}")],
        );
        before = format!("r{layer}");
    }
    model.node("Flatten", &[&before], &["flat"])
}

fn neuron(change: fn(&mut snnc_frontends::onnx::proto::NodeProto)) -> ModelProto {
    let mut model = deep().build();
    let nodes = &mut model.graph.as_mut().unwrap().node;
    change(nodes.iter_mut().find(|n| n.op_type.starts_with("LIF")).unwrap());
    model
}

const LIF: &str = "decay 3584, gain 64, threshold 4096, compare gt, reset subtract next, shift 12";
const REAL: &str = "decay 0.5, threshold 1.0, compare gt, reset subtract next";

/// Three convolutions with neurons; the middle one has `channels` and is read by `middle` neurons.
fn integer(size: usize, channels: usize, middle: &str) -> String {
    format!(
        "network \"n\" steps 8 integer {{
  @0 = weights seeded [8, 2, 3, 3] seed 1 range -8..=7 density_ppm 500000
  @1 = weights seeded [{channels}, 8, 3, 3] seed 2 range -8..=7 density_ppm 500000
  @2 = weights seeded [10, {channels}, 1, 1] seed 3 range -8..=7 density_ppm 500000
  %0 = input \"x\" : 2x{size}x{size} {{values binary}}
  %1 = conv2d \"c1\" (%0, @0) : 8x{size}x{size} {{pad [1, 1, 1, 1]}}
  %2 = lif \"n1\" (%1) : 8x{size}x{size} {{{LIF}}}
  %3 = conv2d \"c2\" (%2, @1) : {channels}x{size}x{size} {{pad [1, 1, 1, 1]}}
  %4 = lif \"n2\" (%3) : {channels}x{size}x{size} {{{middle}}}
  %5 = conv2d \"c3\" (%4, @2) : 10x{size}x{size}
  %6 = lif \"n3\" (%5) : 10x{size}x{size} {{{LIF}}}
  %7 = output \"o\" (%6) : 10x{size}x{size}
}}
"
    )
}

/// Two real layers of 24 neurons, with the weights and the neurons of the second.
fn real(weight: &str, neuron: &str) -> String {
    let list = |value: &str, n: usize| vec![value; n].join(", ");
    format!(
        "network \"n\" steps 6 real {{
  @0 = weights f32 [24, 16, 1, 1] [{}]
  @1 = weights f32 [24, 24, 1, 1] [{}]
  %0 = input \"x\" : 16x1x1 {{values binary}}
  %1 = linear \"f1\" (%0, @0) : 24x1x1
  %2 = lif \"n1\" (%1) : 24x1x1 {{{REAL}}}
  %3 = linear \"f2\" (%2, @1) : 24x1x1
  %4 = lif \"n2\" (%3) : 24x1x1 {{{neuron}}}
  %5 = output \"o\" (%4) : 24x1x1
}}
",
        list("1.0", 384),
        list(weight, 576)
    )
}

/// A wide convolution around which a delay makes a loop of `steps`, with a delay of `wait` in front.
fn looped(steps: u32, wait: u32) -> String {
    format!(
        "network \"n\" steps 8 integer {{
  @0 = weights seeded [8, 8, 3, 3] seed 1 range -8..=7 density_ppm 500000
  %0 = input \"x\" : 8x6x6 {{values binary}}
  %1 = delay \"wait\" (%0) : 8x6x6 {{steps {wait}}}
  %2 = delay \"back\" (%6) : 8x6x6 {{steps {steps}}}
  %3 = add \"sum\" (%1, %2) : 8x6x6
  %4 = lif \"a\" (%3) : 8x6x6 {{{LIF}}}
  %5 = conv2d \"c\" (%4, @0) : 8x6x6 {{pad [1, 1, 1, 1]}}
  %6 = lif \"b\" (%5) : 8x6x6 {{{LIF}}}
  %7 = output \"o\" (%6) : 8x6x6
}}
"
    )
}

fn cases() -> Vec<Case> {
    vec![
        onnx(Code::UnsupportedOperator, deep().node("Erf", &["r4"], &["e"]).output("e").build(), 1, 0),
        onnx(
            Code::UnsupportedAttribute,
            deep()
                .floats("wg", &[6, 8], &[0.5; 48])
                .node_with("Gemm", &["f", "wg"], &["e"], vec![int("transA", 1)])
                .output("e")
                .build(),
            2,
            48,
        ),
        onnx(
            Code::BadGraph,
            deep().node("Identity", &["b"], &["a"]).node("Identity", &["a"], &["b"]).build(),
            2,
            0,
        ),
        onnx(Code::BadShape, deep().node("MatMul", &["f", "w2"], &["e"]).output("e").build(), 3, 64),
        onnx(Code::NotConstant, deep().node("MatMul", &["f", "g"], &["e"]).output("e").build(), 4, 64),
        onnx(Code::UnknownNeuron, neuron(|n| n.op_type = "LIF_subtract_next_gt".into()), 1, 2),
        onnx(Code::NeuronMismatch, neuron(|n| n.attribute.push(string("reset", "zero"))), 1, 2),
        onnx(
            Code::NoSpikingNeuron,
            Builder::default()
                .input("x", &[1, 4, 16, 16])
                .floats("w", &[8, 4, 3, 3], &[0.5; 288])
                .node("Conv", &["x", "w"], &["c"])
                .node("Relu", &["c"], &["y"])
                .node("Flatten", &["y"], &["z"])
                .output("z")
                .build(),
            1,
            0,
        ),
        network(Code::LoopTooFast, looped(1, 3), 5, 0),
        network(
            Code::NotQuantisable,
            real("1.0", "decay 1.5, threshold 1.0, compare gt, reset subtract next"),
            3,
            0,
        ),
        network(Code::AllWeightsZero, real("0.0", REAL), 4, 1),
        network(
            Code::LossyQuantisation,
            real("0.3", "decay 0.3, threshold 1.0, compare gt, reset subtract next"),
            4,
            1,
        ),
        network(Code::DelayTooLong, looped(70, 100), 4, 0),
        network(Code::NoActivity, integer(16, 16, LIF), 3, 0),
    ]
}

fn check(case: &Case) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(case.file.0);
    std::fs::write(&path, &case.file.1).unwrap();
    let property = Property::Code(case.code);
    let once = || reduced(&path, property, case.target.map(Options::new)).map_err(|d| format!("{d:?}"));
    let done = once()?;
    let Extent { nodes, weights, .. } = done.after;
    let shown = format!(
        "{} {:?} -> {:?}, {} tries\n{}",
        case.code,
        done.before,
        done.after,
        done.tries,
        done.candidate.text()
    );
    if !done.failure.starts_with(case.code.as_str()) || !done.minimal {
        return Err(format!("{}: {shown}", done.failure));
    }
    if nodes > case.nodes || weights > case.weights || nodes >= done.before.nodes {
        return Err(format!("larger than {} nodes and {} weights: {shown}", case.nodes, case.weights));
    }
    if matches!(done.candidate, Candidate::Network(_)) != case.target.is_some() {
        return Err(format!("of the wrong form: {shown}"));
    }
    let again = once()?;
    if again.candidate.text() != done.candidate.text() || again.tries != done.tries {
        return Err(format!("another result the second time: {shown}\n{}", again.candidate.text()));
    }
    Ok(shown)
}

#[test]
fn a_large_model_is_reduced_to_what_fails_in_it() {
    let all: Vec<Result<String, String>> = cases().iter().map(check).collect();
    for told in all.iter().flatten() {
        println!("{told}");
    }
    let failed: Vec<String> = all.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
