//! `SigmaDelta` and `Delta`.

use super::UNIT;
use super::{arity, real};
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::{Refusal, refuse};
use crate::onnx::states::{self, Slot};
use crate::onnx::value::Layer;
use snnc_ir::diag::Code;
use snnc_ir::neuron::{Compare, Delta, Model, Neuron, Rectifier, SigmaDelta};

/// `x, sigma, ref, threshold, [bias]`.
pub(super) fn sigma_delta<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    x: &Layer,
    activation: Rectifier,
    compare: Compare,
    bias: bool,
) -> Result<Neuron, Refusal> {
    arity(call, 4 + usize::from(bias))?;
    let features = x.features();
    for k in [1, 2] {
        from_zero(im, call, Slot { input: k, output: k }, features)?;
    }
    let threshold = im.real_param(call.required(3)?, features)?;
    let bias = if bias { Some(im.real_param(call.required(4)?, features)?) } else { None };
    let unit = unit(call)?;
    Ok(real(Model::SigmaDelta(SigmaDelta { activation, threshold, compare, bias, unit })))
}

/// `x, ref, threshold`.
pub(super) fn delta<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    x: &Layer,
    compare: Compare,
) -> Result<Neuron, Refusal> {
    arity(call, 3)?;
    let features = x.features();
    from_zero(im, call, Slot { input: 1, output: 1 }, features)?;
    let threshold = im.real_param(call.required(2)?, features)?;
    let unit = unit(call)?;
    Ok(real(Model::Delta(Delta { threshold, compare, unit })))
}

/// Written by [`expand`](crate::onnx::expand).
fn unit(call: &Call<'_>) -> Result<Option<u32>, Refusal> {
    Ok(u32::try_from(call.attributes.int(UNIT, 0)?).ok().filter(|unit| *unit > 0))
}

/// These neurons start at zero.
fn from_zero<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    slot: Slot,
    features: &[usize],
) -> Result<(), Refusal> {
    match states::absorb(im, call, slot, features, Importer::real_param)? {
        None => Ok(()),
        Some(_) => {
            let message = format!("{}: a state that does not start at zero", call.operator());
            Err(refuse(Code::UnsupportedAttribute, message))
        }
    }
}
