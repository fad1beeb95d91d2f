//! Rounding written out, as in the functions of `com.brainchip`: `Floor(x · factor / 2^k + 0.5)` and `Clip`
//! become QuantizeLinear.
//!
//! QuantizeLinear rounds halves to even, this form rounds them up. Of whole numbers `x` the values lie on a
//! grid of `2^-k`, so half a step of the grid added to them decides every tie and changes nothing else.
//! Relu and MaxPool, which the positive factor does not disturb, move behind it, so that the factor meets
//! the layer whose weights it goes into.

mod find;

use super::names::Prefixes;
use super::stored;
use crate::onnx::file::Model;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::proto::{NodeProto, TensorProto};
use find::Rounding;

/// Rewrites every rounding of whole numbers; whether there was one.
pub(super) fn rewrite(model: &mut Model) -> bool {
    let Some(graph) = model.proto.graph.as_ref() else { return false };
    if !is_needed(&graph.node) {
        return false;
    }
    let found = find::all(graph, &model.external);
    let products = find::products(graph, &model.external);
    let mut names = Prefixes::of(graph);
    let Some(graph) = model.proto.graph.as_mut() else { return false };
    for rounding in &found {
        apply(&mut graph.node, &mut graph.initializer, &mut names, rounding);
    }
    for product in &products {
        // The integers of a whole number, times a scale: that number times the scale.
        let scale = match &product.scale {
            None => product.name.clone(),
            Some((dims, values)) => {
                let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                let name = names.value(&format!("{}/per_channel", product.name));
                stored(&mut graph.initializer, name, DataType::Float, dims, raw)
            }
        };
        if let Some(node) = graph.node.get_mut(product.node) {
            let output = node.output.first().cloned().unwrap_or_default();
            becomes(node, "Mul", vec![product.source.clone(), scale], &output);
        }
    }
    !found.is_empty() || !products.is_empty()
}

/// Whether there may be something to rewrite.
pub(super) fn is_needed(nodes: &[NodeProto]) -> bool {
    let standard = |n: &&NodeProto| matches!(n.domain.as_str(), "" | "ai.onnx");
    let has = |op: &str| nodes.iter().filter(standard).any(|n| n.op_type == op);
    has("Floor") || (has("Cast") && has("DequantizeLinear"))
}

fn apply(nodes: &mut Vec<NodeProto>, made: &mut Vec<TensorProto>, names: &mut Prefixes, r: &Rounding) {
    let (ty, full) = match (r.lo, r.hi) {
        (-128.., ..=127) => (DataType::Int8, (-128, 127)),
        (0.., ..=255) => (DataType::Uint8, (0, 255)),
        (-32768.., ..=32767) => (DataType::Int16, (-32768, 32767)),
        _ => (DataType::Uint16, (0, 65535)),
    };
    let output = r.output.as_str();
    let raw = r.nudge.iter().flat_map(|v| v.to_le_bytes()).collect();
    let nudge = stored(made, names.value(&format!("{output}/nudge")), DataType::Float, &r.dims, raw);
    let one = stored(
        made,
        names.value(&format!("{output}/one")),
        DataType::Float,
        &[],
        1f32.to_le_bytes().to_vec(),
    );
    let width = if matches!(ty, DataType::Int8 | DataType::Uint8) { 1 } else { 2 };
    let mut integer = |name: &str, v: i32| {
        let raw = v.to_le_bytes().into_iter().take(width).collect();
        stored(made, names.value(&format!("{output}/{name}")), ty, &[], raw)
    };
    let zero = integer("zero", 0);
    let bounds = ((r.lo, r.hi) != full).then(|| [integer("lo", r.lo), integer("hi", r.hi)]);
    // The data input of a node becomes `source`; what it gives out is the next one's.
    let mut source = r.source.clone();
    for (k, input) in r.factors.iter().chain(&[r.add]).copied() {
        let Some(node) = nodes.get_mut(k) else { return };
        if let Some(place) = node.input.get_mut(input) {
            place.clone_from(&source);
        }
        if k == r.add.0
            && let Some(place) = node.input.get_mut(1 - input)
        {
            place.clone_from(&nudge);
        }
        source = node.output.first().cloned().unwrap_or_default();
    }
    for k in r.later.iter().copied() {
        let Some(node) = nodes.get_mut(k) else { return };
        if let Some(place) = node.input.first_mut() {
            place.clone_from(&source);
        }
        source = node.output.first().cloned().unwrap_or_default();
    }
    let mut integers = names.value(&format!("{output}/integers"));
    if let Some(node) = nodes.get_mut(r.floor) {
        let input = vec![source, one.clone(), zero.clone()];
        becomes(node, "QuantizeLinear", input, &integers);
    }
    if let Some(node) = nodes.get_mut(r.clip) {
        let whole = integers;
        integers = names.value(&format!("{output}/clipped"));
        match bounds {
            Some([lo, hi]) => becomes(node, "Clip", vec![whole, lo, hi], &integers),
            None => becomes(node, "Identity", vec![whole], &integers),
        }
    }
    for k in r.casts.iter().copied() {
        let Some(node) = nodes.get_mut(k) else { continue };
        let cast = node.output.first().cloned().unwrap_or_default();
        becomes(node, "Identity", vec![integers.clone()], &cast);
    }
    if r.others {
        let name = nodes.get(r.clip).map(|n| format!("{}/dequantize", n.name)).unwrap_or_default();
        let mut node = NodeProto { name, ..NodeProto::default() };
        becomes(&mut node, "DequantizeLinear", vec![integers, one, zero], output);
        nodes.push(node);
    }
}

fn becomes(node: &mut NodeProto, op: &str, input: Vec<String>, output: &str) {
    node.op_type = op.into();
    node.input = input;
    node.output = vec![output.into()];
    node.attribute.clear();
}
