//! `Cast` and `CastLike`.

use super::args::Args;
use super::element::{is_integer, is_real};
use super::values::{self, Values};
use crate::onnx::constant::Constant;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;
use crate::onnx::tensor;

type Folded = Result<Constant, Refusal>;

/// `Cast`.
pub(super) fn cast(args: &Args<'_>) -> Folded {
    let to = i32::try_from(args.attributes.int("to", 0)?).unwrap_or(-1);
    convert(args, tensor::data_type(to)?)
}

/// `CastLike`.
pub(super) fn cast_like(args: &Args<'_>) -> Folded {
    convert(args, args.required(1)?.ty)
}

/// Reals are cut towards zero, integers wrapped around; what is not zero is true.
fn convert(args: &Args<'_>, to: DataType) -> Folded {
    // They are about 8-bit floats.
    args.attributes.ignore("saturate");
    args.attributes.ignore("round_mode");
    let x = args.required(0)?;
    let dims = x.dims.clone();
    match Values::of(x)? {
        Values::Reals(v) if is_real(to) => Ok(values::reals(dims, to, v.into_iter())),
        Values::Reals(v) if to == DataType::Bool => Ok(values::bools(dims, v.into_iter().map(|v| v != 0.0))),
        Values::Reals(v) if to == DataType::Uint64 && v.iter().any(|v| *v >= 9_223_372_036_854_775_808.0) => {
            Err(args.no_type(to))
        }
        Values::Reals(v) if is_integer(to) => values::integers(dims, to, v.into_iter().map(|v| v as i64)),
        Values::Integers(v) if is_real(to) => Ok(values::reals(dims, to, v.into_iter().map(|v| v as f32))),
        Values::Integers(v) if is_integer(to) => values::integers(dims, to, v.into_iter()),
        _ => Err(args.no_type(to)),
    }
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType;

    fn to(ty: DataType) -> crate::onnx::proto::NodeProto {
        node("Cast").int("to", i64::from(ty as i32))
    }

    #[test]
    fn reals_to_integers() {
        let x = real(&[4], &[1.9, -1.9, 0.5, f32::NAN]);
        assert_eq!(to(DataType::Int32).run(9, &[&x]).unwrap().integers().unwrap(), [1, -1, 0, 0]);
        assert_eq!(to(DataType::Bool).run(9, &[&x]).unwrap().integers().unwrap(), [1, 1, 1, 1]);
    }

    #[test]
    fn integers_wrap_and_reals_round() {
        let x = list(&[300, -1]);
        assert_eq!(to(DataType::Uint8).run(9, &[&x]).unwrap().integers().unwrap(), [44, 255]);
        assert_eq!(to(DataType::Float).run(9, &[&x]).unwrap().reals().unwrap(), [300.0, -1.0]);
        let half = to(DataType::Float16).run(9, &[&real(&[2], &[2049.0, 70000.0])]).unwrap();
        assert_eq!(half.reals().unwrap(), [2048.0, f32::INFINITY]);
        let like = node("CastLike").run(15, &[&x, &whole(DataType::Int8, &[], &[0])]).unwrap();
        assert_eq!((like.ty, like.integers().unwrap()), (DataType::Int8, vec![44, -1]));
        assert!(to(DataType::String).run(9, &[&x]).is_err());
        assert!(node("Cast").run(9, &[&x]).is_err());
    }
}
