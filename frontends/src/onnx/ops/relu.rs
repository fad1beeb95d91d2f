//! `Relu`, only where its result is one of few levels: a quantiser follows, and the pair of both is a
//! quantised activation, or the values are whole numbers or levels already. The Relu of a magnitude is that
//! magnitude.

use super::whole;
use crate::onnx::call::Call;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::Refusal;
use crate::onnx::value::{Clamped, Part, Value};
use snnc_ir::graph::op::Op;
use snnc_ir::neuron::{Activation, Model, Neuron, Spec};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let name = call.required(0)?;
    if let Some(Value::Part(layer, Part::Magnitude, mut origin)) = im.get(name).cloned() {
        origin.push(call.name.clone());
        im.define(call.output(0), Value::Part(layer, Part::Magnitude, origin));
        return Ok(());
    }
    clamp(im, call, name, 0.0, f32::INFINITY)
}

/// Holds a layer within bounds.
pub(super) fn clamp<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    name: &'m str,
    min: f32,
    max: f32,
) -> Result<(), Refusal> {
    let mut clamped = match im.get(name) {
        Some(Value::Clamped(clamped)) => clamped.clone(),
        _ => Clamped {
            source: im.layer(name)?,
            min: f32::NEG_INFINITY,
            max: f32::INFINITY,
            origin: Vec::new(),
        },
    };
    clamped.min = clamped.min.max(min).min(max);
    clamped.max = clamped.max.max(min).min(max);
    if is_quantised(im, call) {
        clamped.origin.push(call.name.clone());
        im.define(call.output(0), Value::Clamped(clamped));
        return Ok(());
    }
    let Clamped { source, origin, .. } = clamped;
    let levels = match whole::grid(&im.graph, source.node) {
        _ if (min, max) != (0.0, f32::INFINITY) || !origin.is_empty() => None,
        Some(grid) => Some(Activation { relu: true, lo: grid.lo.max(grid.zero_point).min(grid.hi), ..grid }),
        None if whole::is_whole(&im.graph, source.node) => {
            Some(Activation { scale: 1.0, zero_point: 0, lo: 0, hi: i32::MAX, relu: true, half_up: false })
        }
        None => None,
    };
    let model = Model::Activation(levels.ok_or_else(|| call.unsupported())?);
    let op = Op::Neuron(Box::new(Neuron::Real(Spec { model, start: 0 })));
    im.emit(call, op, &[&source], Features::Same, source.ty)?;
    Ok(())
}

/// Whether every reader is a QuantizeLinear, or holds the values within bounds for one.
fn is_quantised(im: &Importer<'_>, call: &Call<'_>) -> bool {
    let readers = |name: &str| {
        let nodes = im.readers(name).iter().filter_map(|k| im.source.node.get(*k));
        nodes.collect::<Vec<_>>()
    };
    let mut open: Vec<&str> = call.output(0).into_iter().collect();
    for _ in 0..4 {
        let Some(name) = open.pop() else { return true };
        let nodes = readers(name);
        if nodes.is_empty() || im.is_result(name) {
            return false;
        }
        for node in nodes {
            match node.op_type.as_str() {
                "QuantizeLinear" => {}
                "Relu" | "Clip" => open.extend(node.output.first().map(String::as_str)),
                _ => return false,
            }
        }
    }
    open.is_empty()
}
