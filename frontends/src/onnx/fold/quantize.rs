//! `QuantizeLinear` and `DequantizeLinear`: per tensor, per axis, in blocks.

use super::args::Args;
use super::element;
use super::values::{self, Values};
use super::walk::Walk;
use crate::onnx::constant::{Constant, Data, Quant};
use crate::onnx::dims::product;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::Refusal;
use crate::onnx::tensor;
use snnc_ir::graph::weights::Scale;

type Folded = Result<Constant, Refusal>;

/// Scales and zero points, and which of them each element has.
struct Levels {
    scale: Vec<f32>,
    zero: Vec<i64>,
    /// The axis, where the scale is one for each index of it, or one for all.
    axis: Option<usize>,
    positions: Box<dyn Iterator<Item = usize>>,
}

impl Levels {
    fn of(args: &Args<'_>, dims: &[usize]) -> Result<Self, Refusal> {
        let scale = args.required(1)?;
        let scales = args.reals(scale)?;
        let zero = match args.input(2) {
            Some(zero) if zero.len() == scale.len() => zero.integers()?,
            Some(zero) => {
                return Err(args.shape(format!("{} zero points for {} scales", zero.len(), scale.len())));
            }
            None => vec![0; scale.len()],
        };
        let axis = args.attributes.int("axis", 1)?;
        let block = args.attributes.int("block_size", 0)?;
        let (axis, positions) = positions(args, dims, &scale.dims, axis, block)?;
        Ok(Self { scale: scales, zero, axis, positions })
    }

    /// The scale and the zero point of each element.
    fn each(self) -> impl Iterator<Item = (f32, i64)> {
        self.positions.filter_map(move |at| Some((*self.scale.get(at)?, *self.zero.get(at)?)))
    }
}

type Positions = (Option<usize>, Box<dyn Iterator<Item = usize>>);

fn positions(
    args: &Args<'_>,
    dims: &[usize],
    scale: &[usize],
    axis: i64,
    block: i64,
) -> Result<Positions, Refusal> {
    let count = product(dims);
    if block == 0 && product(scale) == 1 {
        return Ok((Some(0), Box::new(std::iter::repeat_n(0, count))));
    }
    let axis = crate::onnx::dims::axis(axis, dims.len())?;
    let size = dims.get(axis).copied().unwrap_or(1);
    if block == 0 && scale == [size] {
        let steps = (0..dims.len()).map(|k| isize::from(k == axis));
        return Ok((Some(axis), Box::new(Walk::new(dims, steps, 0))));
    }
    let block = usize::try_from(block).ok().filter(|block| *block > 0);
    let blocks = block.map(|block| size.div_ceil(block));
    let fits = |(k, (scale, dim)): (usize, (&usize, &usize))| {
        if k == axis { Some(*scale) == blocks } else { scale == dim }
    };
    match (block, blocks) {
        (Some(block), Some(blocks))
            if scale.len() == dims.len() && scale.iter().zip(dims).enumerate().all(fits) =>
        {
            let inner = product(dims.get(axis + 1..).unwrap_or_default());
            let at = move |flat: usize| {
                let (at, rest) = (flat % inner, flat / inner);
                (rest / size * blocks + rest % size / block) * inner + at
            };
            Ok((None, Box::new((0..count).map(at))))
        }
        _ => Err(args.shape(format!("a scale of shape {scale:?} for {dims:?}"))),
    }
}

/// The type that an attribute names; `None` where it names none.
fn named_type(args: &Args<'_>, attribute: &str) -> Result<Option<DataType>, Refusal> {
    match args.attributes.int(attribute, 0)? {
        0 => Ok(None),
        code => tensor::data_type(i32::try_from(code).unwrap_or(-1)).map(Some),
    }
}

/// `QuantizeLinear`: halves are rounded to even, what is outside the type goes to its ends.
pub(super) fn quantize(args: &Args<'_>) -> Folded {
    args.attributes.ignore("saturate");
    let x = args.required(0)?;
    let named = named_type(args, "output_dtype")?;
    let ty = args.input(2).map(|zero| zero.ty).or(named).unwrap_or(DataType::Uint8);
    if named.is_some_and(|named| named != ty) {
        return Err(args.malformed("its zero point is not of the type of its output"));
    }
    let (lo, hi) = element::range(ty).ok_or_else(|| args.no_type(ty))?;
    let precision = named_type(args, "precision")?.unwrap_or(args.required(1)?.ty);
    let levels = Levels::of(args, &x.dims)?;
    let elements = match Values::of(x)? {
        Values::Reals(v) => v,
        Values::Integers(v) => v.into_iter().map(|v| v as f32).collect(),
    };
    let level = |(v, (scale, zero)): (f32, (f32, i64))| {
        let level = element::round(precision, v / scale).round_ties_even() as i64;
        level.saturating_add(zero).clamp(lo, hi)
    };
    values::integers(x.dims.clone(), ty, elements.into_iter().zip(levels.each()).map(level))
}

/// `DequantizeLinear`: integers with their scale, where that is FLOAT and one for all or for each index
/// of an axis; reals otherwise.
pub(super) fn dequantize(args: &Args<'_>) -> Folded {
    let x = args.required(0)?;
    let ty = named_type(args, "output_dtype")?.unwrap_or(args.required(1)?.ty);
    if !element::is_real(ty) {
        return Err(args.no_type(ty));
    }
    let levels = Levels::of(args, &x.dims)?;
    let elements = args.integers(x)?.into_iter();
    let dims = x.dims.clone();
    let shifted = |v: i64, zero: i64| v.saturating_sub(zero);
    match (ty, levels.axis) {
        (DataType::Float, Some(axis)) => {
            let scale = match levels.scale[..] {
                [one] => Scale::PerTensor(one),
                _ => Scale::PerChannel(levels.scale.clone()),
            };
            let values: Vec<i64> =
                elements.zip(levels.each()).map(|(v, (_, zero))| shifted(v, zero)).collect();
            let data = Data::pack(&values).unwrap_or(Data::I64(values.into()));
            Ok(Constant { dims, ty, data, quant: Some(Quant { scale, axis }) })
        }
        _ => {
            let values = elements.zip(levels.each());
            Ok(values::reals(dims, ty, values.map(|(v, (scale, zero))| shifted(v, zero) as f32 * scale)))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::onnx::constant::Constant;
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType;

    #[test]
    fn levels_are_rounded_and_saturate() {
        let x = real(&[6], &[0.0, 1.0, 3.0, 5.0, 1000.0, -1000.0]);
        let y = node("QuantizeLinear").run(10, &[&x, &real(&[], &[2.0])]).unwrap();
        assert_eq!((y.ty, y.integers().unwrap()), (DataType::Uint8, vec![0, 0, 2, 2, 255, 0]));
        let zero = whole(DataType::Int4, &[], &[1]);
        let four = node("QuantizeLinear").run(21, &[&x, &real(&[], &[2.0]), &zero]).unwrap();
        assert_eq!((four.ty, four.integers().unwrap()), (DataType::Int4, vec![1, 1, 3, 3, 7, -8]));
        let named = node("QuantizeLinear").int("output_dtype", i64::from(DataType::Int16 as i32));
        assert_eq!(
            named.run(21, &[&x, &real(&[], &[0.01])]).unwrap().integers().unwrap()[4..],
            [32767, -32768]
        );
        let nothing = node("QuantizeLinear").run(13, &[&real(&[1], &[0.0]), &real(&[], &[0.0])]).unwrap();
        assert_eq!(nothing.integers().unwrap(), [0]);
    }

    #[test]
    fn integers_keep_their_scale() {
        let x = whole(DataType::Uint8, &[2, 2], &[1, 2, 3, 255]);
        let (scale, zero) = (real(&[2], &[0.5, 2.0]), whole(DataType::Uint8, &[2], &[0, 3]));
        let y = node("DequantizeLinear").int("axis", 0).run(13, &[&x, &scale, &zero]).unwrap();
        assert!(y.quant.is_some());
        assert_eq!(y.reals().unwrap(), [0.5, 1.0, 0.0, 504.0]);
        let half = Constant { ty: DataType::Float16, ..real(&[], &[0.5]) };
        let y = node("DequantizeLinear").run(19, &[&x, &half]).unwrap();
        assert!(y.ty == DataType::Float16 && y.quant.is_none());
        assert!(node("DequantizeLinear").run(13, &[&x, &real(&[3], &[1.0; 3])]).is_err());
        assert!(node("DequantizeLinear").run(13, &[&x, &list(&[1])]).is_err());
    }

    #[test]
    fn a_scale_for_each_block() {
        let x = whole(DataType::Int8, &[1, 5], &[1, 1, 1, 1, 1]);
        let scale = real(&[1, 3], &[1.0, 2.0, 3.0]);
        let blocks = node("DequantizeLinear").int("block_size", 2);
        assert_eq!(blocks.run(21, &[&x, &scale]).unwrap().reals().unwrap(), [1.0, 1.0, 2.0, 2.0, 3.0]);
        assert!(node("DequantizeLinear").int("block_size", 4).run(21, &[&x, &scale]).is_err());
        assert!(node("DequantizeLinear").int("block_size", -1).run(21, &[&x, &scale]).is_err());
    }
}
