//! How much is evaluated at most, so that a few bytes of a hostile file cannot ask for much.

use crate::onnx::dims;
use crate::onnx::refusal::{Refusal, refuse_with};
use snnc_ir::diag::Code;

/// Greatest number of elements of an input or a result.
pub(super) const MAX_ELEMENTS: usize = 1 << 24;

/// Greatest number of dimensions.
const MAX_RANK: usize = 64;

/// Greatest number of products that a matrix product sums.
const MAX_PRODUCTS: usize = 1 << 30;

/// Checks a number of dimensions.
pub(super) fn rank(rank: usize) -> Result<(), Refusal> {
    if rank > MAX_RANK { Err(beyond("dimensions of a constant", MAX_RANK, rank)) } else { Ok(()) }
}

/// The number of elements of a tensor of that shape, if it may be allocated.
pub(super) fn elements(dims: &[usize]) -> Result<usize, Refusal> {
    rank(dims.len())?;
    // Also where another dimension is zero, the rest has to be a number that ONNX can write.
    let extent = dims.iter().try_fold(1i64, |n, dim| n.checked_mul(i64::try_from(*dim).ok()?.max(1)));
    let count = extent.map_or(usize::MAX, |_| dims::product(dims));
    if count > MAX_ELEMENTS {
        return Err(beyond("elements of a folded constant", MAX_ELEMENTS, count));
    }
    Ok(count)
}

/// Checks the work of a matrix product.
pub(super) fn products(count: Option<usize>) -> Result<(), Refusal> {
    match count {
        Some(count) if count <= MAX_PRODUCTS => Ok(()),
        _ => Err(beyond("products of constants", MAX_PRODUCTS, count.unwrap_or(usize::MAX))),
    }
}

fn beyond(what: &str, limit: usize, found: usize) -> Refusal {
    let message = format!("the model needs more {what} than allowed");
    let mut refusal =
        refuse_with(Code::BudgetExceeded, message, "export the model with its constants folded");
    *refusal = refusal.clone().rule(what, limit, found);
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_counted_without_overflow() {
        assert_eq!(elements(&[2, 3]).unwrap(), 6);
        assert_eq!(elements(&[]).unwrap(), 1);
        assert_eq!(elements(&[0, 1 << 30]).unwrap(), 0);
        for dims in [&[1 << 25][..], &[usize::MAX, 2], &[usize::MAX, 0], &[1 << 40, 0, 1 << 40], &[1; 65]] {
            assert_eq!(elements(dims).unwrap_err().code, Code::BudgetExceeded, "{dims:?}");
        }
    }
}
