//! `LIF` and `CUBA`.

use super::name::{self, Output, Spike};
use super::{arity, real};
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use crate::onnx::states::{self, Slot};
use crate::onnx::value::Layer;
use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{Current, DecayOrder, Emission, Model, Neuron, Reset, Spiking};

/// `x, v, beta, threshold` and what the name adds.
pub(super) fn lif<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    x: &Layer,
    spike: &Spike,
) -> Result<Neuron, Refusal> {
    arity(call, 4 + extras(spike))?;
    let mut next = Inputs { call, at: 2 };
    let features = x.features();
    let initial = states::absorb(im, call, Slot { input: 1, output: 1 }, features, Importer::real_param)?;
    let decay = next.take(im, features)?;
    let threshold = next.take(im, features)?;
    let mut out = Spiking::new(threshold, leak(decay));
    out.initial = initial;
    fill(im, &mut out, spike, &mut next, features)?;
    Ok(real(Model::Spiking(out)))
}

/// `x, v, i, beta, alpha, threshold` and what the name adds.
pub(super) fn cuba<'m>(
    im: &mut Importer<'m>,
    call: &Call<'m>,
    x: &Layer,
    spike: &Spike,
    iafter: bool,
) -> Result<Neuron, Refusal> {
    arity(call, 6 + extras(spike))?;
    let mut next = Inputs { call, at: 3 };
    let features = x.features();
    let initial = states::absorb(im, call, Slot { input: 1, output: 1 }, features, Importer::real_param)?;
    let current = states::absorb(im, call, Slot { input: 2, output: 2 }, features, Importer::real_param)?;
    let decay = next.take(im, features)?;
    let alpha = next.take(im, features)?;
    let threshold = next.take(im, features)?;
    let mut out = Spiking::new(threshold, leak(decay));
    out.initial = initial;
    let order = if iafter { DecayOrder::AfterInput } else { DecayOrder::BeforeInput };
    out.current = Some(Current { decay: alpha, order, gain: None, initial: current });
    fill(im, &mut out, spike, &mut next, features)?;
    Ok(real(Model::Spiking(out)))
}

/// No leak where the factor is 1 everywhere.
pub(super) fn leak(decay: Param<f32>) -> Option<Param<f32>> {
    (decay.uniform() != Some(1.0)).then_some(decay)
}

/// Number of inputs after the threshold.
fn extras(spike: &Spike) -> usize {
    let value = matches!(spike.reset, name::Reset::Value(_));
    let scaled = spike.output == Output::Scaled;
    [spike.gain, spike.rest, value, spike.vmin, spike.max, scaled].into_iter().filter(|on| *on).count()
}

/// The parameters of a node, one after the other.
struct Inputs<'a, 'm> {
    call: &'a Call<'m>,
    at: usize,
}

impl<'m> Inputs<'_, 'm> {
    fn take(&mut self, im: &mut Importer<'m>, features: &[usize]) -> Result<Param<f32>, Refusal> {
        let name = self.call.required(self.at)?;
        self.at += 1;
        im.real_param(name, features)
    }

    fn optional(
        &mut self,
        im: &mut Importer<'m>,
        present: bool,
        features: &[usize],
    ) -> Result<Option<Param<f32>>, Refusal> {
        if present { self.take(im, features).map(Some) } else { Ok(None) }
    }
}

/// The fields after the threshold, in the order of the inputs: gain, rest, reset value, least membrane,
/// greatest count, spike value.
fn fill<'m>(
    im: &mut Importer<'m>,
    out: &mut Spiking<f32>,
    spike: &Spike,
    next: &mut Inputs<'_, 'm>,
    features: &[usize],
) -> Result<(), Refusal> {
    out.compare = spike.compare;
    out.order = if spike.after { DecayOrder::AfterInput } else { DecayOrder::BeforeInput };
    out.gain = next.optional(im, spike.gain, features)?;
    out.rest = next.optional(im, spike.rest, features)?;
    out.reset = match spike.reset {
        name::Reset::None => Reset::None,
        name::Reset::Subtract(timing) => Reset::Subtract(timing),
        name::Reset::Zero(timing) => Reset::Zero(timing),
        name::Reset::Value(timing) => Reset::Value(timing, next.take(im, features)?),
    };
    out.v_min = next.optional(im, spike.vmin, features)?;
    let max = next.optional(im, spike.max, features)?;
    out.emission = match spike.output {
        Output::Binary => Emission::Binary,
        Output::Count => Emission::Count { max },
        Output::Scaled => Emission::Scaled(next.take(im, features)?),
    };
    Ok(())
}
