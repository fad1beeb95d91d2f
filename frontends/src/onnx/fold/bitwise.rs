//! Bits of integers.

use super::args::Args;
use super::values;
use super::walk::Broadcast;
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

type Folded = Result<Constant, Refusal>;

fn two(args: &Args<'_>, function: impl Fn(i64, i64) -> i64) -> Folded {
    let (a, b) = (args.required(0)?, args.required(1)?);
    args.same_type(a, b)?;
    let common = Broadcast::of(args, &[&a.dims, &b.dims])?;
    let (x, y) = (args.integers(a)?, args.integers(b)?);
    let pairs = common.spread(&a.dims, &x).zip(common.spread(&b.dims, &y));
    values::integers(common.dims.clone(), a.ty, pairs.map(|(x, y)| function(x, y)))
}

/// `BitwiseAnd`.
pub(super) fn and(args: &Args<'_>) -> Folded {
    two(args, |x, y| x & y)
}

/// `BitwiseOr`.
pub(super) fn or(args: &Args<'_>) -> Folded {
    two(args, |x, y| x | y)
}

/// `BitwiseXor`.
pub(super) fn xor(args: &Args<'_>) -> Folded {
    two(args, |x, y| x ^ y)
}

/// `BitwiseNot`.
pub(super) fn not(args: &Args<'_>) -> Folded {
    let x = args.required(0)?;
    values::integers(x.dims.clone(), x.ty, args.integers(x)?.into_iter().map(|v| !v))
}

/// `BitShift`; one to the right keeps the sign. A count that is negative or not below the width moves every
/// bit out.
pub(super) fn shift(args: &Args<'_>) -> Folded {
    let by = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    match args.attributes.string("direction")? {
        Some("RIGHT") => two(args, |x, y| x >> by(y).min(63)),
        Some("LEFT") => two(args, |x, y| x.checked_shl(by(y)).unwrap_or(0)),
        _ => Err(args.form("its direction is neither LEFT nor RIGHT")),
    }
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType::{Int8, Uint8, Uint64};

    #[test]
    fn shifts() {
        let (x, by) = (whole(Uint8, &[3], &[16, 255, 1]), whole(Uint8, &[3], &[1, 2, 200]));
        let run = |way: &str| node("BitShift").string("direction", way).run(11, &[&x, &by]).unwrap();
        assert_eq!(run("RIGHT").integers().unwrap(), [8, 63, 0]);
        assert_eq!(run("LEFT").integers().unwrap(), [32, 252, 0]);
        assert!(node("BitShift").run(11, &[&x, &by]).is_err());
        let (x, by) = (whole(Int8, &[4], &[-4, -4, 4, -1]), whole(Int8, &[4], &[1, 9, -1, -1]));
        let run = |way: &str| node("BitShift").string("direction", way).run(28, &[&x, &by]).unwrap();
        assert_eq!(run("RIGHT").integers().unwrap(), [-2, -1, 0, -1]);
        assert_eq!(run("LEFT").integers().unwrap(), [-8, 0, 0, 0]);
    }

    #[test]
    fn bits_of_reals_and_beyond_63_are_refused() {
        assert_eq!(
            node("BitwiseNot").run(18, &[&whole(Int8, &[1], &[5])]).unwrap().integers().unwrap(),
            [-6]
        );
        assert_eq!(
            node("BitwiseNot").run(18, &[&whole(Uint8, &[1], &[5])]).unwrap().integers().unwrap(),
            [250]
        );
        assert!(node("BitwiseNot").run(18, &[&whole(Uint64, &[1], &[5])]).is_err());
        assert!(node("BitwiseNot").run(18, &[&real(&[1], &[5.0])]).is_err());
    }
}
