//! `Unsqueeze`: adds dimensions of size 1.

use super::{reshape, squeeze};
use crate::onnx::call::Call;
use crate::onnx::dims;
use crate::onnx::importer::Importer;
use crate::onnx::refusal::Refusal;

/// Greatest rank of a result.
const MAX_RANK: usize = 16;

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let axes = squeeze::axes(im, call)?.ok_or_else(|| call.form("it has no axes"))?;
    reshape::with(im, call, |call, sizes| {
        let rank = sizes.len().saturating_add(axes.len());
        if rank > MAX_RANK {
            return Err(call.shape(format!("{rank} dimensions are too many")));
        }
        let added = axes.iter().map(|a| dims::axis(*a, rank)).collect::<Result<Vec<_>, _>>()?;
        let mut rest = sizes.iter();
        let out: Vec<usize> = (0..rank)
            .filter_map(|k| if added.contains(&k) { Some(1) } else { rest.next().copied() })
            .collect();
        if out.len() == rank { Ok(out) } else { Err(call.shape(format!("axes {axes:?} are not distinct"))) }
    })
}
