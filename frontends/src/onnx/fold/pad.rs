//! `Pad` with a constant.

use super::args::Args;
use super::limit;
use super::shape::axes;
use super::values;
use super::walk::{Walk, steps};
use crate::onnx::constant::{Constant, Data};
use crate::onnx::dims;
use crate::onnx::refusal::Refusal;

/// `Pad`: pads and value are attributes before opset 11, inputs since; axes since opset 18. Negative
/// pads take elements away.
pub(super) fn pad(args: &Args<'_>) -> Result<Constant, Refusal> {
    let x = args.required(0)?;
    if let Some(mode) = args.attributes.string("mode")?.filter(|mode| *mode != "constant") {
        return Err(args.form(format!("the mode '{mode}' is not folded")));
    }
    let value = value(args, x)?;
    let pads = pads(args, x.dims.len())?;
    let mut out = Vec::with_capacity(pads.len());
    let mut inside = Vec::with_capacity(pads.len());
    let (mut from, mut to) = (0isize, 0isize);
    for (dim, (before, after)) in x.dims.iter().zip(&pads) {
        let size = |v: i128| {
            let wrong = || args.shape(format!("pads {before} and {after} for a dimension of {dim}"));
            usize::try_from(v).map_err(|_| wrong())
        };
        let (wide, before, after) = (*dim as i128, i128::from(*before), i128::from(*after));
        out.push(size(wide + before + after)?);
        inside.push(size(wide + before.min(0) + after.min(0))?);
    }
    limit::elements(&out)?;
    let (own, theirs) = (steps(&x.dims), steps(&out));
    for ((before, _), (own, theirs)) in pads.iter().zip(own.iter().zip(&theirs)) {
        let before = *before as isize;
        from = from.wrapping_add(before.min(0).wrapping_neg().wrapping_mul(*own));
        to = to.wrapping_add(before.max(0).wrapping_mul(*theirs));
    }
    let mut positions = vec![x.len(); dims::product(&out)];
    for (to, from) in Walk::new(&inside, theirs, to).zip(Walk::new(&inside, own, from)) {
        if let Some(position) = positions.get_mut(to) {
            *position = from;
        }
    }
    values::arranged(out, &[x, &value], positions.into_iter())
}

/// The value that is put in, zero where none is given.
fn value(args: &Args<'_>, x: &Constant) -> Result<Constant, Refusal> {
    if let Some(value) = args.input(2).filter(|_| args.version >= 11) {
        args.same_type(x, value)?;
        if value.len() != 1 {
            return Err(args.shape("its value is not one"));
        }
        return Ok(value.clone());
    }
    let old = if args.version < 11 { args.attributes.float("value", 0.0)? } else { 0.0 };
    match x.data {
        Data::F32(_) => Ok(values::reals(vec![], x.ty, [old].into_iter())),
        _ => values::integers(vec![], x.ty, [old as i64].into_iter()),
    }
}

/// The pads before and after, for each axis.
fn pads(args: &Args<'_>, rank: usize) -> Result<Vec<(i64, i64)>, Refusal> {
    let pads = args.needed(11, 1, "pads")?;
    let list = match args.input(3).filter(|_| args.version >= 18) {
        Some(list) => list.integers()?,
        None => (0..rank as i64).collect(),
    };
    axes(args, &list, rank)?;
    if pads.len() != 2 * list.len() {
        return Err(args.shape(format!("{} pads for {} axes", pads.len(), list.len())));
    }
    let (before, after) = pads.split_at_checked(list.len()).unwrap_or_default();
    let mut out = vec![(0, 0); rank];
    for (axis, pads) in list.iter().zip(before.iter().copied().zip(after.iter().copied())) {
        if let Some(out) = out.get_mut(dims::axis(*axis, rank)?) {
            *out = pads;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::fold;
    use crate::onnx::fold::testing::{list, node, real};
    use snnc_ir::diag::Code;

    #[test]
    fn pads_are_attributes_before_opset_11() {
        let x = real(&[1, 2], &[1.0, 2.0]);
        let old = node("Pad").ints("pads", &[1, 0, 0, 1]).float("value", 9.0);
        let want = [9.0, 9.0, 9.0, 1.0, 2.0, 9.0];
        assert_eq!(old.run(10, &[&x]).unwrap().reals().unwrap(), want);
        assert!(old.run(11, &[&x]).is_err());
        let new = node("Pad").run(11, &[&x, &list(&[1, 0, 0, 1]), &real(&[], &[9.0])]).unwrap();
        assert_eq!((new.dims.as_slice(), new.reals().unwrap()), (&[2, 3][..], want.to_vec()));
        let (pads, axes) = (list(&[0, 2]), list(&[-1]));
        let one = fold(&node("Pad"), 18, &[Some(&x), Some(&pads), None, Some(&axes)]).unwrap().unwrap();
        assert_eq!(one[0].reals().unwrap(), [1.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn negative_and_huge_pads() {
        let x = real(&[4], &[1.0, 2.0, 3.0, 4.0]);
        let run = |pads: &[i64]| node("Pad").run(13, &[&x, &list(pads)]);
        assert_eq!(run(&[-1, 2]).unwrap().reals().unwrap(), [2.0, 3.0, 4.0, 0.0, 0.0]);
        assert_eq!(run(&[-2, -1]).unwrap().reals().unwrap(), [3.0]);
        assert_eq!(run(&[-3, -2]).unwrap_err().code, Code::BadShape);
        assert_eq!(run(&[i64::MAX, i64::MAX]).unwrap_err().code, Code::BadShape);
        assert_eq!(run(&[i64::MAX, 0]).unwrap_err().code, Code::BudgetExceeded);
        assert_eq!(run(&[1 << 24, 0]).unwrap_err().code, Code::BudgetExceeded);
        assert_eq!(run(&[1]).unwrap_err().code, Code::BadShape);
        assert!(node("Pad").string("mode", "edge").run(13, &[&x, &list(&[1, 1])]).is_err());
    }
}
