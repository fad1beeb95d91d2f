//! `BatchNormalization` with the statistics of training: a factor and an offset per channel.

use super::affine::{self, Affine};
use crate::onnx::call::Call;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;
use snnc_ir::graph::param::Param;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    if call.attributes.int("training_mode", 0)? != 0 || call.output(1).is_some() {
        return Err(call.form("it is in training mode: export after model.eval()"));
    }
    // Without effect in inference.
    for name in ["momentum", "is_test"] {
        call.attributes.ignore(name);
    }
    if call.attributes.int("spatial", 1)? != 1 {
        return Err(call.form("statistics per neuron (spatial=0) are not supported"));
    }
    let epsilon = f64::from(call.attributes.float("epsilon", 1e-5)?);
    let x = call.required(0)?;
    let layer = im.layer(x)?;
    let channels = layer.features().first().copied().unwrap_or(1);
    if layer.lead != 1 {
        return Err(call.form(format!("axis 1 of {:?} is not that of the channels", layer.dims)));
    }
    let mut read = |k: usize| {
        let values = im.constant(call.required(k)?)?.reals()?;
        let count = values.len();
        let values = values.into_iter().map(f64::from).collect::<Vec<f64>>();
        let problem = || call.shape(format!("{count} values for {channels} channels"));
        if count == channels { Ok(values) } else { Err(problem()) }
    };
    let (scale, shift, mean, variance) = (read(1)?, read(2)?, read(3)?, read(4)?);
    let factor: Vec<f64> = scale.iter().zip(&variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
    if !factor.iter().all(|f| f.is_finite()) {
        return Err(call.form("a variance is not positive"));
    }
    let offset = shift.iter().zip(&mean).zip(&factor).map(|((b, m), f)| b - m * f).collect();
    let alone = im.read_once(x);
    affine::apply(im, call, &layer, alone, &Affine { factor, offset: Param::PerChannel(offset) })?;
    Ok(())
}
