//! `Flatten`.

use super::reshape;
use crate::onnx::call::Call;
use crate::onnx::dims::product;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let axis = call.attributes.int("axis", 1)?;
    reshape::with(im, call, |call, dims| {
        let rank = dims.len() as i64;
        let positive = if axis < 0 { axis.saturating_add(rank) } else { axis };
        let split = usize::try_from(positive).ok().and_then(|k| dims.split_at_checked(k));
        let (outer, inner) = split.ok_or_else(|| call.shape(format!("there is no axis {axis}")))?;
        Ok(vec![product(outer), product(inner)])
    })
}
