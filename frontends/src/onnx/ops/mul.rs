//! `Mul` in the two places where sum pooling is exported with it: sign times magnitude, and an average
//! times the number of elements.

use crate::onnx::call::Call;
use crate::onnx::constant::Constant;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::{Part, Value};
use snnc_ir::graph::op::Op;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let (a, b) = (call.required(0)?, call.required(1)?);
    match (im.get(a).cloned(), im.get(b).cloned()) {
        (Some(Value::Part(x, p, first)), Some(Value::Part(y, q, second))) => {
            let whole = matches!((p, q), (Part::Sign, Part::Magnitude) | (Part::Magnitude, Part::Sign));
            if !whole || x.node != y.node || x.dims != y.dims {
                return Err(call.unsupported());
            }
            first.iter().chain(&second).for_each(|name| im.absorb(&x, name));
            im.alias(call, x);
            Ok(())
        }
        (Some(Value::Layer(_)), _) if im.is_constant(b) => scale(im, call, a, b),
        (_, Some(Value::Layer(_))) if im.is_constant(a) => scale(im, call, b, a),
        _ => Err(call.unsupported()),
    }
}

/// An average times a power of two that divides its divisor: the same sum, divided by less. Both ways
/// give the same bits, which other factors do not.
fn scale<'m>(im: &mut Importer<'m>, call: &Call<'m>, x: &'m str, factor: &'m str) -> Result<(), Refusal> {
    let layer = im.layer(x)?;
    let constant = im.constant(factor)?;
    let alone = im.read_once(x);
    let Some(Op::SumPool(pool)) = im.graph.nodes.get_mut(layer.node.index()).map(|n| &mut n.op) else {
        return Err(call.unsupported());
    };
    let factor = Constant::single(&constant.reals()?, "a factor")?;
    let whole = factor as u32;
    if whole as f32 != factor || !whole.is_power_of_two() || pool.divisor % whole != 0 || !alone {
        return Err(call.form(format!(
            "an average over {} elements times {factor}; a power of two that divides it is supported",
            pool.divisor
        )));
    }
    pool.divisor /= whole;
    im.alias(call, layer);
    Ok(())
}
