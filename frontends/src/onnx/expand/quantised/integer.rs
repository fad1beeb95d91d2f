//! ConvInteger and MatMulInteger of statically quantised values.
//!
//! The products of integers are those of the real values they stand for, divided by the scale: it goes
//! into the scale of the weights. The Cast and the Mul after them stay and become part of it too.

use super::rewriter::{Levels, Rewriter};
use crate::onnx::proto::NodeProto;

/// Writes the operator on real numbers; false when it is none, or its input is not statically quantised.
pub(super) fn rewrite(rw: &mut Rewriter<'_>, node: &NodeProto) -> bool {
    let (op, axis) = match (node.domain.as_str(), node.op_type.as_str()) {
        ("" | "ai.onnx", "ConvInteger") => ("Conv", 0),
        ("" | "ai.onnx", "MatMulInteger") => ("MatMul", 1),
        _ => return false,
    };
    product(rw, node, op, axis).is_some()
}

fn product(rw: &mut Rewriter<'_>, node: &NodeProto, op: &str, axis: i64) -> Option<()> {
    let input = |k: usize| node.input.get(k).map_or("", String::as_str);
    let x = rw.levels(input(0))?;
    if !rw.is_constant(input(1)) || !zero_is(rw, &x.zero, input(2)) {
        return None;
    }
    let [scale] = rw.reals(&x.scale)?[..] else { return None };
    let count = rw.size(input(3)).unwrap_or(1);
    let scale = rw.floats(&format!("{}/inverse", x.scale), &vec![1.0 / scale; count]);
    let inputs = vec![
        rw.dequantise(node, input(0), &x, 1),
        rw.dequantise(node, input(1), &Levels { scale, zero: input(3).into() }, axis),
    ];
    rw.node(node, "", op, inputs, node.output.first()?, node.attribute.clone());
    Some(())
}

/// Whether two zero points are the same; a missing one is zero.
fn zero_is(rw: &mut Rewriter<'_>, a: &str, b: &str) -> bool {
    let mut zero = |name: &str| match name {
        "" => true,
        name => rw.constant(name).and_then(|c| c.integers().ok()).is_some_and(|v| v == [0]),
    };
    (zero(a) && zero(b)) || (!a.is_empty() && !b.is_empty() && rw.same(a, b))
}
