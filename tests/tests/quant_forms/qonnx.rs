//! The quantisers of QONNX, in both domains and any version.

use super::{graph, level, ops, refusal, run, values};
use snnc_ir::diag::Code;
use snnc_ir::graph::weights::Scale;
use snnc_tests::onnx_builder::{Builder, int, opset, string};

const DOMAINS: [(&str, i64); 3] =
    [("qonnx.custom_op.general", 1), ("qonnx.custom_op.general", 2), ("onnx.brevitas", 1)];

fn base(domain: (&str, i64)) -> Builder {
    let mut builder = Builder::default().input("x", &[1, 6]).scalar("s", 0.25).scalar("zero", 0.0);
    builder.model.opset_import.push(opset(domain.0, domain.1));
    builder
}

/// A Quant of the input, signed or not, narrow or not.
fn activation(domain: (&str, i64), zero: f32, bits: f32, flags: (i64, i64), rounding: &str) -> Builder {
    let attributes = vec![int("signed", flags.0), int("narrow", flags.1), string("rounding_mode", rounding)];
    base(domain)
        .scalar("z", zero)
        .scalar("bits", bits)
        .node_with(&format!("{}::Quant", domain.0), &["x", "s", "z", "bits"], &["y"], attributes)
        .output("y")
}

#[test]
fn activations_have_the_range_of_their_width() {
    let x: Vec<f32> = values(6).iter().map(|v| v * 3.0).collect();
    for domain in DOMAINS {
        for (bits, flags, zero, lo, hi) in [
            (4.0, (1, 0), 0.0, -8, 7),
            (4.0, (1, 1), 0.0, -7, 7),
            (3.0, (0, 0), 0.0, 0, 7),
            (2.0, (0, 0), 2.0, 0, 3),
            (8.0, (1, 0), 0.0, -128, 127),
            (12.0, (0, 1), 4.0, 0, 4094),
        ] {
            let graph = graph(activation(domain, zero, bits, flags, "ROUND"));
            assert_eq!(ops(&graph), ["input", "activation", "output"]);
            let zero = zero as i32;
            let wanted: Vec<f32> =
                x.iter().map(|v| (level(*v, 0.25, zero, lo, hi) - zero) as f32 * 0.25).collect();
            assert_eq!(run(&graph, &x), wanted, "{domain:?} {bits} {flags:?}");
        }
    }
}

#[test]
fn other_roundings_of_activations_are_refused() {
    let refused = refusal(activation(DOMAINS[0], 0.0, 4.0, (1, 0), "FLOOR"));
    assert_eq!(refused.code, Code::UnsupportedOperator);
    assert!(refused.message.contains("rounding_mode ROUND"), "{refused}");
    let odd = refusal(activation(DOMAINS[0], 3.0, 4.0, (0, 0), "ROUND"));
    assert!(odd.message.contains("even zero point"), "{odd}");
    assert_eq!(refusal(activation(DOMAINS[0], 0.0, 17.0, (1, 0), "ROUND")).code, Code::UnsupportedOperator);
}

/// A quantised weight of a linear layer behind a quantised input.
fn weight(
    op: &str,
    inputs: &[&str],
    scale: &[f32],
    attributes: Vec<snnc_frontends::onnx::proto::AttributeProto>,
) -> Builder {
    let dims: &[i64] = if scale.len() == 1 { &[] } else { &[2, 1] };
    activation(DOMAINS[1], 0.0, 8.0, (1, 0), "ROUND")
        .floats("w", &[2, 6], &[0.3, -0.1, 0.125, 5.0, -5.0, 0.2, 1.0, -1.0, 0.375, -0.375, 0.0, 0.7])
        .floats("ws", dims, scale)
        .scalar("four", 4.0)
        .node_with(&format!("qonnx.custom_op.general::{op}"), inputs, &["wq"], attributes)
        .node_with("Gemm", &["y", "wq"], &["g"], vec![int("transB", 1)])
        .output("g")
}

#[test]
fn weights_are_their_integers_and_their_width_is_seen() {
    let quant = |scale: &[f32], rounding: &str| {
        let attributes = vec![int("signed", 1), int("narrow", 1), string("rounding_mode", rounding)];
        graph(weight("Quant", &["w", "ws", "zero", "four"], scale, attributes)).weights.remove(0)
    };
    let w = quant(&[0.25], "ROUND");
    assert_eq!(w.to_integer().unwrap(), [1, 0, 0, 7, -7, 1, 4, -4, 2, -2, 0, 3]);
    assert_eq!((w.scale.clone(), w.statistics().bits()), (Some(Scale::PerTensor(0.25)), Some(4)));
    let w = quant(&[0.25, 0.5], "ROUND");
    assert_eq!(w.to_integer().unwrap()[6..], [2, -2, 1, -1, 0, 1]);
    assert_eq!(w.scale, Some(Scale::PerChannel(vec![0.25, 0.5])));
    for (mode, last) in [
        ("FLOOR", [4, -4, 1, -2, 0, 2]),
        ("CEIL", [4, -4, 2, -1, 0, 3]),
        ("ROUND_TO_ZERO", [4, -4, 1, -1, 0, 2]),
        ("UP", [4, -4, 2, -2, 0, 3]),
        ("HALF_UP", [4, -4, 2, -2, 0, 3]),
        ("HALF_DOWN", [4, -4, 1, -1, 0, 3]),
    ] {
        assert_eq!(quant(&[0.25], mode).to_integer().unwrap()[6..], last, "{mode}");
    }
}

#[test]
fn bipolar_weights() {
    let w = graph(weight("BipolarQuant", &["w", "ws"], &[0.5], vec![])).weights.remove(0);
    assert_eq!(w.to_integer().unwrap(), [1, -1, 1, 1, -1, 1, 1, -1, 1, -1, 1, 1]);
    assert_eq!(w.scale, Some(Scale::PerTensor(0.5)));
}

#[test]
fn what_no_neuron_gives_out_is_refused_by_name() {
    for (op, inputs) in [
        ("BipolarQuant", &["x", "s"][..]),
        ("FloatQuant", &["x", "s", "zero", "zero", "zero", "zero"]),
        ("Trunc", &["x", "s", "zero", "zero", "zero"]),
    ] {
        for (domain, version) in DOMAINS {
            let name = format!("{domain}::{op}");
            let refused = refusal(base((domain, version)).node(&name, inputs, &["y"]).output("y"));
            assert_eq!(refused.code, Code::UnsupportedOperator);
            assert!(refused.message.contains(&name), "{refused}");
        }
    }
}
