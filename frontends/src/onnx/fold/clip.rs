//! `Clip`.

use super::args::Args;
use super::values::{self, Values};
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

/// `Clip`: bounds are attributes before opset 11, inputs since.
pub(super) fn clip(args: &Args<'_>) -> Result<Constant, Refusal> {
    let x = args.required(0)?;
    let dims = x.dims.clone();
    let bounds = if args.version < 11 { [None, None] } else { [args.input(1), args.input(2)] };
    for bound in bounds.iter().flatten() {
        args.same_type(x, bound)?;
    }
    let [min, max] = bounds;
    match Values::of(x)? {
        Values::Reals(v) => {
            let bound = |input: Option<&Constant>, name, open| match input {
                Some(c) => Constant::single(&c.reals()?, "a bound of Clip"),
                None if args.version < 11 => args.attributes.float(name, open),
                None => Ok(open),
            };
            let (min, max) = (bound(min, "min", f32::NEG_INFINITY)?, bound(max, "max", f32::INFINITY)?);
            let raised = v.into_iter().map(|v| if v < min { min } else { v });
            Ok(values::reals(dims, x.ty, raised.map(|v| if v > max { max } else { v })))
        }
        Values::Integers(v) => {
            let bound = |input: Option<&Constant>, open| match input {
                Some(c) => Constant::single(&c.integers()?, "a bound of Clip"),
                None => Ok(open),
            };
            let (min, max) = (bound(min, i64::MIN)?, bound(max, i64::MAX)?);
            values::integers(dims, x.ty, v.into_iter().map(|v| v.max(min).min(max)))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::fold;
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType;
    use snnc_ir::diag::Code;

    #[test]
    fn bounds_are_attributes_before_opset_11() {
        let x = real(&[3], &[-2.0, 0.5, 2.0]);
        let old = node("Clip").float("min", -1.0).float("max", 1.0);
        assert_eq!(old.run(7, &[&x]).unwrap().reals().unwrap(), [-1.0, 0.5, 1.0]);
        assert_eq!(old.run(11, &[&x]).unwrap_err().code, Code::UnsupportedAttribute);
        assert_eq!(node("Clip").float("max", 0.0).run(10, &[&x]).unwrap().reals().unwrap(), [-2.0, 0.0, 0.0]);
        let max = real(&[], &[1.0]);
        let new = fold(&node("Clip"), 11, &[Some(&x), None, Some(&max)]).unwrap().unwrap();
        assert_eq!(new[0].reals().unwrap(), [-2.0, 0.5, 1.0]);
    }

    #[test]
    fn the_greatest_wins_over_the_least() {
        let zero_d = |v| whole(DataType::Int64, &[], &[v]);
        let y = node("Clip").run(13, &[&list(&[1, 5, 9]), &zero_d(7), &zero_d(3)]).unwrap();
        assert_eq!(y.integers().unwrap(), [3, 3, 3]);
    }
}
