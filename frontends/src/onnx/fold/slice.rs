//! `Slice`.

use super::args::Args;
use super::values;
use super::walk::{Walk, steps};
use crate::onnx::constant::Constant;
use crate::onnx::dims;
use crate::onnx::refusal::Refusal;

/// What is taken along an axis.
#[derive(Clone, Copy)]
struct Range {
    start: usize,
    step: isize,
    count: usize,
}

/// `Slice`: bounds are attributes before opset 10, inputs since, with steps.
pub(super) fn slice(args: &Args<'_>) -> Result<Constant, Refusal> {
    let x = args.required(0)?;
    let (starts, ends) = (args.needed(10, 1, "starts")?, args.needed(10, 2, "ends")?);
    let first = || (0..starts.len() as i64).collect();
    let axes = args.list(10, 3, "axes")?.unwrap_or_else(first);
    let by = args.input(4).filter(|_| args.version >= 10).map(Constant::integers).transpose()?;
    let by = by.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), by.len()] != [starts.len(); 3] || starts.len() > x.dims.len() {
        return Err(args.shape("its bounds, axes and steps are not equally many, or more than axes"));
    }
    let mut ranges: Vec<Range> = x.dims.iter().map(|dim| Range { start: 0, step: 1, count: *dim }).collect();
    for (((axis, start), end), by) in axes.iter().zip(starts).zip(ends).zip(by) {
        let axis = dims::axis(*axis, x.dims.len())?;
        if let Some((range, dim)) = ranges.get_mut(axis).zip(x.dims.get(axis)) {
            *range = taken(*dim, start, end, by).ok_or_else(|| args.form("a step is zero"))?;
        }
    }
    let own = steps(&x.dims);
    let start = ranges
        .iter()
        .zip(&own)
        .fold(0isize, |at, (range, step)| at.wrapping_add((range.start as isize).wrapping_mul(*step)));
    let counts: Vec<usize> = ranges.iter().map(|range| range.count).collect();
    let walk =
        Walk::new(&counts, ranges.iter().zip(own).map(|(range, step)| range.step.wrapping_mul(step)), start);
    values::arranged(counts, &[x], walk)
}

/// The indices from `start` on before `end`; negative bounds count from the end, and bounds outside are
/// moved to it. `None` for a step of zero.
fn taken(dim: usize, start: i64, end: i64, step: i64) -> Option<Range> {
    let wide = i128::try_from(dim).ok()?;
    // With a negative step, the end may be before the first element.
    let (lo, hi) = if step > 0 { (0, wide) } else { (-1, wide - 1) };
    let bound = |v: i64, lo: i128| {
        let v = i128::from(v);
        (if v < 0 { v + wide } else { v }).max(lo).min(hi)
    };
    let (start, end, step) = (bound(start, 0), bound(end, lo), i128::from(step));
    let count = match step {
        0 => return None,
        1.. => (end - start + step - 1) / step,
        _ => (start - end - step - 1) / -step,
    };
    Some(Range {
        start: usize::try_from(start.max(0)).ok()?,
        step: step as isize,
        count: usize::try_from(count.max(0)).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::taken;
    use crate::onnx::fold::testing::{list, node, real};
    use snnc_ir::diag::Code;

    fn indices(dim: usize, start: i64, end: i64, step: i64) -> Vec<i64> {
        let range = taken(dim, start, end, step).unwrap();
        (0..range.count as i64).map(|k| range.start as i64 + k * range.step as i64).collect()
    }

    #[test]
    fn bounds() {
        assert_eq!(indices(5, 1, 4, 2), [1, 3]);
        assert_eq!(indices(5, -2, i64::MAX, 1), [3, 4]);
        assert_eq!(indices(5, i64::MIN, -1, 1), [0, 1, 2, 3]);
        assert_eq!(indices(5, 10, i64::MIN, -2), [4, 2, 0]);
        assert_eq!(indices(5, -1, -6, -1), [4, 3, 2, 1, 0]);
        assert!(indices(5, 3, 1, 1).is_empty());
        assert!(indices(0, 0, i64::MAX, 1).is_empty());
        assert!(indices(0, -1, i64::MIN, -1).is_empty());
        assert_eq!(indices(5, 0, 5, i64::MAX), [0]);
        assert_eq!(indices(5, 4, i64::MIN, i64::MIN), [4]);
        assert!(taken(5, 0, 1, 0).is_none());
    }

    #[test]
    fn bounds_are_attributes_before_opset_10() {
        let x = real(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let old = node("Slice").ints("starts", &[1]).ints("ends", &[3]).ints("axes", &[1]);
        let y = old.run(9, &[&x]).unwrap();
        assert_eq!((y.dims.as_slice(), y.reals().unwrap()), (&[2, 2][..], vec![2.0, 3.0, 5.0, 6.0]));
        assert_eq!(old.run(10, &[&x]).unwrap_err().code, Code::BadGraph);
        let turned = node("Slice").run(11, &[&x, &list(&[-1]), &list(&[-9]), &list(&[-1]), &list(&[-2])]);
        assert_eq!(turned.unwrap().reals().unwrap(), [3.0, 1.0, 6.0, 4.0]);
    }
}
