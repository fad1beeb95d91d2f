//! `CUBAInt`: current-based LIF in 12-bit fixed point, `x, v, i, decay_v, decay_i, threshold, [bias]`.

use super::name;
use super::{arity, fixed};
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::{Refusal, refuse};
use crate::onnx::states::{self, Slot};
use crate::onnx::value::Layer;
use snnc_ir::diag::Code;
use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{Compare, Current, DecayOrder, Model, Neuron, Reset, Spiking};

pub(super) fn import<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    x: &Layer,
    reset: name::Reset,
    compare: Compare,
    bias: bool,
) -> Result<Neuron, Refusal> {
    arity(call, 6 + usize::from(bias))?;
    let features = x.features();
    let read = Importer::integer_param;
    let initial = states::absorb(im, call, Slot { input: 1, output: 1 }, features, read)?;
    let current = states::absorb(im, call, Slot { input: 2, output: 2 }, features, read)?;
    let decay = kept(call, im.integer_param(call.required(3)?, features)?)?;
    let alpha = kept(call, im.integer_param(call.required(4)?, features)?)?;
    let threshold = im.integer_param(call.required(5)?, features)?;
    let leak = (decay.uniform() != Some(ONE)).then_some(decay);
    let mut out = Spiking::new(threshold, leak);
    out.compare = compare;
    out.initial = initial;
    out.current =
        Some(Current { decay: alpha, order: DecayOrder::BeforeInput, gain: None, initial: current });
    out.reset = match reset {
        name::Reset::Subtract(timing) => Reset::Subtract(timing),
        name::Reset::Zero(timing) => Reset::Zero(timing),
        name::Reset::None | name::Reset::Value(_) => Reset::None,
    };
    if bias {
        out.bias = Some(im.integer_param(call.required(6)?, features)?);
    }
    Ok(fixed(Model::Spiking(out)))
}

/// 1 as a numerator over 2^12.
const ONE: i32 = 4096;

/// What a decay leaves of a state, as a numerator over 2^12.
fn kept(call: &Call<'_>, decay: Param<i32>) -> Result<Param<i32>, Refusal> {
    if decay.values().iter().any(|d| !(0..=ONE).contains(d)) {
        let message = format!("{}: a decay is outside 0..=4096", call.operator());
        return Err(refuse(Code::UnsupportedAttribute, message));
    }
    Ok(decay.map(|d| ONE - d))
}
