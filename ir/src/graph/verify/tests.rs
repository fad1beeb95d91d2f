//! Each rule broken once.

use super::*;
use crate::graph::shape::Shape;
use crate::text::parse;
use std::sync::Arc;

/// The rules that a network breaks, one a line. `{y}` gives it an output.
fn broken(number: &str, body: &str) -> String {
    let text = format!("network \"net\" steps 1 {number} {{\n{body}\n}}");
    let graph = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let errors = verify(&graph).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A network of one input `x` of 2x4x4 and the node `n` under test, its output read.
fn node(number: &str, rest: &str) -> String {
    let (weights, node) = rest.split_once('|').unwrap_or(("", rest));
    let shape = node.split_once(": ").map_or("", |s| s.1).split(' ').next().unwrap_or_default();
    broken(
        number,
        &format!(
            "{weights}\n%0 = input \"x\" : 2x4x4 {{values binary}}\n%1 = {node}\n\
             %2 = output \"y\" (%1) : {shape}"
        ),
    )
}

#[test]
fn a_sound_network_breaks_none() {
    assert_eq!(node("real", "if \"n\" (%0) : 2x4x4 {threshold 1.0, compare ge, reset none}"), "");
    assert_eq!(node("integer", "lif \"n\" (%0) : 2x4x4 {decay 1, threshold 1, compare ge, reset none}"), "");
}

#[test]
fn rules_of_the_graph() {
    for (rule, text) in [
        ("node 'net': the network has no output", "%0 = input \"x\" : 1x1x1 {values binary}"),
        (
            "node 'x': its name is taken by an earlier node",
            "%0 = input \"x\" : 1x1x1 {values binary} %1 = output \"x\" (%0) : 1x1x1",
        ),
        ("node 'y': input 7 does not exist", "%0 = output \"y\" (%7) : 1x1x1"),
        (
            "node 'y': it reads 'x', which comes later, without a delay",
            "%0 = output \"y\" (%1) : 1x1x1 %1 = input \"x\" : 1x1x1 {values binary}",
        ),
        (
            "node 'z': it reads the output 'y'",
            "%0 = input \"x\" : 1x1x1 {values binary} %1 = output \"y\" (%0) : 1x1x1 \
             %2 = output \"z\" (%1) : 1x1x1",
        ),
        (
            "node 'y': its shape is 1x1x1, not 1x1x2",
            "%0 = input \"x\" : 1x1x1 {values binary} %1 = output \"y\" (%0) : 1x1x2",
        ),
        ("node 'y': takes one input(s), has 0", "%0 = output \"y\" : 1x1x1"),
    ] {
        assert_eq!(broken("real", text), rule);
    }
    let mut graph = parse("network \"net\" steps 0 real { }").unwrap();
    graph.push(Node {
        name: "y".into(),
        op: Op::Output,
        inputs: vec![NodeId(u32::MAX)],
        shape: Shape::flat(1),
        origin: Vec::new(),
    });
    let errors = verify(&graph).unwrap_err();
    assert_eq!(errors[0].problem, "input 4294967295 does not exist");
    assert_eq!(errors[1].problem, "a network runs for at least one step");
}

#[test]
fn sizes_are_bounded() {
    let max = usize::MAX;
    for (rule, text) in [
        ("empty or too large", "reshape \"n\" (%0) : 0x4x4".to_owned()),
        ("empty or too large", format!("reshape \"n\" (%0) : {max}x{max}x2")),
        (
            "too large",
            format!(
                "@0 = weights i8 [1, 2, 1, 1] [1, 1]|conv2d \"n\" (%0, @0) : 1x4x4 {{pad [{max}, 0, 0, 0]}}"
            ),
        ),
        (
            "too large",
            "@0 = weights i8 [1, 2, 1, 1] [1, 1]|conv2d \"n\" (%0, @0) : 1x4x4 {pad [1073741824, 0, 0, 0], stride [1073741824, 1]}".into(),
        ),
        (
            "too large",
            format!(
                "@0 = weights seeded [1, 2, 3, 1] seed 0 range 0..=1 density_ppm 0|conv2d \"n\" (%0, @0) : 1x2x4 {{dilation [{max}, 1]}}"
            ),
        ),
        (
            "a window of 5 does not fit an axis of 4",
            "max_pool \"n\" (%0) : 2x1x1 {kernel [5, 1], stride [1, 1]}".into(),
        ),
        ("must be at least 1", "max_pool \"n\" (%0) : 2x4x4 {kernel [1, 1], stride [0, 1]}".into()),
        ("a delay of 4294967295 steps holds too much", "delay \"n\" (%0) : 2x4x4 {steps 4294967295}".into()),
        ("a delay lasts at least one step", "delay \"n\" (%0) : 2x4x4 {steps 0}".into()),
        // Not read by any node, and still statistics are asked for.
        (
            "weights @0 are empty or too large",
            format!(
                "@0 = weights seeded [0, {max}, {max}, 1] seed 0 range 0..=1 density_ppm 0|delay \"n\" (%0) : 2x4x4 {{steps 1}}"
            ),
        ),
        (
            "weights @0 are empty or too large",
            format!(
                "@0 = weights seeded [1, {max}, {max}, 1] seed 0 range 0..=1 density_ppm 0|delay \"n\" (%0) : 2x4x4 {{steps 1}}"
            ),
        ),
    ] {
        let found = node("integer", &text);
        assert!(found.contains(rule), "{text}\n{found}");
    }
}

#[test]
fn rules_of_the_operators() {
    let w = "@0 = weights i8 [2, 2, 1, 1] [1, 1, 1, 1]|";
    for (number, rule, text) in [
        (
            "real",
            "padding must be smaller than the window",
            "max_pool \"n\" (%0) : 2x5x4 {kernel [1, 1], stride [1, 1], pad [1, 0, 0, 0]}".to_owned(),
        ),
        (
            "real",
            "its divisor must be",
            "sum_pool \"n\" (%0) : 2x4x4 {kernel [1, 1], stride [1, 1], divisor 0}".into(),
        ),
        (
            "integer",
            "its divisor must be",
            "sum_pool \"n\" (%0) : 2x4x4 {kernel [1, 1], stride [1, 1], divisor 2}".into(),
        ),
        ("real", "takes two or more input(s), has 1", "add \"n\" (%0) : 2x4x4".into()),
        ("real", "takes one or more input(s), has 0", "concat \"n\" : 2x4x4".into()),
        ("real", "takes no input(s), has 1", "input \"n\" (%0) : 2x4x4 {values binary}".into()),
        ("real", "cannot reshape 2x4x4 into 2x4x3", "reshape \"n\" (%0) : 2x4x3".into()),
        (
            "real",
            "is empty or reaches outside",
            "slice \"n\" (%0) : 2x4x4 {channels 0..2, rows 0..4, cols 0..5}".into(),
        ),
        (
            "real",
            "is empty or reaches outside",
            "slice \"n\" (%0) : 2x4x4 {channels 2..1, rows 0..4, cols 0..4}".into(),
        ),
        ("real", "do not fit 2 input channels", format!("{w}conv2d \"n\" (%0, @0) : 2x4x4 {{groups 2}}")),
        ("real", "do not fit 2 input channels", format!("{w}conv2d \"n\" (%0, @0) : 2x4x4 {{groups 0}}")),
        ("real", "weights for 2 inputs do not fit 32 elements", format!("{w}linear \"n\" (%0, @0) : 2x1x1")),
        (
            "real",
            "its weights have another shape",
            format!("{w}conv2d \"n\" (%0, @0) : 1x4x4 {{kernel [1, 2, 1, 1]}}"),
        ),
        (
            "real",
            "its weights have another shape",
            format!("{w}linear \"n\" (%0, @0) : 2x1x1 {{size [2, 32]}}"),
        ),
        ("real", "its weights do not exist", "linear \"n\" (%0, @3) : 2x1x1 {size [2, 32]}".into()),
        (
            "real",
            "its bias does not fit its shape",
            format!("{w}conv2d \"n\" (%0, @0) : 2x4x4 {{bias channel [0.0]}}"),
        ),
        ("real", "its bias is not finite", format!("{w}conv2d \"n\" (%0, @0) : 2x4x4 {{bias inf}}")),
        (
            "real",
            "its bias is of the other number system",
            format!("{w}conv2d \"n\" (%0, @0) : 2x4x4 {{bias integer 1}}"),
        ),
        (
            "integer",
            "its bias is of the other number system",
            format!("{w}conv2d \"n\" (%0, @0) : 2x4x4 {{bias real 1.0}}"),
        ),
    ] {
        let found = node(number, &text);
        assert_eq!(found.lines().count(), 1, "{text}\n{found}");
        assert!(found.contains(rule), "{text}\n{found}");
    }
    let shapes = "%0 = input \"x\" : 1x2x2 {values binary} %1 = input \"z\" : 1x2x1 {values binary}";
    for (rule, op) in [("cannot add 1x2x2 and 1x2x1", "add"), ("cannot concatenate", "concat")] {
        let found = broken(
            "real",
            &format!("{shapes} %2 = {op} \"n\" (%0, %1) : 1x2x2 %3 = output \"y\" (%2) : 1x2x2"),
        );
        assert!(found.contains(rule), "{found}");
    }
    for (rule, values) in
        [("a real input in an integer graph", "real"), ("its range of values is empty", "1..=0")]
    {
        let found = broken(
            "integer",
            &format!("%0 = input \"x\" : 1x1x1 {{values {values}}} %1 = output \"y\" (%0) : 1x1x1"),
        );
        assert!(found.contains(rule), "{found}");
    }
}

#[test]
fn rules_of_the_neurons() {
    let spiking = "compare ge, reset subtract same";
    for (number, rule, text) in [
        (
            "real",
            "a parameter does not fit its shape",
            format!("if \"n\" (%0) : 2x4x4 {{threshold channel [1.0], {spiking}}}"),
        ),
        (
            "real",
            "its threshold is not finite",
            format!("if \"n\" (%0) : 2x4x4 {{threshold NaN, {spiking}}}"),
        ),
        ("real", "its decay is not finite", "integrator \"n\" (%0) : 2x4x4 {decay -inf}".into()),
        (
            "real",
            "one of its state levels is not finite",
            format!("if \"n\" (%0) : 2x4x4 {{threshold 1.0, levels [NaN], {spiking}}}"),
        ),
        (
            "real",
            "it has no state level",
            format!("if \"n\" (%0) : 2x4x4 {{threshold 1.0, levels [], {spiking}}}"),
        ),
        (
            "real",
            "an integer neuron in a real graph",
            format!("if \"n\" (%0) : 2x4x4 {{integer, threshold 1, {spiking}}}"),
        ),
        (
            "integer",
            "a real neuron in an integer graph",
            format!("if \"n\" (%0) : 2x4x4 {{real, threshold 1.0, {spiking}}}"),
        ),
        (
            "integer",
            "its fixed-point widths are out of range",
            format!("if \"n\" (%0) : 2x4x4 {{threshold 1, {spiking}, v_bits 33}}"),
        ),
        (
            "integer",
            "its fixed-point widths are out of range",
            format!("if \"n\" (%0) : 2x4x4 {{threshold 1, {spiking}, i_bits 1}}"),
        ),
        (
            "integer",
            "its fixed-point widths are out of range",
            format!("if \"n\" (%0) : 2x4x4 {{threshold 1, {spiking}, shift 31}}"),
        ),
        (
            "real",
            "levels of its activation are not in order",
            "activation \"n\" (%0) : 2x4x4 {scale 1.0, range 1..=0}".into(),
        ),
        (
            "real",
            "levels of its activation are not in order",
            "activation \"n\" (%0) : 2x4x4 {scale 0.0, range 0..=1}".into(),
        ),
        (
            "integer",
            "levels of its activation are not in order",
            "activation \"n\" (%0) : 2x4x4 {scale 1, range 1..=0}".into(),
        ),
        (
            "integer",
            "the scale of an integer activation is 1",
            "activation \"n\" (%0) : 2x4x4 {scale 2, range 0..=1}".into(),
        ),
        (
            "real",
            "a refunded reset must subtract",
            "if \"n\" (%0) : 2x4x4 {threshold 1.0, compare gt, reset zero refund}".into(),
        ),
        (
            "real",
            "a neuron that counts must reset in the same step",
            "if \"n\" (%0) : 2x4x4 {threshold 1.0, compare gt, reset subtract next, emit count}".into(),
        ),
        (
            "integer",
            "a neuron that counts needs a positive threshold",
            format!("if \"n\" (%0) : 2x4x4 {{threshold 0, {spiking}, emit count}}"),
        ),
    ] {
        let found = node(number, &text);
        assert_eq!(found.lines().count(), 1, "{text}\n{found}");
        assert!(found.contains(rule), "{text}\n{found}");
    }
}

#[test]
fn rules_of_the_weights() {
    let sound = "delay \"n\" (%0) : 2x4x4 {steps 1}";
    for (number, rule, weights) in [
        ("real", "hold a value that is not finite", "f32 [1, 1, 1, 1] [inf]"),
        ("real", "hold a value that is not finite", "i8 [1, 1, 1, 1] scale NaN [1]"),
        ("real", "do not hold what their shape says", "i8 [2, 1, 1, 1] scale channel [1.0] [1, 1]"),
        ("real", "do not hold what their shape says", "sparse [2, 1, 1, 1] at [1, 0] values [1, 1]"),
        ("real", "do not hold what their shape says", "sparse [2, 1, 1, 1] at [2] values [1]"),
        ("real", "do not hold what their shape says", "sparse [2, 1, 1, 1] at [0] values [0]"),
        ("real", "do not hold what their shape says", "seeded [1, 1, 1, 1] seed 0 range 1..=0 density_ppm 0"),
        (
            "real",
            "do not hold what their shape says",
            "seeded [1, 1, 1, 1] seed 0 range 0..=1 density_ppm 1000001",
        ),
        ("integer", "are real in an integer graph", "f32 [1, 1, 1, 1] [1.0]"),
        ("integer", "are real in an integer graph", "i8 [1, 1, 1, 1] scale 1.0 [1]"),
    ] {
        let found = node(number, &format!("@0 = weights {weights}|{sound}"));
        assert_eq!(found, format!("node 'net': weights @0 {rule}"), "{weights}");
    }
    // A text cannot say this.
    let mut graph = Graph::new("net", 1, Number::Real);
    graph.push_weights(Weights { shape: [2, 1, 1, 1], storage: Storage::I32(Arc::new([1])), scale: None });
    let errors = verify(&graph).unwrap_err();
    assert_eq!(errors[1].problem, "weights @0 do not hold what their shape says");
}
