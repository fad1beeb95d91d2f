//! `ArgMax` and `ArgMin`.

use super::args::Args;
use super::reduce::{Onto, onto};
use super::values::{self, Values};
use crate::onnx::constant::Constant;
use crate::onnx::dims::product;
use crate::onnx::refusal::Refusal;
use std::cmp::Ordering::{self, Greater, Less};

/// `ArgMax`.
pub(super) fn arg_max(args: &Args<'_>) -> Result<Constant, Refusal> {
    run(args, Greater)
}

/// `ArgMin`.
pub(super) fn arg_min(args: &Args<'_>) -> Result<Constant, Refusal> {
    run(args, Less)
}

/// The index of the element that is before all others; of equals the first, or the last if asked for.
fn run(args: &Args<'_>, wanted: Ordering) -> Result<Constant, Refusal> {
    let x = args.required(0)?;
    let axis = args.axis(0, x.dims.len())?;
    let last = args.version >= 12 && args.attributes.int("select_last_index", 0)? != 0;
    let Onto { dims, count, walk } = onto(args, &x.dims, &[axis])?;
    let size = x.dims.get(axis).copied().unwrap_or(1);
    if size == 0 && count > 0 {
        return Err(args.shape("there is no element to choose from"));
    }
    let inner = product(x.dims.get(axis + 1..).unwrap_or_default());
    let places = walk.enumerate().map(|(flat, to)| (flat / inner % size, to));
    let takes = |order: Option<Ordering>| order == Some(wanted) || (last && order == Some(Ordering::Equal));
    let indices = match Values::of(x)? {
        Values::Reals(v) => best(count, places.zip(v), |a, b| takes(a.partial_cmp(b))),
        Values::Integers(v) => best(count, places.zip(v), |a, b| takes(Some(a.cmp(b)))),
    };
    Ok(values::int64(dims, &indices))
}

/// The index of the best element of each result, from ((index, result), element).
fn best<T: Copy>(
    count: usize,
    elements: impl Iterator<Item = ((usize, usize), T)>,
    takes: impl Fn(&T, &T) -> bool,
) -> Vec<i64> {
    let mut found: Vec<Option<(i64, T)>> = vec![None; count];
    for ((index, to), value) in elements {
        if let Some(found) = found.get_mut(to)
            && found.as_ref().is_none_or(|(_, best)| takes(&value, best))
        {
            *found = Some((index as i64, value));
        }
    }
    found.into_iter().map(|found| found.map_or(0, |(index, _)| index)).collect()
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real};

    #[test]
    fn of_equals_the_first_or_the_last() {
        let x = real(&[2, 3], &[1.0, 5.0, 5.0, 7.0, 2.0, 2.0]);
        let y = node("ArgMax").int("axis", 1).int("keepdims", 0).run(13, &[&x]).unwrap();
        assert_eq!((y.dims.as_slice(), y.integers().unwrap()), (&[2][..], vec![1, 0]));
        let last = node("ArgMin").int("axis", -1).int("select_last_index", 1);
        assert_eq!(last.run(13, &[&x]).unwrap().integers().unwrap(), [0, 2]);
        assert!(last.run(11, &[&x]).is_err());
        assert_eq!(node("ArgMax").run(13, &[&x]).unwrap().dims, [1, 3]);
        assert!(node("ArgMax").run(13, &[&list(&[])]).is_err());
        assert_eq!(node("ArgMax").run(13, &[&real(&[2, 0], &[])]).unwrap().dims, [1, 0]);
    }
}
