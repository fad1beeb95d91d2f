//! QLinearConv, QLinearMatMul and the quantised operators of `com.microsoft`.

use super::rewriter::{Levels, Rewriter};
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::proto::{AttributeProto, NodeProto};

/// Writes a quantised operator anew; false when it is none, or has a form that is not read.
pub(super) fn rewrite(rw: &mut Rewriter<'_>, node: &NodeProto) -> bool {
    let standard = matches!(node.domain.as_str(), "" | "ai.onnx");
    if !standard && node.domain != "com.microsoft" {
        return false;
    }
    let done = match node.op_type.as_str() {
        "QLinearConv" => product(rw, node, "Conv", 0),
        "QLinearMatMul" => product(rw, node, "MatMul", 1),
        _ if standard => None,
        "QGemm" => gemm(rw, node),
        "QLinearAdd" => pair(rw, node, "Add"),
        "QLinearMul" => pair(rw, node, "Mul"),
        "QLinearAveragePool" => single(rw, node, "AveragePool"),
        "QLinearGlobalAveragePool" => single(rw, node, "GlobalAveragePool"),
        "QLinearReduceMean" => single(rw, node, "ReduceMean"),
        "QLinearConcat" => concat(rw, node),
        _ => None,
    };
    done.is_some()
}

fn input(node: &NodeProto, k: usize) -> &str {
    node.input.get(k).map_or("", String::as_str)
}

/// Scale and zero point at `k` and `k + 1`; `None` when the scale is no constant.
fn levels(rw: &Rewriter<'_>, node: &NodeProto, k: usize) -> Option<Levels> {
    let levels = Levels { scale: input(node, k).into(), zero: input(node, k + 1).into() };
    rw.is_constant(&levels.scale).then_some(levels)
}

/// Those of the output, whose type is that of the zero point or else that of an input.
fn result(rw: &mut Rewriter<'_>, node: &NodeProto, k: usize, like: &Levels) -> Option<Levels> {
    let mut levels = levels(rw, node, k)?;
    if levels.zero.is_empty() {
        let ty = rw.ty(&like.zero).unwrap_or(DataType::Uint8);
        levels.zero = rw.integer(&format!("{}/zero", node.name), ty, 0);
    }
    Some(levels)
}

fn output(node: &NodeProto) -> Option<&str> {
    node.output.first().map(String::as_str).filter(|o| !o.is_empty())
}

/// The attributes that the operator on real numbers has too; `None` when channels come last.
fn attributes(node: &NodeProto, dropped: &[&str]) -> Option<Vec<AttributeProto>> {
    if node.attribute.iter().any(|a| a.name == "channels_last" && a.i != 0) {
        return None;
    }
    let kept = |a: &&AttributeProto| a.name != "channels_last" && !dropped.contains(&a.name.as_str());
    Some(node.attribute.iter().filter(kept).cloned().collect())
}

/// Operator on real values with its result quantised.
fn finish(
    rw: &mut Rewriter<'_>,
    node: &NodeProto,
    op: &str,
    inputs: Vec<String>,
    to: &Levels,
    attributes: Vec<AttributeProto>,
) -> Option<()> {
    let out = output(node)?;
    let real = rw.name(&format!("{out}/unquantized"));
    rw.node(node, "", op, inputs, &real, attributes);
    rw.quantise(node, &real, to, out);
    Some(())
}

/// `(x, scale, zero, w, scale, zero, scale, zero, bias)`.
fn product(rw: &mut Rewriter<'_>, node: &NodeProto, op: &str, axis: i64) -> Option<()> {
    let (x, w) = (levels(rw, node, 1)?, levels(rw, node, 4)?);
    let to = result(rw, node, 6, &x)?;
    let attributes = attributes(node, &[])?;
    let bias = match input(node, 8) {
        "" => None,
        name => Some(bias(rw, node, name, &x, &w, 1.0)?),
    };
    let mut inputs = vec![rw.dequantise(node, input(node, 0), &x, 1)];
    inputs.push(rw.dequantise(node, input(node, 3), &w, axis));
    inputs.extend(bias);
    finish(rw, node, op, inputs, &to, attributes)
}

/// `(a, scale, zero, b, scale, zero, c, scale, zero)`; without the last two the output is real.
fn gemm(rw: &mut Rewriter<'_>, node: &NodeProto) -> Option<()> {
    let (a, b) = (levels(rw, node, 1)?, levels(rw, node, 4)?);
    let attribute = |name: &str| node.attribute.iter().find(|a| a.name == name);
    let alpha = attribute("alpha").map_or(1.0, |a| a.f);
    let axis = if attribute("transB").is_some_and(|a| a.i != 0) { 0 } else { 1 };
    let bias = match input(node, 6) {
        "" => None,
        name => Some(bias(rw, node, name, &a, &b, alpha)?),
    };
    let to = if input(node, 7).is_empty() { None } else { Some(result(rw, node, 7, &a)?) };
    let attributes = attributes(node, &[])?;
    let mut inputs = vec![rw.dequantise(node, input(node, 0), &a, 1)];
    inputs.push(rw.dequantise(node, input(node, 3), &b, axis));
    inputs.extend(bias);
    match to {
        Some(to) => finish(rw, node, "Gemm", inputs, &to, attributes),
        None => {
            rw.node(node, "", "Gemm", inputs, output(node)?, attributes);
            Some(())
        }
    }
}

/// The bias of 32 bits, in units of both scales.
fn bias(
    rw: &mut Rewriter<'_>,
    node: &NodeProto,
    name: &str,
    x: &Levels,
    w: &Levels,
    factor: f32,
) -> Option<String> {
    let rank = rw.dims(name)?.len();
    let [x] = rw.reals(&x.scale)?[..] else { return None };
    let scales: Vec<f32> = rw.reals(&w.scale)?.iter().map(|w| x * w * factor).collect();
    let channels = rw.size(name)?;
    if scales.len() != 1 && scales.len() != channels {
        return None;
    }
    let scale = rw.floats(&format!("{name}/scale"), &scales);
    let axis = rank.saturating_sub(1) as i64;
    Some(rw.dequantise(node, name, &Levels { scale, zero: String::new() }, axis))
}

/// `(a, scale, zero, b, scale, zero, scale, zero)`.
fn pair(rw: &mut Rewriter<'_>, node: &NodeProto, op: &str) -> Option<()> {
    let (a, b) = (levels(rw, node, 1)?, levels(rw, node, 4)?);
    let to = result(rw, node, 6, &a)?;
    let inputs = vec![rw.dequantise(node, input(node, 0), &a, 1), rw.dequantise(node, input(node, 3), &b, 1)];
    finish(rw, node, op, inputs, &to, vec![])
}

/// `(x, scale, zero, scale, zero)`.
fn single(rw: &mut Rewriter<'_>, node: &NodeProto, op: &str) -> Option<()> {
    let x = levels(rw, node, 1)?;
    let to = result(rw, node, 3, &x)?;
    let attributes = attributes(node, &[])?;
    let inputs = vec![rw.dequantise(node, input(node, 0), &x, 1)];
    finish(rw, node, op, inputs, &to, attributes)
}

/// `(scale, zero, x, scale, zero, x, scale, zero, ...)`.
fn concat(rw: &mut Rewriter<'_>, node: &NodeProto) -> Option<()> {
    let parts: Vec<usize> = (2..node.input.len()).step_by(3).collect();
    let from = parts.iter().map(|k| levels(rw, node, k + 1)).collect::<Option<Vec<_>>>()?;
    let to = result(rw, node, 0, from.first()?)?;
    let attributes = attributes(node, &[])?;
    let inputs = parts.iter().zip(&from).map(|(k, of)| rw.dequantise(node, input(node, *k), of, 1)).collect();
    finish(rw, node, "Concat", inputs, &to, attributes)
}
