//! `QuantizeLinear`: with the DequantizeLinear after it a quantised activation; of a constant, folded.

use super::affine::{self, Affine};
use crate::onnx::call::Call;
use crate::onnx::constant::{Constant, Data};
use crate::onnx::dims;
use crate::onnx::importer::Importer;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::{Refusal, refuse_with};
use crate::onnx::tensor;
use crate::onnx::value::{Clamped, Quantised, Value};
use snnc_ir::diag::Code;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let x = call.required(0)?;
    let levels = levels(im, call)?;
    call.attributes.ignore("saturate");
    if im.is_constant(x) {
        let constant = im.constant(x)?;
        let axis = dims::axis(call.attributes.int("axis", 1)?, constant.dims.len().max(1));
        let folded = folded(call, &constant, &levels, axis.unwrap_or(0))?;
        return im.fold(call, folded);
    }
    let axis = call.attributes.int("axis", 1)?;
    let mut clamped = match im.get(x) {
        Some(Value::Clamped(clamped)) => clamped.clone(),
        _ => Clamped { source: im.layer(x)?, min: f32::NEG_INFINITY, max: f32::INFINITY, origin: Vec::new() },
    };
    clamped.origin.push(call.name.clone());
    if clamped.source.ty != DataType::Float {
        return Err(call.form("its input is not FLOAT"));
    }
    if let Some(bad) = levels.scale.iter().find(|s| !(s.is_finite() && **s > 0.0)) {
        return Err(call.form(format!("the scale {bad} is not positive")));
    }
    let zero_point = match levels.zero.as_slice() {
        [] => 0,
        [first, rest @ ..] if rest.iter().all(|z| z == first) => i32::try_from(*first).unwrap_or(0),
        _ => return Err(call.form("the zero points of an activation differ from channel to channel")),
    };
    let quantised = match levels.scale.as_slice() {
        [scale] => bounded(clamped, &levels, *scale, zero_point),
        scales => per_channel(im, call, x, clamped, &levels, scales, (zero_point, axis))?,
    };
    im.define(call.output(0), Value::Quantised(quantised));
    Ok(())
}

/// Bounds before the quantiser are bounds on its levels.
fn bounded(clamped: Clamped, levels: &Levels, scale: f32, zero_point: i32) -> Quantised {
    let Clamped { source, min, max, origin } = clamped;
    // A cast of infinity gives the first or last integer.
    let level = |v: f32| ((v / scale).round_ties_even() as i32).saturating_add(zero_point);
    let relu = min == 0.0;
    let lo = if relu { levels.lo } else { level(min).clamp(levels.lo, levels.hi) };
    let hi = level(max).clamp(levels.lo, levels.hi);
    Quantised { source, scale, zero_point, lo, hi, relu, origin, channels: Vec::new(), made: None }
}

/// One scale per channel: the source is divided by them.
fn per_channel<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    x: &'m str,
    clamped: Clamped,
    levels: &Levels,
    scales: &[f32],
    (zero_point, axis): (i32, i64),
) -> Result<Quantised, Refusal> {
    let source = &clamped.source;
    let axis = dims::axis(axis, source.dims.len().max(1))?;
    if axis != source.lead || source.features().first() != Some(&scales.len()) {
        return Err(call.shape("its scale is neither one nor one per channel"));
    }
    if clamped.max.is_finite() || (clamped.min.is_finite() && clamped.min != 0.0) {
        return Err(call.form("bounds other than 0 before a quantiser with a scale per channel"));
    }
    let factor = scales.iter().map(|s| 1.0 / f64::from(*s)).collect();
    let alone = im.read_once(x);
    let source = affine::apply(im, call, source, alone, &Affine::scale(factor))?;
    let quantised = bounded(Clamped { source, ..clamped }, levels, 1.0, zero_point);
    Ok(Quantised { channels: scales.to_vec(), ..quantised })
}

struct Levels {
    scale: Vec<f32>,
    /// Empty: zero.
    zero: Vec<i64>,
    ty: DataType,
    lo: i32,
    hi: i32,
}

fn levels<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<Levels, Refusal> {
    super::dequantize_linear::plain(call)?;
    let scale = im.constant(call.required(1)?)?;
    if scale.ty != DataType::Float {
        return Err(call.form(format!("a scale of type {}", scale.ty.as_str_name())));
    }
    let (zero, ty) = match (call.input(2), call.attributes.int("output_dtype", 0)?) {
        (Some(name), _) => {
            let zero = im.constant(name)?;
            (zero.integers()?, zero.ty)
        }
        (None, 0) => (Vec::new(), DataType::Uint8),
        (None, code) => (Vec::new(), tensor::data_type(i32::try_from(code).unwrap_or(-1))?),
    };
    let (lo, hi) = match ty {
        DataType::Int2 => (-2, 1),
        DataType::Uint2 => (0, 3),
        DataType::Int4 => (-8, 7),
        DataType::Uint4 => (0, 15),
        DataType::Int8 => (-128, 127),
        DataType::Uint8 => (0, 255),
        DataType::Int16 => (-32768, 32767),
        DataType::Uint16 => (0, 65535),
        _ => {
            let message = format!("QuantizeLinear to {} is not supported", ty.as_str_name());
            return Err(refuse_with(Code::UnsupportedType, message, "quantise to integers of 2 to 16 bits"));
        }
    };
    Ok(Levels { scale: scale.reals()?, zero, ty, lo, hi })
}

fn folded(call: &Call<'_>, constant: &Constant, levels: &Levels, axis: usize) -> Result<Constant, Refusal> {
    let inner = dims::product(constant.dims.get(axis + 1..).unwrap_or_default()).max(1);
    let outer = constant.dims.get(axis).copied().unwrap_or(1).max(1);
    let per = |count: usize, k: usize| if count == 1 { 0 } else { k / inner % outer };
    if ![1, outer].contains(&levels.scale.len()) || ![0, 1, outer].contains(&levels.zero.len()) {
        return Err(call.shape("its scale is neither one nor one per channel"));
    }
    let quantise = |(k, v): (usize, &f32)| {
        let scale = levels.scale.get(per(levels.scale.len(), k)).copied().unwrap_or(1.0);
        let zero = levels.zero.get(per(levels.zero.len(), k)).copied().unwrap_or(0);
        // A cast of NaN gives 0, of infinity the last integer: both are then clamped.
        let level = ((v / scale).round_ties_even() as i64).saturating_add(zero);
        level.clamp(i64::from(levels.lo), i64::from(levels.hi))
    };
    let values: Vec<i64> = constant.reals()?.iter().enumerate().map(quantise).collect();
    let data = Data::pack(&values).unwrap_or(Data::I64(values.into()));
    Ok(Constant { dims: constant.dims.clone(), ty: levels.ty, data, quant: None })
}
