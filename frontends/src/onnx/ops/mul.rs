//! `Mul` by a constant, and of sign and magnitude, which sum pooling is exported with.

use super::affine::{self, Affine};
use crate::onnx::call::Call;
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

/// An average times a power of two that divides its divisor: the same sum, divided by less, and the same
/// bits. Other factors go into the connection before, or become one.
fn scale<'m>(im: &mut Importer<'m>, call: &Call<'m>, x: &'m str, factor: &'m str) -> Result<(), Refusal> {
    let layer = im.layer(x)?;
    let factors = affine::per_channel(im, call, factor, &layer)?;
    let alone = im.read_once(x);
    if let (Some(Op::SumPool(pool)), [factor]) =
        (im.graph.nodes.get_mut(layer.node.index()).map(|n| &mut n.op), factors.as_slice())
    {
        let whole = *factor as u32;
        if f64::from(whole) == *factor && whole.is_power_of_two() && pool.divisor % whole == 0 && alone {
            pool.divisor /= whole;
            im.alias(call, layer);
            return Ok(());
        }
    }
    affine::apply(im, call, &layer, alone, &Affine::scale(factors))?;
    Ok(())
}
