//! `Reshape` to a constant shape, and what the other operators that only change dimensions share.

use crate::onnx::call::Call;
use crate::onnx::dims;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::{Layer, Value};
use snnc_ir::graph::op::Op;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let keep_zero = call.attributes.int("allowzero", 0)? != 0;
    let target = match call.input(1) {
        Some(shape) => im.constant(shape)?.integers()?,
        // Before opset 5.
        None => call.attributes.ints("shape")?.ok_or_else(|| call.form("it has no shape"))?.to_vec(),
    };
    with(im, call, |call, dims| resolve(call, &target, dims, keep_zero))
}

/// The dimensions that a target with `0` (keep) and `-1` (the rest) stands for.
fn resolve(call: &Call<'_>, target: &[i64], dims: &[usize], keep_zero: bool) -> Result<Vec<usize>, Refusal> {
    let wrong = || call.shape(format!("{dims:?} cannot have the shape {target:?}"));
    let mut out = Vec::with_capacity(target.len());
    let mut open = None;
    for (k, size) in target.iter().enumerate() {
        out.push(match size {
            -1 if open.is_none() => {
                open = Some(k);
                1
            }
            0 if !keep_zero => dims.get(k).copied().ok_or_else(wrong)?,
            size => usize::try_from(*size).map_err(|_| wrong())?,
        });
    }
    let (total, given) = (dims::product(dims), dims::product(&out));
    if let Some(slot) = open.and_then(|k| out.get_mut(k)) {
        *slot = total.checked_div(given).filter(|n| n.checked_mul(given) == Some(total)).ok_or_else(wrong)?;
    }
    if dims::product(&out) == total { Ok(out) } else { Err(wrong()) }
}

/// Gives the first input the dimensions that `target` makes of its own.
pub(super) fn with<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    target: impl Fn(&Call<'m>, &[usize]) -> Result<Vec<usize>, Refusal>,
) -> Result<(), Refusal> {
    let name = call.required(0)?;
    if im.is_constant(name) {
        let constant = im.constant(name)?;
        let dims = target(call, &constant.dims)?;
        return im.fold(call, constant.reshaped(dims)?);
    }
    if let Some(Value::Quantised(quantised)) = im.get(name) {
        // Reshaping between QuantizeLinear and DequantizeLinear moves no value.
        let mut quantised = quantised.clone();
        let dims = target(call, &quantised.source.dims)?;
        quantised.source = reshaped(im, call, &quantised.source, dims)?;
        quantised.made = None;
        im.define(call.output(0), Value::Quantised(quantised));
        return Ok(());
    }
    let layer = im.layer(name)?;
    let dims = target(call, &layer.dims)?;
    reshaped(im, call, &layer, dims)?;
    Ok(())
}

fn reshaped<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    layer: &Layer,
    dims: Vec<usize>,
) -> Result<Layer, Refusal> {
    let lead = dims::split(layer, &dims, im.steps.sequence)?;
    let shape = dims::shape(dims.get(lead..).unwrap_or_default())?;
    let result = Layer { dims, lead, ..layer.clone() };
    let before = im.graph.nodes.get(layer.node.index()).map(|n| n.shape);
    if before == Some(shape) {
        im.alias(call, result.clone());
        return Ok(result);
    }
    im.append(call, Op::Reshape, &[layer], shape, result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::proto::NodeProto;

    #[test]
    fn zero_keeps_and_minus_one_fills() {
        let node = NodeProto::default();
        let call = Call::new(&node, 0);
        let go = |target: &[i64], keep| resolve(&call, target, &[1, 8, 4], keep).ok();
        assert_eq!(go(&[0, -1], false), Some(vec![1, 32]));
        assert_eq!(go(&[1, -1], true), Some(vec![1, 32]));
        assert_eq!(go(&[0, -1], true), None);
        assert_eq!(go(&[-1, -1], false), None);
        assert_eq!(go(&[5, -1], false), None);
        assert_eq!(go(&[i64::MAX, i64::MAX], false), None);
    }
}
