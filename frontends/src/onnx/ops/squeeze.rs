//! `Squeeze`: drops dimensions of size 1.

use super::reshape;
use crate::onnx::call::Call;
use crate::onnx::dims;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let axes = axes(im, call)?;
    reshape::with(im, call, |call, sizes| {
        let drop = match &axes {
            Some(axes) => axes.iter().map(|a| dims::axis(*a, sizes.len())).collect::<Result<Vec<_>, _>>()?,
            None => (0..sizes.len()).filter(|k| sizes.get(*k) == Some(&1)).collect(),
        };
        if drop.iter().any(|k| sizes.get(*k) != Some(&1)) {
            return Err(call.shape(format!("axes {drop:?} of {sizes:?} are not all of size 1")));
        }
        Ok(sizes.iter().enumerate().filter(|(k, _)| !drop.contains(k)).map(|(_, d)| *d).collect())
    })
}

/// The axes: an input since opset 13, an attribute before.
pub(super) fn axes<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<Option<Vec<i64>>, Refusal> {
    match call.input(1) {
        Some(axes) => im.constant(axes)?.integers().map(Some),
        None => Ok(call.attributes.ints("axes")?.map(<[i64]>::to_vec)),
    }
}
