//! Quantised operators, written as DequantizeLinear, the operator on real numbers, and QuantizeLinear.
//!
//! Integers stay integers between two quantised operators: where one gives what the next takes, a
//! QuantizeLinear meets a DequantizeLinear with the same scale and zero point.

mod integer;
mod linear;
mod moves;
mod qonnx;
mod rewriter;

use crate::onnx::file::{ExternalData, Model};
use crate::onnx::order;
use crate::onnx::proto::{GraphProto, NodeProto, TensorProto};
use rewriter::Rewriter;

/// Whether there may be anything to rewrite.
pub(super) fn is_needed(model: &Model) -> bool {
    model.graph().is_some_and(|g| g.node.iter().any(|n| is_quantised(n) || is_quantize(n)))
}

/// Rewrites the quantised operators of the graph; whether there was one.
pub(super) fn rewrite(model: &mut Model) -> bool {
    let Model { proto, external, .. } = model;
    let Some(graph) = proto.graph.as_mut() else { return false };
    let Some((nodes, initializers)) = nodes(graph, external) else { return false };
    graph.node = nodes;
    graph.initializer.extend(initializers);
    true
}

fn nodes(graph: &GraphProto, external: &ExternalData) -> Option<(Vec<NodeProto>, Vec<TensorProto>)> {
    let mut rewriter = Rewriter::new(graph, external);
    let (sorted, stuck) = order::order(&graph.node);
    for node in sorted.iter().filter_map(|k| graph.node.get(*k)) {
        let done = linear::rewrite(&mut rewriter, node)
            || integer::rewrite(&mut rewriter, node)
            || qonnx::rewrite(&mut rewriter, node)
            || moves::rewrite(&mut rewriter, node);
        if !done {
            rewriter.keep(node);
        }
    }
    for node in stuck.iter().filter_map(|k| graph.node.get(*k)) {
        rewriter.keep(node);
    }
    rewriter.finish()
}

/// Whether a node is a quantised operator in another form than QuantizeLinear and DequantizeLinear.
fn is_quantised(node: &NodeProto) -> bool {
    ["QLinear", "QGemm", "ConvInteger", "MatMulInteger"].iter().any(|prefix| node.op_type.starts_with(prefix))
        || super::is_quantiser(node)
}

fn is_quantize(node: &NodeProto) -> bool {
    node.op_type == "QuantizeLinear" && ["", "ai.onnx", "com.microsoft"].contains(&node.domain.as_str())
}
