//! `MaxPool`, values only.

use super::window;
use crate::onnx::call::Call;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::Refusal;
use snnc_ir::graph::op::{MaxPool, Op, Window};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let x = im.layer(call.required(0)?)?;
    let size = window::plane(call, x.features())?;
    let geometry = window::read(call, x.features(), [0; 4], None)?;
    if geometry.dilation != [1, 1] {
        return Err(call.form("dilations are not supported"));
    }
    if call.attributes.int("ceil_mode", 0)? != 0 && window::ceil_differs(size, &geometry) {
        return Err(call.form("ceil_mode=1 adds windows that reach over the edge"));
    }
    // Order of the indices, which are not read.
    call.attributes.ignore("storage_order");
    let window = Window { kernel: geometry.kernel, stride: geometry.stride, pad: geometry.pad };
    im.emit(call, Op::MaxPool(MaxPool { window }), &[&x], Features::Map, x.ty)?;
    Ok(())
}
