//! The quantisers of QONNX (`qonnx.custom_op.general`, formerly `onnx.brevitas`), any version.
//!
//! A weight becomes its integers and DequantizeLinear; an activation QuantizeLinear, Clip where the width
//! is below 8 or 16 bits, and DequantizeLinear. QONNX adds the zero point before it rounds, ONNX after:
//! of halves to even both are the same when the zero point is even.

use super::rewriter::{Levels, Rewriter, int};
use crate::onnx::constant::Constant;
use crate::onnx::dims;
use crate::onnx::proto::NodeProto;
use crate::onnx::proto::tensor_proto::DataType;

/// Writes a quantiser anew; false when it is none, or has a form that is not read.
pub(super) fn rewrite(rw: &mut Rewriter<'_>, node: &NodeProto) -> bool {
    if !super::super::is_quantiser(node) {
        return false;
    }
    let constant = node.input.first().is_some_and(|x| rw.is_constant(x));
    let done = match node.op_type.as_str() {
        "Quant" if constant => weight(rw, node),
        "Quant" => activation(rw, node),
        "BipolarQuant" if constant => bipolar(rw, node),
        _ => None,
    };
    done.is_some()
}

/// What the inputs and attributes of a Quant say.
struct Quantiser {
    scale: Constant,
    zero: i64,
    lo: i64,
    hi: i64,
    rounding: String,
}

fn quantiser(rw: &mut Rewriter<'_>, node: &NodeProto) -> Option<Quantiser> {
    let [_, scale, zero, width] = node.input.as_slice() else { return None };
    let scale = rw.constant(scale)?;
    let whole = |values: Vec<f32>| match values[..] {
        [first, ..] if first.fract() == 0.0 && values.iter().all(|v| *v == first) => Some(first as i64),
        _ => None,
    };
    let zero = whole(rw.reals(zero)?)?;
    let width = whole(rw.reals(width)?).filter(|w| (1..=32).contains(w))?;
    let flag =
        |name: &str, default| node.attribute.iter().find(|a| a.name == name).map_or(default, |a| a.i) != 0;
    let (signed, narrow) = (flag("signed", 1), i64::from(flag("narrow", 0)));
    let (lo, hi) = match signed {
        true => (narrow - (1i64 << (width - 1)), (1i64 << (width - 1)) - 1),
        false => (0, (1i64 << width) - 1 - narrow),
    };
    let rounding = node.attribute.iter().find(|a| a.name == "rounding_mode");
    let rounding = rounding.map_or("ROUND".into(), |a| String::from_utf8_lossy(&a.s).to_uppercase());
    Some(Quantiser { scale, zero, lo, hi, rounding })
}

/// The rounding of a mode, by the names of QONNX.
fn round(mode: &str, v: f32) -> Option<f32> {
    let half = |away: bool| {
        let tie = v.fract().abs() == 0.5;
        if tie && !away { v.trunc() } else { v.round() }
    };
    Some(match mode {
        "ROUND" | "HALF_EVEN" => v.round_ties_even(),
        "CEIL" => v.ceil(),
        "FLOOR" => v.floor(),
        "UP" => v.signum() * v.abs().ceil(),
        "DOWN" | "ROUND_TO_ZERO" => v.trunc(),
        "HALF_UP" => half(true),
        "HALF_DOWN" => half(false),
        _ => return None,
    })
}

/// Positions of a scale for the elements of a constant: the axis along which it varies and its values.
fn spread(scale: &Constant, of: &[usize]) -> Option<(usize, Vec<f32>)> {
    let values = scale.reals().ok()?;
    if values.len() == 1 {
        return Some((0, values));
    }
    let missing = of.len().checked_sub(scale.dims.len())?;
    let axis = scale.dims.iter().position(|d| *d != 1)?;
    let fits = scale.dims.get(axis) == of.get(axis + missing) && scale.dims.get(axis) == Some(&values.len());
    fits.then_some((axis + missing, values))
}

fn weight(rw: &mut Rewriter<'_>, node: &NodeProto) -> Option<()> {
    let quantiser = quantiser(rw, node)?;
    let x = rw.constant(node.input.first()?)?;
    let (axis, scales) = spread(&quantiser.scale, &x.dims)?;
    let inner = dims::product(x.dims.get(axis + 1..).unwrap_or_default()).max(1);
    let (lo, hi, zero) = (quantiser.lo as f32, quantiser.hi as f32, quantiser.zero as f32);
    let mut levels = Vec::with_capacity(x.len());
    for (k, v) in x.reals().ok()?.iter().enumerate() {
        let scale = scales.get(k / inner % scales.len()).copied()?;
        let level = round(&quantiser.rounding, (v / scale + zero).clamp(lo, hi))?;
        levels.push(level as i64 - quantiser.zero);
    }
    integers(rw, node, &x.dims, &levels, axis, &scales)
}

fn bipolar(rw: &mut Rewriter<'_>, node: &NodeProto) -> Option<()> {
    let x = rw.constant(node.input.first()?)?;
    let scale = rw.constant(node.input.get(1)?)?;
    let (axis, scales) = spread(&scale, &x.dims)?;
    let levels: Vec<i64> = x.reals().ok()?.iter().map(|v| if *v >= 0.0 { 1 } else { -1 }).collect();
    integers(rw, node, &x.dims, &levels, axis, &scales)
}

/// Writes a constant as integers and their scale.
fn integers(
    rw: &mut Rewriter<'_>,
    node: &NodeProto,
    shape: &[usize],
    levels: &[i64],
    axis: usize,
    scales: &[f32],
) -> Option<()> {
    let output = node.output.first()?;
    let narrow = levels.iter().all(|v| i8::try_from(*v).is_ok());
    let raw = match narrow {
        true => levels.iter().map(|v| *v as u8).collect(),
        false => {
            let wide = levels.iter().map(|v| i32::try_from(*v).ok()).collect::<Option<Vec<_>>>()?;
            wide.iter().flat_map(|v| v.to_le_bytes()).collect()
        }
    };
    let ty = if narrow { DataType::Int8 } else { DataType::Int32 };
    let shape: Vec<i64> = shape.iter().map(|d| *d as i64).collect();
    let stored = rw.initializer(&format!("{output}/integers"), ty, &shape, raw);
    let scale = rw.floats(&format!("{output}/scale"), scales);
    let attribute = if scales.len() == 1 { vec![] } else { vec![int("axis", axis as i64)] };
    rw.node(node, "", "DequantizeLinear", vec![stored, scale], output, attribute);
    Some(())
}

fn activation(rw: &mut Rewriter<'_>, node: &NodeProto) -> Option<()> {
    let quantiser = quantiser(rw, node)?;
    let output = node.output.first()?;
    let scale = quantiser.scale.reals().ok()?;
    let even = quantiser.zero % 2 == 0 && matches!(quantiser.rounding.as_str(), "ROUND" | "HALF_EVEN");
    let types = [
        (DataType::Int8, -128, 127),
        (DataType::Uint8, 0, 255),
        (DataType::Int16, -32768, 32767),
        (DataType::Uint16, 0, 65535),
    ];
    let holds = |(_, lo, hi): &&(DataType, i64, i64)| {
        [quantiser.lo, quantiser.hi, quantiser.zero].iter().all(|v| (lo..=hi).contains(&v))
    };
    let &(ty, lo, hi) = types.iter().find(holds).filter(|_| even && scale.len() == 1)?;
    let zero = rw.integer(&format!("{output}/zero"), ty, quantiser.zero as i32);
    let scale = rw.floats(&format!("{output}/scale"), &scale);
    let levels = Levels { scale, zero };
    let mut integers = rw.name(&format!("{output}/integers"));
    rw.quantise(node, node.input.first()?, &levels, &integers);
    if (quantiser.lo, quantiser.hi) != (lo, hi) {
        let bounds = [("lo", quantiser.lo), ("hi", quantiser.hi)]
            .map(|(name, v)| rw.integer(&format!("{output}/{name}"), ty, v as i32));
        let clipped = rw.name(&format!("{output}/clipped"));
        let inputs = std::iter::once(integers).chain(bounds).collect();
        rw.node(node, "clip", "Clip", inputs, &clipped, vec![]);
        integers = clipped;
    }
    rw.node(node, "", "DequantizeLinear", vec![integers, levels.scale, levels.zero], output, vec![]);
    Some(())
}
