//! Functions of two numbers of one type, with broadcasting.

use super::args::Args;
use super::values::{self, Values};
use super::walk::Broadcast;
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

type Folded = Result<Constant, Refusal>;

/// `f(a, b)`; where the function of integers gives `None`, there is no result.
fn pair(
    args: &Args<'_>,
    a: &Constant,
    b: &Constant,
    real: impl Fn(f32, f32) -> f32,
    integer: impl Fn(i64, i64) -> Option<i64>,
) -> Folded {
    args.same_type(a, b)?;
    let common = Broadcast::of(args, &[&a.dims, &b.dims])?;
    match (Values::of(a)?, Values::of(b)?) {
        (Values::Reals(x), Values::Reals(y)) => {
            let results = common.spread(&a.dims, &x).zip(common.spread(&b.dims, &y));
            let results = results.map(|(x, y)| real(x, y));
            Ok(values::reals(common.dims.clone(), a.ty, results))
        }
        (Values::Integers(x), Values::Integers(y)) => {
            let results = common.spread(&a.dims, &x).zip(common.spread(&b.dims, &y));
            let results: Option<Vec<i64>> = results.map(|(x, y)| integer(x, y)).collect();
            let results = results.ok_or_else(|| args.malformed("an integer is divided by zero"))?;
            values::integers(common.dims, a.ty, results.into_iter())
        }
        _ => Err(args.no_type(a.ty)),
    }
}

fn two(args: &Args<'_>, real: impl Fn(f32, f32) -> f32, integer: impl Fn(i64, i64) -> Option<i64>) -> Folded {
    pair(args, args.required(0)?, args.required(1)?, real, integer)
}

/// `Add`.
pub(super) fn add(args: &Args<'_>) -> Folded {
    two(args, |x, y| x + y, |x, y| Some(x.wrapping_add(y)))
}

/// `Sub`.
pub(super) fn sub(args: &Args<'_>) -> Folded {
    two(args, |x, y| x - y, |x, y| Some(x.wrapping_sub(y)))
}

/// `Mul`.
pub(super) fn mul(args: &Args<'_>) -> Folded {
    two(args, |x, y| x * y, |x, y| Some(x.wrapping_mul(y)))
}

/// `Div`; of integers, towards zero.
pub(super) fn div(args: &Args<'_>) -> Folded {
    two(args, |x, y| x / y, |x, y| (y != 0).then(|| x.wrapping_div(y)))
}

/// `Mod`: with the sign of the divisor, of reals since opset 28; or with `fmod` that of the dividend.
pub(super) fn modulo(args: &Args<'_>) -> Folded {
    let fmod = args.attributes.int("fmod", 0)? != 0;
    if !fmod && args.version < 28 && Values::is_real(args.required(0)?) {
        return Err(args.form("reals need fmod=1"));
    }
    let real = |x: f32, y: f32| {
        let rest = x % y;
        match rest {
            _ if fmod || rest.is_nan() => rest,
            0.0 => rest.copysign(y),
            _ if (rest < 0.0) == (y < 0.0) => rest,
            _ => rest + y,
        }
    };
    let integer = |x: i64, y: i64| {
        let rest = (y != 0).then(|| x.wrapping_rem(y))?;
        Some(if !fmod && rest != 0 && (rest < 0) != (y < 0) { rest.wrapping_add(y) } else { rest })
    };
    two(args, real, integer)
}

/// `Min` of any number of inputs.
pub(super) fn min(args: &Args<'_>) -> Folded {
    any(args, |x, y| if x < y || x.is_nan() { x } else { y }, i64::min)
}

/// `Max` of any number of inputs.
pub(super) fn max(args: &Args<'_>) -> Folded {
    any(args, |x, y| if x > y || x.is_nan() { x } else { y }, i64::max)
}

fn any(args: &Args<'_>, real: fn(f32, f32) -> f32, integer: fn(i64, i64) -> i64) -> Folded {
    let inputs = args.all()?;
    let Some((first, rest)) = inputs.split_first() else { return Err(args.malformed("it has no input")) };
    let mut result = (*first).clone();
    for next in rest {
        result = pair(args, &result, next, real, |x, y| Some(integer(x, y)))?;
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use crate::onnx::constant::{Constant, Data, Quant};
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType;
    use snnc_ir::diag::Code;
    use snnc_ir::graph::weights::Scale;

    #[test]
    fn operands_are_broadcast() {
        let (a, b) = (real(&[2, 1], &[1.0, 2.0]), real(&[3], &[10.0, 20.0, 30.0]));
        let sum = node("Add").run(7, &[&a, &b]).unwrap();
        assert_eq!(sum.dims, [2, 3]);
        assert_eq!(sum.reals().unwrap(), [11.0, 21.0, 31.0, 12.0, 22.0, 32.0]);
    }

    #[test]
    fn integers_wrap_and_divide_towards_zero() {
        let a = whole(DataType::Int8, &[2], &[127, -128]);
        let b = whole(DataType::Int8, &[1], &[-1]);
        assert_eq!(node("Sub").run(14, &[&a, &b]).unwrap().integers().unwrap(), [-128, -127]);
        assert_eq!(node("Div").run(14, &[&a, &b]).unwrap().integers().unwrap(), [-127, -128]);
        let div = node("Div").run(14, &[&list(&[-7, 7, i64::MIN]), &list(&[2, -2, -1])]).unwrap();
        assert_eq!(div.integers().unwrap(), [-3, -3, i64::MIN]);
        let zero = node("Div").run(14, &[&list(&[1]), &list(&[0])]);
        assert_eq!(zero.unwrap_err().code, Code::BadGraph);
    }

    #[test]
    fn remainders_have_the_sign_of_one_or_the_other() {
        let (a, b) = (list(&[-4, 7, 5, 4, -7, 8]), list(&[2, -3, 8, -2, 3, 5]));
        let signs =
            |node: crate::onnx::proto::NodeProto| node.run(13, &[&a, &b]).unwrap().integers().unwrap();
        assert_eq!(signs(node("Mod")), [0, -2, 5, 0, 2, 3]);
        assert_eq!(signs(node("Mod").int("fmod", 1)), [0, 1, 5, 0, -1, 3]);
        let (a, b) = (real(&[4], &[-4.5, 4.5, -0.0, 1.0]), real(&[4], &[2.0, -2.0, 2.0, f32::NEG_INFINITY]));
        assert!(node("Mod").run(13, &[&a, &b]).is_err());
        let floor = node("Mod").run(28, &[&a, &b]).unwrap().reals().unwrap();
        assert_eq!(floor, [1.5, -1.5, 0.0, f32::NEG_INFINITY]);
        let fmod = node("Mod").int("fmod", 1).run(13, &[&a, &b]).unwrap().reals().unwrap();
        assert_eq!(fmod, [-0.5, 0.5, 0.0, 1.0]);
    }

    #[test]
    fn results_are_rounded_to_their_type() {
        let half = |v: f32| Constant { ty: DataType::Float16, ..real(&[1], &[v]) };
        let sum = node("Add").run(14, &[&half(2048.0), &half(1.0)]).unwrap();
        assert_eq!(sum.reals().unwrap(), [2048.0]);
        assert!(node("Add").run(14, &[&half(1.0), &real(&[1], &[1.0])]).is_err());
    }

    #[test]
    fn integers_with_a_scale_are_reals() {
        let quant = Some(Quant { scale: Scale::PerChannel(vec![0.5, 2.0]), axis: 0 });
        let a = Constant { data: Data::I8([3, 3].into()), quant, ..real(&[2], &[]) };
        let product = node("Mul").run(14, &[&a, &real(&[], &[2.0])]).unwrap();
        assert_eq!(product.reals().unwrap(), [3.0, 12.0]);
    }

    #[test]
    fn the_greatest_of_many() {
        let inputs = [real(&[3], &[1.0, 5.0, 3.0]), real(&[], &[2.0]), real(&[1], &[0.0])];
        let inputs: Vec<&Constant> = inputs.iter().collect();
        assert_eq!(node("Max").run(13, &inputs).unwrap().reals().unwrap(), [2.0, 5.0, 3.0]);
        assert_eq!(node("Min").run(13, &inputs[..1]).unwrap().reals().unwrap(), [1.0, 5.0, 3.0]);
    }
}
