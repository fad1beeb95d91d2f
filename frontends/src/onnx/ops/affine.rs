//! A factor and an offset per channel: part of the connection before, or a convolution of its own.

use crate::onnx::call::Call;
use crate::onnx::constant::{Data, WHOLE};
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::Refusal;
use crate::onnx::value::Layer;
use snnc_ir::graph::Number;
use snnc_ir::graph::op::{Bias, Conv2d, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::weights::{Scale, Storage, Weights};

/// `x · factor + offset`; one factor for all or one per channel.
pub(super) struct Affine {
    pub factor: Vec<f64>,
    pub offset: Param<f64>,
}

impl Affine {
    /// A factor alone.
    pub(super) fn scale(factor: Vec<f64>) -> Self {
        Self { factor, offset: Param::Scalar(0.0) }
    }

    /// An offset alone.
    pub(super) fn shift(offset: Param<f64>) -> Self {
        Self { factor: vec![1.0], offset }
    }

    fn is_shift(&self) -> bool {
        self.factor.iter().all(|f| *f == 1.0)
    }

    fn is_identity(&self) -> bool {
        self.is_shift() && self.offset.values().iter().all(|o| *o == 0.0)
    }

    /// Whether integers stay integers.
    fn is_whole(&self) -> bool {
        let whole = |v: &f64| v.fract() == 0.0 && v.abs() < f64::from(WHOLE);
        self.factor.iter().all(whole) && self.offset.values().iter().all(whole)
    }

    fn at(&self, channel: usize) -> f64 {
        let one = self.factor.len() == 1;
        self.factor.get(if one { 0 } else { channel }).copied().unwrap_or(1.0)
    }
}

/// A constant for the channels of a layer.
pub(super) fn per_channel<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    name: &'m str,
    layer: &Layer,
) -> Result<Vec<f64>, Refusal> {
    match real_param(im, name, layer)? {
        Param::PerNeuron(_) => {
            Err(call
                .form(format!("the factor '{name}' differs within a channel; one per channel is supported")))
        }
        param => Ok(param.values().to_vec()),
    }
}

/// A constant spread over the features of a layer; exact.
pub(super) fn real_param<'m>(
    im: &mut Importer<'m>,
    name: &'m str,
    layer: &Layer,
) -> Result<Param<f64>, Refusal> {
    Ok(match im.graph.number {
        Number::Real => im.real_param(name, layer.features())?.map(|v| f64::from(*v)),
        Number::Integer => im.integer_param(name, layer.features())?.map(|v| f64::from(*v)),
    })
}

/// Gives the node's first output the values of a layer times a factor plus an offset. `alone`: nobody else
/// reads the layer.
pub(super) fn apply<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    layer: &Layer,
    alone: bool,
    affine: &Affine,
) -> Result<Layer, Refusal> {
    let number = im.graph.number;
    if number == Number::Integer && !affine.is_whole() {
        return Err(call.form("a factor or offset on integers is no whole number below 2^24"));
    }
    if affine.is_identity() || (alone && into_connection(im, layer, affine)?) {
        im.alias(call, layer.clone());
        return Ok(layer.clone());
    }
    let node = im.graph.nodes.get(layer.node.index());
    let shape = node.map(|n| n.shape).ok_or_else(|| call.form("it reads no layer"))?;
    im.budget.take(shape.c)?;
    let kernel = [shape.c, 1, 1, 1];
    let factors = (0..shape.c).map(|c| affine.at(c));
    let storage = match number {
        Number::Real => Storage::F32(factors.map(|f| f as f32).collect()),
        Number::Integer => integers(factors.map(|f| f as i64)).ok_or_else(|| call.form(WIDE))?,
    };
    let weights = im.graph.push_weights(Weights { shape: kernel, storage, scale: None });
    im.shared.add(weights, None);
    let bias = stored(number, affine.offset.clone()).ok_or_else(|| call.form(WIDE))?;
    let (stride, pad, dilation) = ([1, 1], [0; 4], [1, 1]);
    let op = Op::Conv2d(Conv2d { weights, kernel, bias, stride, pad, dilation, groups: shape.c });
    im.emit(call, op, &[layer], Features::Same, layer.ty)
}

/// What more than 32 bits are.
const WIDE: &str = "the product has more than 32 bits";

/// Integers as narrow as they can be stored; `None` when one needs more than 32 bits.
fn integers(values: impl Iterator<Item = i64>) -> Option<Storage> {
    match Data::pack(&values.collect::<Vec<_>>())? {
        Data::I8(v) => Some(Storage::I8(v)),
        Data::I32(v) => Some(Storage::I32(v)),
        _ => None,
    }
}

/// A bias, unless it is zero; `None` when an integer needs more than 32 bits.
fn stored(number: Number, offset: Param<f64>) -> Option<Option<Bias>> {
    if offset.values().iter().all(|v| *v == 0.0) {
        return Some(None);
    }
    match number {
        Number::Real => {
            let rounded = offset.map(|o| *o as f32);
            Some((!rounded.values().iter().all(|v| *v == 0.0)).then_some(Bias::Real(rounded)))
        }
        Number::Integer => {
            let fits = offset.values().iter().all(|v| v.abs() <= f64::from(i32::MAX));
            fits.then(|| Some(Bias::Integer(offset.map(|v| *v as i32))))
        }
    }
}

/// Multiplies weights and bias, each rounded once; false when the layer is no connection.
fn into_connection(im: &mut Importer<'_>, layer: &Layer, affine: &Affine) -> Result<bool, Refusal> {
    let Some(node) = im.graph.nodes.get(layer.node.index()) else { return Ok(false) };
    let (shape, (id, before)) = match &node.op {
        Op::Conv2d(op) => (node.shape, (op.weights, op.bias.clone())),
        Op::Linear(op) => (node.shape, (op.weights, op.bias.clone())),
        _ => return Ok(false),
    };
    // A bias per neuron after another shape than the connection's own would lie differently.
    let own = crate::onnx::dims::shape(layer.features()).is_ok_and(|s| s == shape);
    if !own {
        return Ok(false);
    }
    let before = match &before {
        Some(Bias::Real(param)) => param.map(|v| f64::from(*v)),
        Some(Bias::Integer(param)) => param.map(|v| f64::from(*v)),
        None => Param::Scalar(0.0),
    };
    im.budget.take(
        if matches!((&before, &affine.offset), (Param::PerNeuron(_), _) | (_, Param::PerNeuron(_))) {
            shape.len()
        } else {
            shape.c
        },
    )?;
    let combined = combine(&before, affine, shape.c, shape.plane());
    let Some(bias) = stored(im.graph.number, combined) else { return Ok(false) };
    let id = if affine.is_shift() {
        id
    } else {
        let Some(old) = im.graph.weights.get(id.0 as usize) else { return Ok(false) };
        let scaled = match im.graph.number {
            Number::Real => scaled(old, affine),
            Number::Integer => scaled_integers(old, affine),
        };
        let Some(scaled) = scaled else { return Ok(false) };
        im.budget.take(scaled.len())?;
        match im.shared.leave(id) {
            true => {
                if let Some(place) = im.graph.weights.get_mut(id.0 as usize) {
                    *place = scaled;
                }
                id
            }
            false => {
                let id = im.graph.push_weights(scaled);
                im.shared.add(id, None);
                id
            }
        }
    };
    if let Some(node) = im.graph.nodes.get_mut(layer.node.index()) {
        match &mut node.op {
            Op::Conv2d(op) => (op.weights, op.bias) = (id, bias),
            Op::Linear(op) => (op.weights, op.bias) = (id, bias),
            _ => {}
        }
    }
    Ok(true)
}

fn combine(before: &Param<f64>, affine: &Affine, channels: usize, plane: usize) -> Param<f64> {
    let value = |k: usize| before.at(k, plane) * affine.at(k / plane.max(1)) + affine.offset.at(k, plane);
    match (before, &affine.offset) {
        (Param::PerNeuron(_), _) | (_, Param::PerNeuron(_)) => {
            Param::PerNeuron((0..channels * plane).map(value).collect())
        }
        _ => Param::PerChannel((0..channels).map(|c| value(c * plane)).collect()),
    }
}

/// Integer weights times whole factors; `None` when one needs more than 32 bits.
fn scaled_integers(weights: &Weights, affine: &Affine) -> Option<Weights> {
    let row = weights.row().max(1);
    let values = weights.to_integer()?;
    let times = |(k, v): (usize, &i32)| i64::from(*v).saturating_mul(affine.at(k / row) as i64);
    let storage = integers(values.iter().enumerate().map(times))?;
    Some(Weights { shape: weights.shape, storage, scale: None })
}

/// Weights times the factors; integers keep what they are but for the sign. `None` for weights that are
/// not stored as values.
fn scaled(weights: &Weights, affine: &Affine) -> Option<Weights> {
    let row = weights.row().max(1);
    let outputs = weights.shape[0];
    let negative = |out: usize| affine.at(out) < 0.0;
    let any = (0..outputs).any(negative);
    let storage = match &weights.storage {
        Storage::F32(values) => {
            let times = |(k, v): (usize, &f32)| (f64::from(*v) * affine.at(k / row)) as f32;
            let values = values.iter().enumerate().map(times).collect();
            return Some(Weights { shape: weights.shape, storage: Storage::F32(values), scale: None });
        }
        Storage::I8(values) if any && values.contains(&i8::MIN) => {
            let turned =
                |(k, v): (usize, &i8)| if negative(k / row) { -i32::from(*v) } else { i32::from(*v) };
            Storage::I32(values.iter().enumerate().map(turned).collect())
        }
        Storage::I8(values) if any => {
            let turned = |(k, v): (usize, &i8)| if negative(k / row) { -*v } else { *v };
            Storage::I8(values.iter().enumerate().map(turned).collect())
        }
        Storage::I32(values) if any => {
            let turned = |(k, v): (usize, &i32)| if negative(k / row) { v.saturating_neg() } else { *v };
            Storage::I32(values.iter().enumerate().map(turned).collect())
        }
        Storage::I8(_) | Storage::I32(_) => weights.storage.clone(),
        _ => return None,
    };
    let scale = |out: usize| {
        let before = weights.scale.as_ref().map_or(1.0, |s| f64::from(s.at(out)));
        (before * affine.at(out).abs()) as f32
    };
    let scale = match (&weights.scale, affine.factor.len()) {
        (None | Some(Scale::PerTensor(_)), 1) => Scale::PerTensor(scale(0)),
        _ => Scale::PerChannel((0..outputs).map(scale).collect()),
    };
    Some(Weights { shape: weights.shape, storage, scale: Some(scale) })
}
