//! Comparisons.

use super::args::Args;
use super::values::{self, Values};
use super::walk::Broadcast;
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;
use std::cmp::Ordering::{self, Equal, Greater, Less};

type Folded = Result<Constant, Refusal>;

/// Whether each pair is in one of the orders; what is not a number is in none.
fn order(args: &Args<'_>, wanted: &[Ordering]) -> Folded {
    let (a, b) = (args.required(0)?, args.required(1)?);
    args.same_type(a, b)?;
    let common = Broadcast::of(args, &[&a.dims, &b.dims])?;
    let is = |order: Option<Ordering>| order.is_some_and(|o| wanted.contains(&o));
    let dims = common.dims.clone();
    match (Values::of(a)?, Values::of(b)?) {
        (Values::Reals(x), Values::Reals(y)) => {
            let pairs = common.spread(&a.dims, &x).zip(common.spread(&b.dims, &y));
            Ok(values::bools(dims, pairs.map(|(x, y)| is(x.partial_cmp(&y)))))
        }
        (Values::Integers(x), Values::Integers(y)) => {
            let pairs = common.spread(&a.dims, &x).zip(common.spread(&b.dims, &y));
            Ok(values::bools(dims, pairs.map(|(x, y)| is(Some(x.cmp(&y))))))
        }
        _ => Err(args.no_type(a.ty)),
    }
}

/// `Equal`.
pub(super) fn equal(args: &Args<'_>) -> Folded {
    order(args, &[Equal])
}

/// `Greater`.
pub(super) fn greater(args: &Args<'_>) -> Folded {
    order(args, &[Greater])
}

/// `GreaterOrEqual`.
pub(super) fn greater_or_equal(args: &Args<'_>) -> Folded {
    order(args, &[Greater, Equal])
}

/// `Less`.
pub(super) fn less(args: &Args<'_>) -> Folded {
    order(args, &[Less])
}

/// `LessOrEqual`.
pub(super) fn less_or_equal(args: &Args<'_>) -> Folded {
    order(args, &[Less, Equal])
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real};

    #[test]
    fn orders() {
        let (a, b) = (list(&[1, 2, 3]), list(&[2]));
        let run = |op: &str| node(op).run(17, &[&a, &b]).unwrap().integers().unwrap();
        assert_eq!(run("Less"), [1, 0, 0]);
        assert_eq!(run("LessOrEqual"), [1, 1, 0]);
        assert_eq!(run("Equal"), [0, 1, 0]);
        assert_eq!(run("GreaterOrEqual"), [0, 1, 1]);
        assert_eq!(run("Greater"), [0, 0, 1]);
        let nan = real(&[1], &[f32::NAN]);
        assert_eq!(node("GreaterOrEqual").run(17, &[&nan, &nan]).unwrap().integers().unwrap(), [0]);
    }
}
