//! `AveragePool`: a sum over a window divided by its size.

use super::window;
use crate::onnx::call::Call;
use crate::onnx::consistency;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::Refusal;
use snnc_ir::graph::Number;
use snnc_ir::graph::op::{Op, SumPool, Window};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let (x, around, origin) = window::source(im, call.required(0)?)?;
    let size = window::plane(call, x.features())?;
    let geometry = window::read(call, x.features(), around, None)?;
    if geometry.dilation != [1, 1] {
        return Err(call.form("dilations are not supported"));
    }
    let padding_counts = call.attributes.int("count_include_pad", 0)? != 0;
    // The zeros of a Pad before it count as elements.
    if !padding_counts && geometry.pad != around {
        return Err(call.form(
            "with padding and count_include_pad=0 the windows at the edges are divided by another number",
        ));
    }
    if call.attributes.int("ceil_mode", 0)? != 0 && window::ceil_differs(size, &geometry) {
        return Err(call.form("ceil_mode=1 adds windows that reach over the edge"));
    }
    let divisor = geometry.kernel[0].checked_mul(geometry.kernel[1]).and_then(|d| u32::try_from(d).ok());
    let divisor = divisor.ok_or_else(|| call.shape("the window is too large"))?;
    // A Mul may make a sum of it again, exactly if the divisor is a power of two.
    if im.graph.number == Number::Integer && !divisor.is_power_of_two() {
        return Err(call.form(consistency::AVERAGE));
    }
    let window = Window { kernel: geometry.kernel, stride: geometry.stride, pad: geometry.pad };
    let layer = im.emit(call, Op::SumPool(SumPool { window, divisor }), &[&x], Features::Map, x.ty)?;
    origin.iter().for_each(|name| im.absorb(&layer, name));
    Ok(())
}
