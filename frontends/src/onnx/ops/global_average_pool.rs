//! `GlobalAveragePool`: the mean of each channel.

use super::window;
use crate::onnx::call::Call;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::Refusal;
use snnc_ir::graph::Number;
use snnc_ir::graph::op::{Op, SumPool, Window};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let x = im.layer(call.required(0)?)?;
    let kernel = window::plane(call, x.features())?;
    if im.graph.number == Number::Integer {
        return Err(call.form("an average is not an integer"));
    }
    let divisor = kernel[0].checked_mul(kernel[1]).and_then(|d| u32::try_from(d).ok());
    let divisor = divisor.ok_or_else(|| call.shape("the window is too large"))?;
    let window = Window { kernel, stride: [1, 1], pad: [0; 4] };
    im.emit(call, Op::SumPool(SumPool { window, divisor }), &[&x], Features::Map, x.ty)?;
    Ok(())
}
