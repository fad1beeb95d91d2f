//! Functions of one number.

use super::args::Args;
use super::values::{self, Values};
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

type Folded = Result<Constant, Refusal>;

/// A function of reals and of integers.
fn number(args: &Args<'_>, real: fn(f32) -> f32, integer: fn(i64) -> i64) -> Folded {
    let x = args.required(0)?;
    match Values::of(x)? {
        Values::Reals(v) => Ok(values::reals(x.dims.clone(), x.ty, v.into_iter().map(real))),
        Values::Integers(v) => values::integers(x.dims.clone(), x.ty, v.into_iter().map(integer)),
    }
}

/// A function of reals only.
fn real(args: &Args<'_>, function: fn(f32) -> f32) -> Folded {
    let x = args.required(0)?;
    Ok(values::reals(x.dims.clone(), x.ty, args.reals(x)?.into_iter().map(function)))
}

/// `Abs`.
pub(super) fn abs(args: &Args<'_>) -> Folded {
    number(args, f32::abs, i64::wrapping_abs)
}

/// `Neg`.
pub(super) fn neg(args: &Args<'_>) -> Folded {
    number(args, |v| -v, i64::wrapping_neg)
}

/// `Sign`; that of zero is zero.
pub(super) fn sign(args: &Args<'_>) -> Folded {
    number(args, |v| if v == 0.0 { 0.0 } else { v.signum() }, i64::signum)
}

/// `Relu`; not a number stays what it is.
pub(super) fn relu(args: &Args<'_>) -> Folded {
    number(args, |v| if v < 0.0 { 0.0 } else { v }, |v| v.max(0))
}

/// `Floor`.
pub(super) fn floor(args: &Args<'_>) -> Folded {
    real(args, f32::floor)
}

/// `Ceil`.
pub(super) fn ceil(args: &Args<'_>) -> Folded {
    real(args, f32::ceil)
}

/// `Round`, halves to even.
pub(super) fn round(args: &Args<'_>) -> Folded {
    real(args, f32::round_ties_even)
}

/// `Sqrt`.
pub(super) fn sqrt(args: &Args<'_>) -> Folded {
    real(args, f32::sqrt)
}

/// `Reciprocal`.
pub(super) fn reciprocal(args: &Args<'_>) -> Folded {
    real(args, f32::recip)
}

/// `Exp`. This and the functions below are calculated in `f64`, so that every platform rounds alike.
pub(super) fn exp(args: &Args<'_>) -> Folded {
    real(args, |v| f64::from(v).exp() as f32)
}

/// `Log`.
pub(super) fn log(args: &Args<'_>) -> Folded {
    real(args, |v| f64::from(v).ln() as f32)
}

/// `Sigmoid`.
pub(super) fn sigmoid(args: &Args<'_>) -> Folded {
    real(args, |v| (1.0 / (1.0 + (-f64::from(v)).exp())) as f32)
}

/// `Tanh`.
pub(super) fn tanh(args: &Args<'_>) -> Folded {
    real(args, |v| f64::from(v).tanh() as f32)
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType;

    #[test]
    fn halves_are_rounded_to_even() {
        let x = real(&[4], &[0.5, 1.5, -2.5, 2.6]);
        assert_eq!(node("Round").run(11, &[&x]).unwrap().reals().unwrap(), [0.0, 2.0, -2.0, 3.0]);
    }

    #[test]
    fn the_least_integer_has_no_counterpart() {
        let x = whole(DataType::Int8, &[2], &[-128, 5]);
        assert_eq!(node("Abs").run(13, &[&x]).unwrap().integers().unwrap(), [-128, 5]);
        assert_eq!(node("Neg").run(13, &[&x]).unwrap().integers().unwrap(), [-128, -5]);
        assert!(node("Floor").run(13, &[&x]).is_err());
    }
}
