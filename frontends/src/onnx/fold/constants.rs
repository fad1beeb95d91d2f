//! Constants as they are written, and what is known of a shape.

use super::args::Args;
use super::expand::sizes;
use super::limit;
use super::values;
use crate::onnx::constant::{Constant, Data};
use crate::onnx::file::ExternalData;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;
use crate::onnx::tensor;

type Folded = Result<Constant, Refusal>;

/// `Constant`; one that keeps its value in another file is refused.
pub(super) fn constant(args: &Args<'_>) -> Folded {
    let attributes = &args.attributes;
    let reals = |dims: Vec<usize>, values: &[f32]| {
        Ok(Constant { dims, ty: DataType::Float, data: Data::F32(values.into()), quant: None })
    };
    if let Some(tensor) = attributes.tensor("value")? {
        tensor::decode(tensor, &ExternalData::default())
    } else if attributes.has("value_float") {
        reals(vec![], &[attributes.float("value_float", 0.0)?])
    } else if attributes.has("value_int") {
        Ok(values::int64(vec![], &[attributes.int("value_int", 0)?]))
    } else if let Some(list) = attributes.floats("value_floats")? {
        reals(vec![list.len()], list)
    } else if let Some(list) = attributes.ints("value_ints")? {
        Ok(values::int64(vec![list.len()], list))
    } else {
        Err(args.form("only tensors, numbers and lists of numbers are folded"))
    }
}

/// `ConstantOfShape`, of FLOAT zeros where no value is given.
pub(super) fn constant_of_shape(args: &Args<'_>) -> Folded {
    let shape = sizes(args, args.required(0)?)?;
    let value = match args.attributes.tensor("value")? {
        Some(value) => tensor::decode(value, &ExternalData::default())?,
        None => values::reals(vec![1], DataType::Float, [0.0].into_iter()),
    };
    if value.len() != 1 {
        return Err(args.malformed("its value is not one"));
    }
    let count = limit::elements(&shape)?;
    values::arranged(shape, &[&value], std::iter::repeat_n(0, count))
}

/// `Identity`.
pub(super) fn identity(args: &Args<'_>) -> Folded {
    args.required(0).cloned()
}

/// `Shape`, since opset 15 of some axes.
pub(super) fn shape(args: &Args<'_>) -> Folded {
    let x = args.required(0)?;
    let dims: Vec<i64> = x.dims.iter().map(|dim| *dim as i64).collect();
    let rank = dims.len() as i64;
    let bound = |name, default| -> Result<usize, Refusal> {
        let axis = if args.version < 15 { default } else { args.attributes.int(name, default)? };
        Ok((if axis < 0 { axis.saturating_add(rank) } else { axis }).clamp(0, rank) as usize)
    };
    let (start, end) = (bound("start", 0)?, bound("end", rank)?);
    let taken = dims.get(start..end.max(start)).unwrap_or_default();
    Ok(values::int64(vec![taken.len()], taken))
}

/// `Size`.
pub(super) fn size(args: &Args<'_>) -> Folded {
    Ok(values::int64(vec![], &[args.required(0)?.len() as i64]))
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real};
    use snnc_ir::diag::Code;

    #[test]
    fn constants_as_numbers_and_lists() {
        assert_eq!(node("Constant").int("value_int", 7).run(12, &[]).unwrap().integers().unwrap(), [7]);
        let floats = node("Constant").float("value_float", 0.5).run(12, &[]).unwrap();
        assert!(floats.dims.is_empty() && floats.reals().unwrap() == [0.5]);
        assert_eq!(node("Constant").ints("value_ints", &[1, 2]).run(12, &[]).unwrap().dims, [2]);
        assert!(node("Constant").string("value_string", "a").run(12, &[]).is_err());
    }

    #[test]
    fn a_shape_is_filled() {
        let y = node("ConstantOfShape").run(9, &[&list(&[2, 2])]).unwrap();
        assert_eq!((y.dims.as_slice(), y.reals().unwrap()), (&[2, 2][..], vec![0.0; 4]));
        assert_eq!(node("ConstantOfShape").run(9, &[&list(&[])]).unwrap().reals().unwrap(), [0.0]);
        for (shape, code) in [([1 << 20, 1 << 20], Code::BudgetExceeded), ([-1, 2], Code::BadShape)] {
            assert_eq!(node("ConstantOfShape").run(9, &[&list(&shape)]).unwrap_err().code, code);
        }
    }

    #[test]
    fn shapes_and_parts_of_them() {
        let x = real(&[2, 3, 1], &[0.0; 6]);
        let shape = |node: crate::onnx::proto::NodeProto, version| {
            node.run(version, &[&x]).ok().map(|c| c.integers().unwrap())
        };
        assert_eq!(shape(node("Shape"), 13), Some(vec![2, 3, 1]));
        assert_eq!(shape(node("Shape").int("start", -2), 15), Some(vec![3, 1]));
        assert_eq!(shape(node("Shape").int("start", -9).int("end", -1), 15), Some(vec![2, 3]));
        assert_eq!(shape(node("Shape").int("start", 2).int("end", 1), 15), Some(vec![]));
        assert_eq!(shape(node("Shape").int("start", 1), 13), None);
        assert_eq!(shape(node("Size"), 13), Some(vec![6]));
    }
}
