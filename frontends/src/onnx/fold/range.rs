//! `Range`.

use super::args::Args;
use super::limit;
use super::values::{self, Values};
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

/// `Range` from start on before the limit.
pub(super) fn range(args: &Args<'_>) -> Result<Constant, Refusal> {
    let (start, end, step) = (args.required(0)?, args.required(1)?, args.required(2)?);
    // All is calculated wide enough.
    args.attributes.ignore("stash_type");
    args.same_type(start, end)?;
    args.same_type(start, step)?;
    let still = || args.malformed("its step is zero or not a number");
    if Values::is_real(start) {
        let one = |c: &Constant| Constant::single(&args.reals(c)?, "a bound of Range").map(f64::from);
        let (first, end, step) = (one(start)?, one(end)?, one(step)?);
        let count = ((end - first) / step).ceil();
        if step == 0.0 || count.is_nan() {
            return Err(still());
        }
        // A count beyond the limit is refused, whatever it saturates to.
        let count = limit::elements(&[count.max(0.0) as usize])?;
        let elements = (0..count).map(|k| (first + k as f64 * step) as f32);
        return Ok(values::reals(vec![count], start.ty, elements));
    }
    let one = |c: &Constant| Constant::single(&args.integers(c)?, "a bound of Range");
    let (first, end, step) = (one(start)?, one(end)?, one(step)?);
    if step == 0 {
        return Err(still());
    }
    let (span, by) = (i128::from(end) - i128::from(first), i128::from(step));
    let count = if (span > 0) == (by > 0) { span.abs() / by.abs() + i128::from(span % by != 0) } else { 0 };
    let count = limit::elements(&[usize::try_from(count).unwrap_or(usize::MAX)])?;
    let elements = (0..count as i64).map(|k| first.wrapping_add(k.wrapping_mul(step)));
    values::integers(vec![count], start.ty, elements)
}

#[cfg(test)]
mod tests {
    use crate::onnx::constant::Constant;
    use crate::onnx::fold::testing::{node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType;
    use snnc_ir::diag::Code;

    fn range(bounds: [Constant; 3]) -> Result<Constant, Code> {
        let [a, b, c] = &bounds;
        node("Range").run(11, &[a, b, c]).map_err(|r| r.code)
    }

    fn integers(bounds: [i64; 3]) -> Result<Vec<i64>, Code> {
        range(bounds.map(|v| whole(DataType::Int64, &[], &[v]))).map(|c| c.integers().unwrap())
    }

    #[test]
    fn ranges() {
        assert_eq!(integers([1, 6, 2]), Ok(vec![1, 3, 5]));
        assert_eq!(integers([10, 4, -3]), Ok(vec![10, 7]));
        assert_eq!(integers([1, 1, 1]), Ok(vec![]));
        assert_eq!(integers([1, 5, -1]), Ok(vec![]));
        assert_eq!(integers([0, 1, 0]), Err(Code::BadGraph));
        assert_eq!(integers([i64::MIN, i64::MAX, 1]), Err(Code::BudgetExceeded));
        assert_eq!(integers([i64::MIN, i64::MAX, i64::MAX]), Ok(vec![i64::MIN, -1, i64::MAX - 1]));
        let reals = |bounds: [f32; 3]| range(bounds.map(|v| real(&[], &[v]))).map(|c| c.reals().unwrap());
        assert_eq!(reals([0.0, 1.0, 0.25]), Ok(vec![0.0, 0.25, 0.5, 0.75]));
        assert_eq!(reals([0.0, f32::INFINITY, 1.0]), Err(Code::BudgetExceeded));
        assert_eq!(reals([0.0, 1.0, 0.0]), Err(Code::BadGraph));
        assert_eq!(reals([0.0, f32::NAN, 1.0]), Err(Code::BadGraph));
    }
}
