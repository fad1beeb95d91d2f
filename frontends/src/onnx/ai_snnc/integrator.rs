//! `LI`: a leaky integrator without spikes, `x, v, beta, [gain], [v_rest]`.

use super::{arity, real, spiking};
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::states::{self, Slot};
use crate::onnx::value::Layer;
use snnc_ir::neuron::{Integrator, Model, Neuron};

pub(super) fn import<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    x: &Layer,
    gain: bool,
    rest: bool,
) -> Result<Neuron, Refusal> {
    arity(call, 3 + usize::from(gain) + usize::from(rest))?;
    let features = x.features();
    let initial = states::absorb(im, call, Slot { input: 1, output: 1 }, features, Importer::real_param)?;
    let decay = spiking::leak(im.real_param(call.required(2)?, features)?);
    let factor = if gain { Some(im.real_param(call.required(3)?, features)?) } else { None };
    let rest = match rest {
        true => Some(im.real_param(call.required(3 + usize::from(gain))?, features)?),
        false => None,
    };
    Ok(real(Model::Integrator(Integrator { decay, gain: factor, rest, initial })))
}
