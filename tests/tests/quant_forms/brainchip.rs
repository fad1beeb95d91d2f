//! Layers of `com.brainchip`: functions whose bodies round halves up in standard operators.

use super::{bytes, graph, level, ops, run};
use snnc_frontends::onnx::proto::NodeProto;
use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_tests::onnx_builder::{Builder, float, function, int, ints, node};

fn cast(from: &str, to: &str, ty: i64) -> NodeProto {
    node("Cast", &[from], &[to], vec![int("to", ty)])
}

/// The rounding that ends every body: from `Yi` to `Y`.
fn scaled(mut body: Vec<NodeProto>) -> Vec<NodeProto> {
    body.extend([
        cast("Scale", "M", 1),
        cast("Shift", "S", 1),
        node("Div", &["Yi", "S"], &["d"], vec![]),
        node("Mul", &["d", "M"], &["m"], vec![]),
        node("Constant", &[], &["half"], vec![float("value_float", 0.5)]),
        node("Add", &["m", "half"], &["h"], vec![]),
        node("Floor", &["h"], &["r"], vec![]),
        node("Constant", &[], &["lo"], vec![float("value_float", -128.0)]),
        node("Constant", &[], &["hi"], vec![float("value_float", 127.0)]),
        node("Clip", &["r", "lo", "hi"], &["c"], vec![]),
        cast("c", "Y", 3),
    ]);
    body
}

/// `x`, quantised to integers `q` by a function, with scale 1/16 and no zero point.
fn base(dims: &[i64]) -> Builder {
    let body = vec![cast("X", "f", 1), node("QuantizeLinear", &["f", "scale", "zp"], &["Y"], vec![])];
    Builder::default()
        .input("x", dims)
        .function(function("com.brainchip::InputQuantizer", &["X", "scale", "zp"], &["Y"], body))
        .function(function(
            "com.brainchip::Dequantizer",
            &["X", "scale"],
            &["Y"],
            vec![node("DequantizeLinear", &["X", "scale"], &["Y"], vec![])],
        ))
        .scalar("xs", 0.0625)
        .raw("xz", DataType::Int8, &[], &[0])
        .node_with("com.brainchip::InputQuantizer", &["x", "xs", "xz"], &["q"], vec![ints("scale", &[16])])
}

/// `floor(units · factor / 2^shift + 1/2)`, held in 8 bits.
fn half_up(units: i32, factor: i32, shift: u32) -> i32 {
    (units * factor + (1 << (shift - 1))).div_euclid(1 << shift).clamp(-128, 127)
}

#[test]
fn halves_are_rounded_up_in_every_channel() {
    let body = vec![
        cast("X", "xf", 1),
        cast("W", "wf", 1),
        cast("bias", "bf", 1),
        node("Pad", &["xf", "pads"], &["xp"], vec![]),
        node("Conv", &["xp", "wf", "bf"], &["conv"], vec![]),
        node("MaxPool", &["conv"], &["pool"], vec![ints("kernel_shape", &[1, 1])]),
        node("Relu", &["pool"], &["Yi"], vec![]),
    ];
    let inputs = ["X", "W", "bias", "pads", "Scale", "Shift"];
    let relu = function("com.brainchip::Conv", &inputs, &["Y"], scaled(body.clone()));
    let mut plain = body;
    plain.truncate(5);
    plain[4].output = vec!["Yi".into()];
    let plain = function("com.brainchip::ConvPlain", &inputs, &["Y"], scaled(plain));
    let (w, bias, factor, shift) = ([1, -1, 3, 2], [0, 0, 5, -7], [1, 3, 130, 255], [1u32, 2, 9, 10]);
    for (name, rectified) in [("Conv", true), ("ConvPlain", false)] {
        let builder = base(&[1, 1, 1, 16])
            .function(relu.clone())
            .function(plain.clone())
            .raw("w", DataType::Int8, &[4, 1, 1, 1], &bytes(&w))
            .int32s("b", &[4], &bias)
            .shape("pads", &[0, 0, 0, 1, 0, 0, 0, 1])
            .raw("m", DataType::Uint8, &[1, 4, 1, 1], &bytes(&factor))
            .floats("s", &[1, 4, 1, 1], &shift.map(|s| (1u32 << s) as f32))
            .floats("ys", &[4], &[0.5, 1.0, 0.25, 2.0])
            .node(&format!("com.brainchip::{name}"), &["q", "w", "b", "pads", "m", "s"], &["y"])
            .node("com.brainchip::Dequantizer", &["y", "ys"], &["out"])
            .output("out");
        let graph = graph(builder);
        assert_eq!(
            graph.weights.iter().filter(|w| w.is_integer()).count(),
            1,
            "the weights keep their integers"
        );
        for start in (-128..128).step_by(16) {
            let q: Vec<i32> = (start..start + 16).collect();
            let x: Vec<f32> = q.iter().map(|q| *q as f32 * 0.0625).collect();
            let mut wanted = Vec::new();
            for c in 0..4 {
                for q in std::iter::once(0).chain(q.iter().copied()).chain([0]) {
                    let units = w[c] * q + bias[c];
                    let units = if rectified { units.max(0) } else { units };
                    wanted.push(half_up(units, factor[c], shift[c]) as f32 * [0.5, 1.0, 0.25, 2.0][c]);
                }
            }
            assert_eq!(run(&graph, &x), wanted, "{name} from {start}");
        }
    }
}

#[test]
fn sums_of_layers_and_of_maps() {
    let add = vec![cast("X", "xf", 1), cast("Z", "zf", 1), node("Add", &["xf", "zf"], &["Yi"], vec![])];
    let pool = vec![
        cast("X", "xf", 1),
        node("Relu", &["xf"], &["relu"], vec![]),
        node("Constant", &[], &["axes"], vec![ints("value_ints", &[-2, -1])]),
        node("ReduceSum", &["relu", "axes"], &["Yi"], vec![int("keepdims", 0)]),
    ];
    let builder = base(&[1, 2, 2, 2])
        .function(function("com.brainchip::Add", &["X", "Z", "Scale", "Shift"], &["Y"], scaled(add)))
        .function(function("com.brainchip::Gap", &["X", "Scale", "Shift"], &["Y"], scaled(pool)))
        .raw("one", DataType::Uint8, &[], &[1])
        .scalar("two", 2.0)
        .scalar("four", 4.0)
        .scalar("ys", 1.0)
        .node("com.brainchip::Add", &["q", "q", "one", "four"], &["a"])
        .node("com.brainchip::Gap", &["a", "one", "two"], &["y"])
        .node("com.brainchip::Dequantizer", &["y", "ys"], &["out"])
        .output("out");
    let graph = graph(builder);
    let x = super::values(8);
    let halved: Vec<i32> = x.iter().map(|v| half_up(2 * level(*v, 0.0625, 0, -128, 127), 1, 2)).collect();
    let sums = halved.chunks(4).map(|c| half_up(c.iter().map(|v| *v.max(&0)).sum(), 1, 1) as f32);
    assert_eq!(run(&graph, &x), sums.collect::<Vec<_>>());
    assert!(!ops(&graph).contains(&"delay"));
}
