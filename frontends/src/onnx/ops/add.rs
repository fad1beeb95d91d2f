//! `Add`: of two layers, or of a constant as the bias of the layer before.

use crate::onnx::call::Call;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::{Refusal, refuse};
use crate::onnx::weights;
use snnc_ir::diag::Code;
use snnc_ir::graph::op::Op;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let (a, b) = (call.required(0)?, call.required(1)?);
    match (im.is_constant(a), im.is_constant(b)) {
        (true, true) => Err(refuse(Code::UnsupportedAttribute, "Add: two constants are not folded")),
        (true, false) => bias(im, call, b, a),
        (false, true) => bias(im, call, a, b),
        (false, false) => {
            let (x, y) = (im.layer(a)?, im.layer(b)?);
            if x.features() != y.features() || x.ty != y.ty {
                let message = format!("{:?} and {:?}: layers of one shape can be added", x.dims, y.dims);
                return Err(call.shape(message));
            }
            im.emit(call, Op::Add, &[&x, &y], Features::Same, x.ty)?;
            Ok(())
        }
    }
}

fn bias<'m>(im: &mut Importer<'m>, call: &Call<'m>, x: &'m str, constant: &'m str) -> Result<(), Refusal> {
    let layer = im.layer(x)?;
    if !im.read_once(x) {
        return Err(call.form("a constant is added to a layer that has other readers"));
    }
    weights::add_bias(im, call, layer, constant)
}
