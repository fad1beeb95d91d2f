//! Weights and biases of connections.

use super::call::Call;
use super::constant::{Constant, Data, Quant, WHOLE};
use super::importer::Importer;
use super::refusal::{Refusal, refuse, refuse_with};
use snnc_ir::diag::Code;
use snnc_ir::graph::Number;
use snnc_ir::graph::op::Bias;
use snnc_ir::graph::verify::MAX_ELEMENTS;
use snnc_ir::graph::weights::{Scale, Storage, WeightId, Weights};

/// Puts a constant, whose first axis is the output, into the arena as weights of that shape. `shared`
/// is the initialiser it came from when it was not changed on the way, and whether it was transposed.
pub(crate) fn push<'m>(
    im: &mut Importer<'m>,
    constant: &Constant,
    shape: [usize; 4],
    shared: Option<(&'m str, bool)>,
) -> Result<WeightId, Refusal> {
    if let Some(id) = im.shared.find(shared)
        && im.graph.weights.get(id.0 as usize).is_some_and(|w| w.shape == shape)
    {
        im.shared.add(id, shared);
        return Ok(id);
    }
    if let Some((name, _)) = shared {
        constant.check_finite(name)?;
    }
    if constant.len() == 0 || constant.len() > MAX_ELEMENTS {
        let message = format!("weights of shape {:?} are empty or too large", constant.dims);
        let mut refusal =
            refuse_with(Code::BadShape, message, "split the layer, or remove one without weights");
        *refusal = refusal.clone().rule("elements of a weight tensor", MAX_ELEMENTS, constant.len());
        return Err(refusal);
    }
    let (storage, scale) = match im.graph.number {
        Number::Integer => (integer(im, constant, shared.map_or("weights", |(name, _)| name))?, None),
        Number::Real => real(im, constant)?,
    };
    let id = im.graph.push_weights(Weights { shape, storage, scale });
    im.shared.add(id, shared);
    Ok(id)
}

fn integer(im: &mut Importer<'_>, constant: &Constant, name: &str) -> Result<Storage, Refusal> {
    let unit = |q: &Quant| matches!(q.scale, Scale::PerTensor(s) if s == 1.0);
    if let Data::I8(v) = &constant.data
        && constant.quant.as_ref().is_none_or(unit)
    {
        return Ok(Storage::I8(v.clone()));
    }
    im.budget.take(constant.len())?;
    match Data::pack(&constant.whole(name)?) {
        Some(Data::I8(v)) => Ok(Storage::I8(v)),
        Some(Data::I32(v)) => Ok(Storage::I32(v)),
        _ => Err(refuse(Code::UnsupportedType, "a weight has more than 32 bits")),
    }
}

/// Integers stay integers when their scale is one for all or one for each output. What needs no other form
/// is shared with the constant, not copied.
fn real(im: &mut Importer<'_>, constant: &Constant) -> Result<(Storage, Option<Scale>), Refusal> {
    if let Some(quant) = &constant.quant
        && (quant.axis == 0 || matches!(quant.scale, Scale::PerTensor(_)))
    {
        match &constant.data {
            Data::I8(v) => return Ok((Storage::I8(v.clone()), Some(quant.scale.clone()))),
            Data::I32(v) => return Ok((Storage::I32(v.clone()), Some(quant.scale.clone()))),
            _ => {}
        }
    }
    if let Data::F32(v) = &constant.data {
        return Ok((Storage::F32(v.clone()), None));
    }
    im.budget.take(constant.len())?;
    Ok((Storage::F32(constant.reals()?.into()), None))
}

/// The bias that a constant is for outputs of those features; `None` when it is zero everywhere.
pub(crate) fn bias<'m>(
    im: &mut Importer<'m>,
    name: &'m str,
    features: &[usize],
) -> Result<Option<Bias>, Refusal> {
    Ok(match im.graph.number {
        Number::Real => {
            let param = im.real_param(name, features)?;
            (!param.values().iter().all(|v| *v == 0.0)).then_some(Bias::Real(param))
        }
        Number::Integer => {
            let param = im.integer_param(name, features)?;
            (!param.values().iter().all(|v| *v == 0)).then_some(Bias::Integer(param))
        }
    })
}

/// Multiplies a bias by a factor.
pub(crate) fn scaled(bias: Option<Bias>, factor: f32) -> Result<Option<Bias>, Refusal> {
    match bias {
        _ if factor == 0.0 => Ok(None),
        Some(Bias::Real(param)) => {
            let param = param.map(|v| v * factor);
            match param.values().iter().all(|v| v.is_finite()) {
                true => Ok(Some(Bias::Real(param))),
                false => Err(refuse(Code::BadGraph, format!("a bias times {factor} is not finite"))),
            }
        }
        bias if factor == 1.0 => Ok(bias),
        Some(Bias::Integer(param)) => {
            let values = param.map(|v| f64::from(*v) * f64::from(factor));
            match values.values().iter().all(|v| v.fract() == 0.0 && v.abs() < f64::from(WHOLE)) {
                true => Ok(Some(Bias::Integer(values.map(|v| *v as i32)))),
                false => {
                    let message = format!("an integer bias times {factor} is no whole number below 2^24");
                    Err(refuse(Code::UnsupportedAttribute, message))
                }
            }
        }
        None => Ok(None),
    }
}

/// Weights of a linear layer from a matrix, `[out, in]` or transposed.
pub(crate) fn matrix<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    name: &'m str,
    transposed: bool,
    factor: f32,
) -> Result<(WeightId, usize, usize), Refusal> {
    let constant = if transposed { im.constant(name)? } else { flipped(im, call, name)? };
    let [outputs, inputs] = constant.dims[..] else {
        return Err(call.shape(format!("weights of shape {:?} are no matrix", constant.dims)));
    };
    let shared = (factor == 1.0).then_some((name, transposed));
    let constant = if factor == 1.0 { constant } else { times(constant, factor)? };
    if shared.is_none() {
        constant.check_finite(name)?;
    }
    let id = push(im, &constant, [outputs, inputs, 1, 1], shared)?;
    Ok((id, outputs, inputs))
}

fn flipped<'m>(im: &mut Importer<'m>, call: &Call<'m>, name: &'m str) -> Result<Constant, Refusal> {
    im.flipped(name).map_err(|refusal| match refusal.code {
        Code::BadShape => call.shape(format!("its weights '{name}' are no matrix")),
        _ => refusal,
    })
}

fn times(mut constant: Constant, factor: f32) -> Result<Constant, Refusal> {
    match &mut constant.quant {
        Some(quant) => match &mut quant.scale {
            Scale::PerTensor(s) => *s *= factor,
            Scale::PerChannel(s) => s.iter_mut().for_each(|s| *s *= factor),
        },
        None => match &constant.data {
            Data::F32(values) => constant.data = Data::F32(values.iter().map(|v| v * factor).collect()),
            _ => constant.data = Data::F32(constant.reals()?.iter().map(|v| v * factor).collect()),
        },
    }
    Ok(constant)
}
