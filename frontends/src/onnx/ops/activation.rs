//! The layer that a QuantizeLinear and what follows it make.

use super::affine::{self, Affine};
use super::whole;
use crate::onnx::call::Call;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;
use crate::onnx::value::{Layer, Quantised, Value};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{Activation, Model, Neuron, Spec};

/// The real values of the levels, by the scale and zero point of the quantiser itself: the node's first
/// output. `name` is that of the levels.
pub(super) fn dequantise<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    name: &'m str,
    quantised: Quantised,
) -> Result<Layer, Refusal> {
    if let Some(made) = &quantised.made {
        im.alias(call, made.clone());
        return Ok(made.clone());
    }
    let source = quantised.source.clone();
    let layer = neuron(im, call, &quantised, &source, quantised.scale)?;
    let layer = match quantised.channels.as_slice() {
        [] => layer,
        scales => {
            let factor = scales.iter().map(|s| f64::from(*s)).collect();
            affine::apply(im, call, &layer, false, &Affine::scale(factor))?
        }
    };
    im.define(Some(name), Value::Quantised(Quantised { made: Some(layer.clone()), ..quantised }));
    Ok(layer)
}

/// The levels themselves as real numbers: the node's first output. They are whole again after the scale was
/// taken off, for a second quantiser rounds them.
pub(super) fn levels<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    name: &'m str,
    quantised: Quantised,
) -> Result<Layer, Refusal> {
    let mut source = quantised.source.clone();
    if quantised.scale != 1.0 {
        source = dequantise(im, call, name, quantised.clone())?;
        let factor = vec![1.0 / f64::from(quantised.scale)];
        source = affine::apply(im, call, &source, false, &Affine::scale(factor))?;
    }
    let layer = neuron(im, call, &quantised, &source, 1.0)?;
    let offset = Param::Scalar(f64::from(quantised.zero_point));
    affine::apply(im, call, &layer, false, &Affine::shift(offset))
}

/// A neuron that gives out `(level - zero point) · scale`; none where the values are such levels already.
fn neuron<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    quantised: &Quantised,
    source: &Layer,
    scale: f32,
) -> Result<Layer, Refusal> {
    let Quantised { zero_point, lo, hi, relu, .. } = *quantised;
    let least = if relu { lo.max(zero_point) } else { lo };
    let same = |a: Activation<f32>| {
        a.scale == scale
            && a.zero_point == zero_point
            && a.lo.max(if a.relu { zero_point } else { a.lo }) >= least
            && a.hi <= hi
    };
    if whole::grid(&im.graph, source.node).is_some_and(same) {
        quantised.origin.iter().for_each(|name| im.absorb(source, name));
        im.alias(call, source.clone());
        return Ok(source.clone());
    }
    let model = Model::Activation(Activation { scale, zero_point, lo, hi, relu, half_up: false });
    let op = Op::Neuron(Box::new(Neuron::Real(Spec { model, start: 0 })));
    let layer = im.emit(call, op, &[source], Features::Same, DataType::Float)?;
    if let Some(node) = im.graph.nodes.get_mut(layer.node.index()) {
        node.origin.splice(0..0, quantised.origin.iter().cloned());
    }
    Ok(layer)
}
