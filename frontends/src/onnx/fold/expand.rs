//! Elements repeated: `Expand` and `Tile`.

use super::args::Args;
use super::limit;
use super::values;
use super::walk::{Broadcast, Walk, steps};
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

type Folded = Result<Constant, Refusal>;

/// The sizes of a list of integers.
pub(super) fn sizes(args: &Args<'_>, constant: &Constant) -> Result<Vec<usize>, Refusal> {
    let size = |v: &i64| usize::try_from(*v).map_err(|_| args.shape(format!("{v} is no size")));
    limit::rank(constant.len())?;
    args.integers(constant)?.iter().map(size).collect()
}

/// `Expand` to a shape that the input is broadcast with.
pub(super) fn expand(args: &Args<'_>) -> Folded {
    let (x, shape) = (args.required(0)?, sizes(args, args.required(1)?)?);
    let common = Broadcast::of(args, &[&x.dims, &shape])?;
    values::arranged(common.dims.clone(), &[x], common.walk(&x.dims))
}

/// `Tile`: the input, as often as said along each axis.
pub(super) fn tile(args: &Args<'_>) -> Folded {
    let (x, repeats) = (args.required(0)?, sizes(args, args.required(1)?)?);
    if repeats.len() != x.dims.len() {
        return Err(args.shape(format!("{} repeats for {:?}", repeats.len(), x.dims)));
    }
    let dims: Vec<usize> = x.dims.iter().zip(&repeats).map(|(dim, n)| dim.saturating_mul(*n)).collect();
    limit::elements(&dims)?;
    let apart: Vec<usize> = repeats.iter().zip(&x.dims).flat_map(|(n, dim)| [*n, *dim]).collect();
    let walk = Walk::new(&apart, steps(&x.dims).into_iter().flat_map(|step| [0, step]), 0);
    values::arranged(dims, &[x], walk)
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real};
    use snnc_ir::diag::Code;

    #[test]
    fn expanded_and_tiled() {
        let x = real(&[2, 1], &[1.0, 2.0]);
        let y = node("Expand").run(8, &[&x, &list(&[2, 1, 2])]).unwrap();
        assert_eq!((y.dims.as_slice(), y.reals().unwrap()), (&[2, 2, 2][..], [1.0, 1.0, 2.0, 2.0].repeat(2)));
        let row = real(&[1, 2], &[1.0, 2.0]);
        let y = node("Tile").run(6, &[&row, &list(&[2, 2])]).unwrap();
        assert_eq!((y.dims.as_slice(), y.reals().unwrap()), (&[2, 4][..], [1.0, 2.0].repeat(4)));
        assert_eq!(node("Tile").run(6, &[&row, &list(&[0, 1])]).unwrap().dims, [0, 2]);
    }

    #[test]
    fn huge_results_are_refused() {
        let x = real(&[1, 1], &[1.0]);
        for op in ["Expand", "Tile"] {
            for huge in [[1 << 12, (1 << 12) + 1], [i64::MAX, 2], [i64::MAX, 0]] {
                let refused = node(op).run(13, &[&x, &list(&huge)]);
                if huge[1] == 0 {
                    assert!(refused.is_ok());
                } else {
                    assert_eq!(refused.unwrap_err().code, Code::BudgetExceeded);
                }
            }
            assert_eq!(node(op).run(13, &[&x, &list(&[-1, 1])]).unwrap_err().code, Code::BadShape);
        }
    }
}
