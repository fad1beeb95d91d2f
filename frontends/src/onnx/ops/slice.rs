//! `Slice` of channels, rows and columns: a crop, or some of the channels.

use crate::onnx::call::Call;
use crate::onnx::dims;
use crate::onnx::importer::{Features, Importer};
use crate::onnx::refusal::Refusal;
use snnc_ir::graph::op::{Op, Slice};

pub(super) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let x = im.layer(call.required(0)?)?;
    // Inputs since opset 10, attributes before.
    let mut bounds = |k: usize, name: &str| match call.input(k) {
        Some(input) => im.constant(input)?.integers().map(Some),
        None => Ok(call.attributes.ints(name)?.map(<[i64]>::to_vec)),
    };
    let missing = || call.form("it has no bounds");
    let starts = bounds(1, "starts")?.ok_or_else(missing)?;
    let ends = bounds(2, "ends")?.ok_or_else(missing)?;
    let axes = bounds(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let by = bounds(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), by.len()] != [starts.len(); 3] {
        return Err(call.form("bounds, axes and steps are not equally many"));
    }
    let shape = dims::shape(x.features())?;
    let size = [shape.c, shape.h, shape.w];
    let mut slice = Slice { start: [0; 3], end: size };
    for (((axis, start), end), by) in axes.iter().zip(starts).zip(ends).zip(by) {
        let axis = dims::axis(*axis, x.dims.len())?;
        let dim = x.dims.get(axis).copied().unwrap_or(0);
        let (first, last) = (bound(start, dim), bound(end, dim));
        if by != 1 {
            return Err(call.form(format!("a step of {by} is not supported, only 1")));
        }
        if (first, last) == (0, dim) {
            continue;
        }
        let feature = axis.checked_sub(x.lead);
        let ends = feature.and_then(|k| Some((slice.start.get_mut(k)?, slice.end.get_mut(k)?)));
        let (from, to) =
            ends.ok_or_else(|| call.form(format!("it takes a part of axis {axis}, which is batch or time")))?;
        (*from, *to) = (first, last);
    }
    if slice == (Slice { start: [0; 3], end: size }) {
        im.alias(call, x);
        return Ok(());
    }
    let features = if x.features().len() == 1 { Features::Flat } else { Features::Map };
    im.emit(call, Op::Slice(slice), &[&x], features, x.ty)?;
    Ok(())
}

/// A bound as ONNX counts it: negative ones from the end, those outside moved to the end they are beyond.
fn bound(at: i64, dim: usize) -> usize {
    let wide = i64::try_from(dim).unwrap_or(i64::MAX);
    let at = if at < 0 { at.saturating_add(wide) } else { at };
    at.clamp(0, wide) as usize
}

#[cfg(test)]
mod tests {
    use super::bound;

    #[test]
    fn bounds_count_from_both_ends() {
        for (at, want) in [(0, 0), (3, 3), (9, 5), (-1, 4), (-5, 0), (-9, 0), (i64::MAX, 5), (i64::MIN, 0)] {
            assert_eq!(bound(at, 5), want, "{at}");
        }
    }
}
