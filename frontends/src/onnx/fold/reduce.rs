//! Reductions along axes.

use super::args::Args;
use super::element;
use super::limit;
use super::shape::axes;
use super::values::{self, Values};
use super::walk::{Walk, steps};
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

type Folded = Result<Constant, Refusal>;

/// How elements are brought together.
struct Reduction {
    /// The opset from which on the axes are an input.
    since: i64,
    real: fn(f64, f64) -> f64,
    integer: fn(i64, i64) -> i64,
    /// What nothing gives.
    start: Start,
    /// Whether the result is divided by the number of elements.
    mean: bool,
}

enum Start {
    Zero,
    One,
    Least,
    Greatest,
}

/// `ReduceSum`.
pub(super) fn sum(args: &Args<'_>) -> Folded {
    run(args, &Reduction { since: 13, ..SUM })
}

const SUM: Reduction =
    Reduction { since: 18, real: |a, b| a + b, integer: i64::wrapping_add, start: Start::Zero, mean: false };

/// `ReduceMean`; of integers, towards zero.
pub(super) fn mean(args: &Args<'_>) -> Folded {
    run(args, &Reduction { mean: true, ..SUM })
}

/// `ReduceProd`.
pub(super) fn prod(args: &Args<'_>) -> Folded {
    run(args, &Reduction { real: |a, b| a * b, integer: i64::wrapping_mul, start: Start::One, ..SUM })
}

/// `ReduceMax`.
pub(super) fn max(args: &Args<'_>) -> Folded {
    let real = |a: f64, b: f64| if b > a || b.is_nan() { b } else { a };
    run(args, &Reduction { real, integer: i64::max, start: Start::Least, ..SUM })
}

/// `ReduceMin`.
pub(super) fn min(args: &Args<'_>) -> Folded {
    let real = |a: f64, b: f64| if b < a || b.is_nan() { b } else { a };
    run(args, &Reduction { real, integer: i64::min, start: Start::Greatest, ..SUM })
}

/// The shape of a result, and a walk that gives for each element where it goes.
pub(super) struct Onto {
    /// The shape without the reduced axes, or with size 1 there.
    pub dims: Vec<usize>,
    /// Number of elements of the result.
    pub count: usize,
    pub walk: Walk,
}

/// Where the elements go when axes of `dims` are reduced.
pub(super) fn onto(args: &Args<'_>, dims: &[usize], reduced: &[usize]) -> Result<Onto, Refusal> {
    let keep = args.attributes.int("keepdims", 1)? != 0;
    let full: Vec<usize> =
        dims.iter().enumerate().map(|(axis, dim)| if reduced.contains(&axis) { 1 } else { *dim }).collect();
    let count = limit::elements(&full)?;
    let moved = steps(&full).into_iter().enumerate();
    let walk = Walk::new(dims, moved.map(|(axis, step)| if reduced.contains(&axis) { 0 } else { step }), 0);
    let left = full.iter().enumerate().filter(|(axis, _)| keep || !reduced.contains(axis));
    let dims = left.map(|(_, dim)| *dim).collect();
    Ok(Onto { dims, count, walk })
}

fn run(args: &Args<'_>, reduction: &Reduction) -> Folded {
    let x = args.required(0)?;
    let rank = x.dims.len();
    let named = args.list(reduction.since, 1, "axes")?.filter(|list| !list.is_empty());
    let noop = args.version >= reduction.since && args.attributes.int("noop_with_empty_axes", 0)? != 0;
    let reduced = match named {
        Some(list) => axes(args, &list, rank)?,
        None if noop => Vec::new(),
        None => (0..rank).collect(),
    };
    let Onto { dims, count, walk } = onto(args, &x.dims, &reduced)?;
    // An empty result divides nothing.
    let each = x.len().checked_div(count).unwrap_or(1);
    match Values::of(x)? {
        Values::Reals(values) => {
            let start = match reduction.start {
                Start::Zero => 0.0,
                Start::One => 1.0,
                Start::Least => f64::NEG_INFINITY,
                Start::Greatest => f64::INFINITY,
            };
            let wide = values.into_iter().map(f64::from);
            let results = gathered(vec![start; count], walk.zip(wide), reduction.real).into_iter();
            let divisor = if reduction.mean { each as f64 } else { 1.0 };
            Ok(values::reals(dims, x.ty, results.map(|v| (v / divisor) as f32)))
        }
        Values::Integers(values) => {
            let (least, greatest) = element::range(x.ty).ok_or_else(|| args.no_type(x.ty))?;
            let start = match reduction.start {
                Start::Zero => 0,
                Start::One => 1,
                Start::Least => least,
                Start::Greatest => greatest,
            };
            if reduction.mean && each == 0 {
                return Err(args.malformed("the mean of no integers"));
            }
            let results = gathered(vec![start; count], walk.zip(values), reduction.integer).into_iter();
            let divisor = if reduction.mean { each as i64 } else { 1 };
            values::integers(dims, x.ty, results.map(|v| v / divisor))
        }
    }
}

fn gathered<T: Copy>(
    mut results: Vec<T>,
    elements: impl Iterator<Item = (usize, T)>,
    function: fn(T, T) -> T,
) -> Vec<T> {
    for (at, value) in elements {
        if let Some(result) = results.get_mut(at) {
            *result = function(*result, value);
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType;
    use snnc_ir::diag::Code;

    #[test]
    fn axes_become_an_input_at_opset_13_or_18() {
        let x = real(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
        let old = |op: &str| node(op).ints("axes", &[-1]).int("keepdims", 0);
        assert_eq!(old("ReduceSum").run(12, &[&x]).unwrap().reals().unwrap(), [3.0, 7.0]);
        assert_eq!(old("ReduceSum").run(13, &[&x]).unwrap_err().code, Code::UnsupportedAttribute);
        assert_eq!(old("ReduceMean").run(17, &[&x]).unwrap().reals().unwrap(), [1.5, 3.5]);
        assert_eq!(old("ReduceMean").run(18, &[&x]).unwrap_err().code, Code::UnsupportedAttribute);
        let y = node("ReduceMax").run(18, &[&x, &list(&[0])]).unwrap();
        assert_eq!((y.dims.as_slice(), y.reals().unwrap()), (&[1, 2][..], vec![3.0, 4.0]));
        assert_eq!(node("ReduceProd").run(11, &[&x]).unwrap().reals().unwrap(), [24.0]);
        let noop = node("ReduceSum").int("noop_with_empty_axes", 1);
        assert_eq!(noop.run(13, &[&x, &list(&[])]).unwrap(), x);
    }

    #[test]
    fn integers_and_nothing() {
        let x = whole(DataType::Int8, &[3], &[-100, -28, -1]);
        assert_eq!(node("ReduceSum").run(13, &[&x]).unwrap().integers().unwrap(), [127]);
        assert_eq!(node("ReduceMin").run(13, &[&x]).unwrap().integers().unwrap(), [-100]);
        let none = real(&[2, 0], &[]);
        let max = node("ReduceMax").run(18, &[&none, &list(&[1])]).unwrap();
        assert_eq!(max.reals().unwrap(), [f32::NEG_INFINITY; 2]);
        assert!(node("ReduceMean").run(18, &[&whole(DataType::Int32, &[0], &[])]).is_err());
        assert!(node("ReduceSum").run(13, &[&x, &list(&[0, 0])]).is_err());
        let wide = real(&[1 << 30, 0], &[]);
        let refused = node("ReduceSum").run(13, &[&wide, &list(&[1])]);
        assert_eq!(refused.unwrap_err().code, Code::BudgetExceeded);
    }
}
