//! `Pow`: a power of the type of the base; the exponent may have another one.

use super::args::Args;
use super::values::{self, Values};
use super::walk::Broadcast;
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

/// `Pow`.
pub(super) fn pow(args: &Args<'_>) -> Result<Constant, Refusal> {
    let (base, exponent) = (args.required(0)?, args.required(1)?);
    let common = Broadcast::of(args, &[&base.dims, &exponent.dims])?;
    let dims = common.dims.clone();
    let exponents = |v: Vec<f64>| common.spread(&exponent.dims, &v).collect::<Vec<f64>>();
    match (Values::of(base)?, Values::of(exponent)?) {
        (Values::Reals(b), e) => {
            let powers = common.spread(&base.dims, &b).zip(exponents(e.wide()));
            Ok(values::reals(dims, base.ty, powers.map(|(b, e)| f64::from(b).powf(e) as f32)))
        }
        (Values::Integers(b), Values::Reals(e)) => {
            let e = exponents(Values::Reals(e).wide());
            let powers = common.spread(&base.dims, &b).zip(e);
            values::integers(dims, base.ty, powers.map(|(b, e)| (b as f64).powf(e) as i64))
        }
        (Values::Integers(b), Values::Integers(e)) => {
            let powers = common.spread(&base.dims, &b).zip(common.spread(&exponent.dims, &e));
            let powers: Option<Vec<i64>> = powers.map(|(b, e)| integer(b, e)).collect();
            let powers = powers.ok_or_else(|| args.malformed("zero has a negative exponent"))?;
            values::integers(dims, base.ty, powers.into_iter())
        }
    }
}

/// An integer's power, wrapped around; towards zero where the exponent is negative.
fn integer(base: i64, exponent: i64) -> Option<i64> {
    if exponent < 0 {
        return match base {
            0 => None,
            1 => Some(1),
            -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
            _ => Some(0),
        };
    }
    let (mut result, mut square, mut rest) = (1i64, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result = result.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        rest >>= 1;
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::integer;
    use crate::onnx::fold::testing::{list, node, real};

    #[test]
    fn the_result_has_the_type_of_the_base() {
        let (x, n) = (real(&[2], &[2.0, 3.0]), list(&[3]));
        assert_eq!(node("Pow").run(12, &[&x, &n]).unwrap().reals().unwrap(), [8.0, 27.0]);
        let halves = real(&[2], &[0.5, 2.5]);
        assert_eq!(node("Pow").run(12, &[&list(&[9, 4]), &halves]).unwrap().integers().unwrap(), [3, 32]);
    }

    #[test]
    fn powers_of_integers() {
        assert_eq!(integer(3, 5), Some(243));
        assert_eq!(integer(2, 64), Some(0));
        assert_eq!(integer(-1, -3), Some(-1));
        assert_eq!(integer(5, -1), Some(0));
        assert_eq!(integer(0, -1), None);
        assert_eq!(integer(0, 0), Some(1));
        assert_eq!(integer(3, i64::MAX).map(|v| v & 1), Some(1));
    }
}
