//! Operators that only move integers, or take the greatest: the same on what the integers stand for.

use super::rewriter::{Levels, Rewriter};
use crate::onnx::proto::NodeProto;

const MOVES: [&str; 10] = [
    "Flatten",
    "Gather",
    "Identity",
    "MaxPool",
    "Relu",
    "Reshape",
    "Slice",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
];

/// Puts the operator between DequantizeLinear and QuantizeLinear; false when it is none, or reads no
/// integers of a layer.
pub(super) fn rewrite(rw: &mut Rewriter<'_>, node: &NodeProto) -> bool {
    if !matches!(node.domain.as_str(), "" | "ai.onnx") {
        return false;
    }
    let sources = match node.op_type.as_str() {
        "Concat" => node.input.as_slice(),
        op if MOVES.contains(&op) => node.input.get(..1).unwrap_or_default(),
        _ => return false,
    };
    moved(rw, node, sources).is_some()
}

fn moved(rw: &mut Rewriter<'_>, node: &NodeProto, sources: &[String]) -> Option<()> {
    let levels: Vec<Levels> = sources.iter().map(|s| rw.levels(s)).collect::<Option<_>>()?;
    let (first, rest) = levels.split_first()?;
    if !rest.iter().all(|l| rw.same(&l.scale, &first.scale) && rw.same(&l.zero, &first.zero)) {
        return None;
    }
    // Integers that are not negative are not what a Relu leaves.
    if node.op_type == "Relu" && !zero(rw, &first.zero) {
        return None;
    }
    let [output] = node.output.as_slice() else { return None };
    let mut inputs: Vec<String> = Vec::with_capacity(node.input.len());
    for (source, of) in sources.iter().zip(&levels) {
        inputs.push(rw.dequantise(node, source, of, 1));
    }
    inputs.extend(node.input.iter().skip(sources.len()).cloned());
    let real = rw.name(&format!("{output}/unquantized"));
    rw.node(node, "", &node.op_type, inputs, &real, node.attribute.clone());
    rw.quantise(node, &real, first, output);
    Some(())
}

fn zero(rw: &mut Rewriter<'_>, name: &str) -> bool {
    name.is_empty() || rw.constant(name).and_then(|c| c.integers().ok()).is_some_and(|v| v == [0])
}
