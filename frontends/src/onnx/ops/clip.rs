//! `Clip` of a constant; between QuantizeLinear and DequantizeLinear, where it narrows the levels; or before
//! QuantizeLinear, as `Relu`.

use super::relu;
use crate::onnx::call::Call;
use crate::onnx::constant::{Constant, Data};
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::Value;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let name = call.required(0)?;
    if let Some(Value::Quantised(quantised)) = im.get(name) {
        let mut quantised = quantised.clone();
        if let Some(min) = integer_bound(im, call, 1)? {
            quantised.lo = quantised.lo.max(min);
        }
        if let Some(max) = integer_bound(im, call, 2)? {
            quantised.hi = quantised.hi.min(max);
        }
        if quantised.lo > quantised.hi {
            return Err(call.form("its lowest level is above its highest"));
        }
        quantised.made = None;
        quantised.origin.push(call.name.clone());
        im.define(call.output(0), Value::Quantised(quantised));
        return Ok(());
    }
    if !im.is_constant(name) {
        let min = real_bound(im, call, 1, "min")?.unwrap_or(f32::NEG_INFINITY);
        let max = real_bound(im, call, 2, "max")?.unwrap_or(f32::INFINITY);
        return relu::clamp(im, call, name, min, max);
    }
    let mut constant = im.constant(name)?;
    if matches!(constant.data, Data::F32(_)) || constant.quant.is_some() {
        let min = real_bound(im, call, 1, "min")?.unwrap_or(f32::MIN);
        let max = real_bound(im, call, 2, "max")?.unwrap_or(f32::MAX);
        constant.data = Data::F32(constant.reals()?.iter().map(|v| v.max(min).min(max)).collect());
        constant.quant = None;
    } else {
        let min = integer_bound(im, call, 1)?.map_or(i64::MIN, i64::from);
        let max = integer_bound(im, call, 2)?.map_or(i64::MAX, i64::from);
        let values: Vec<i64> = constant.integers()?.iter().map(|v| (*v).max(min).min(max)).collect();
        constant.data = Data::pack(&values).unwrap_or(Data::I64(values.into()));
    }
    im.fold(call, constant)
}

fn integer_bound<'m>(im: &mut Importer<'m>, call: &Call<'m>, k: usize) -> Result<Option<i32>, Refusal> {
    let Some(name) = call.input(k) else { return Ok(None) };
    let value = Constant::single(&im.constant(name)?.integers()?, "a bound of Clip")?;
    i32::try_from(value).map(Some).map_err(|_| call.form("a bound has more than 32 bits"))
}

/// A bound: an input since opset 11, an attribute before.
fn real_bound<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    k: usize,
    attribute: &str,
) -> Result<Option<f32>, Refusal> {
    if let Some(name) = call.input(k) {
        return Constant::single(&im.constant(name)?.reals()?, "a bound of Clip").map(Some);
    }
    if call.attributes.has(attribute) { call.attributes.float(attribute, 0.0).map(Some) } else { Ok(None) }
}
