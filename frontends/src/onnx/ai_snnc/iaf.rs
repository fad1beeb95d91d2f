//! `IAF`, from before docs/ai.snnc.md: sinabs' integrate-and-fire as one node, its numbers as attributes
//! and its steps in the batch axis.

use super::{finish, real, source};
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{Emission, Model, Reset, Spiking, Timing};

/// The name of the operator.
pub(super) const NAME: &str = "IAF";

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    super::arity(call, 1)?;
    let x = source(im, call, true)?;
    let steps = call.attributes.int("timesteps", 0)?;
    if usize::try_from(steps).ok() != im.steps.length {
        return Err(call.shape(format!(
            "timesteps={steps}, and its input {:?} has {} in front; one inference at a time is supported",
            x.dims,
            im.steps.length.unwrap_or(1)
        )));
    }
    // v += x; s = max(0, floor(v / threshold)); v -= s * threshold, or 0 where s > 0; v = max(v, v_min).
    let mut out = Spiking::new(Param::Scalar(call.attributes.float("threshold", 1.0)?), None);
    out.emission = Emission::Count { max: None };
    out.reset = match call.attributes.int("reset_zero", 0)? {
        0 => Reset::Subtract(Timing::Same),
        _ => Reset::Zero(Timing::Same),
    };
    let v_min = call.attributes.float("v_min", f32::NEG_INFINITY)?;
    out.v_min = v_min.is_finite().then_some(Param::Scalar(v_min));
    finish(im, call, &x, real(Model::Spiking(out)))
}
