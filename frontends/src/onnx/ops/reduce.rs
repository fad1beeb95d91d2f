//! `ReduceMean` and `ReduceSum` over rows and columns: pooling over the whole map.

use super::window;
use crate::onnx::call::Call;
use crate::onnx::dims;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::Refusal;
use snnc_ir::graph::Number;
use snnc_ir::graph::op::{Op, SumPool, Window};

/// `ReduceMean`.
pub(super) fn mean<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    reduce(im, call, true)
}

/// `ReduceSum`.
pub(super) fn sum<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    reduce(im, call, false)
}

fn reduce<'m>(im: &mut Importer<'m>, call: &Call<'m>, mean: bool) -> Result<(), Refusal> {
    let x = im.layer(call.required(0)?)?;
    let kernel = window::plane(call, x.features())?;
    // An input since opset 13 (sum) and 18 (mean), an attribute before.
    let axes = match call.input(1) {
        Some(axes) => im.constant(axes)?.integers()?,
        None => call.attributes.ints("axes")?.unwrap_or_default().to_vec(),
    };
    call.attributes.ignore("noop_with_empty_axes");
    let mut over = axes.iter().map(|a| dims::axis(*a, x.dims.len())).collect::<Result<Vec<_>, _>>()?;
    over.sort_unstable();
    if !over.iter().copied().eq(x.lead + 1..x.dims.len()) {
        return Err(call.form(format!("axes {axes:?} of {:?} are not all rows and columns", x.dims)));
    }
    if mean && im.graph.number == Number::Integer {
        return Err(call.form("an average is not an integer"));
    }
    let elements = kernel[0].checked_mul(kernel[1]).and_then(|d| u32::try_from(d).ok());
    let elements = elements.ok_or_else(|| call.shape("the window is too large"))?;
    let window = Window { kernel, stride: [1, 1], pad: [0; 4] };
    let pool = Op::SumPool(SumPool { window, divisor: if mean { elements } else { 1 } });
    let keep = call.attributes.int("keepdims", 1)? != 0;
    let features = if keep { Features::Map } else { Features::Flat };
    im.emit(call, pool, &[&x], features, x.ty)?;
    Ok(())
}
