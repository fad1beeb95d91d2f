//! `Concat` along the channels.

use crate::onnx::call::Call;
use crate::onnx::dims;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::Refusal;
use snnc_ir::graph::op::Op;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let layers =
        (0..call.node.input.len()).map(|k| im.layer(call.required(k)?)).collect::<Result<Vec<_>, _>>()?;
    let first = layers.first().ok_or_else(|| call.form("it has no input"))?;
    let axis = dims::axis(call.attributes.int("axis", 1)?, first.dims.len())?;
    if axis != first.lead {
        return Err(call.form(format!("axis {axis} is not that of the channels")));
    }
    if layers.iter().any(|l| l.dims.len() != first.dims.len() || l.lead != first.lead || l.ty != first.ty) {
        return Err(call.shape("the inputs have other numbers of dimensions or types"));
    }
    let features = if first.features().len() == 1 { Features::Flat } else { Features::Map };
    if first.features().len() == 2 {
        return Err(call.shape("features of two dimensions are not supported"));
    }
    im.emit(call, Op::Concat, &layers.iter().collect::<Vec<_>>(), features, first.ty)?;
    Ok(())
}
