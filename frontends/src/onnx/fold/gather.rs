//! Elements chosen by index: `Gather` and `GatherElements`.

use super::args::Args;
use super::limit;
use super::values;
use super::walk::{Walk, steps};
use crate::onnx::constant::Constant;
use crate::onnx::dims::product;
use crate::onnx::refusal::Refusal;

type Folded = Result<Constant, Refusal>;

/// Indices along an axis of `size`; negative ones count from its end.
pub(super) fn indices(args: &Args<'_>, indices: &Constant, size: usize) -> Result<Vec<usize>, Refusal> {
    let index = |v: &i64| {
        let index = if *v < 0 { v.checked_add(size as i64) } else { Some(*v) };
        let index = index.and_then(|v| usize::try_from(v).ok()).filter(|v| *v < size);
        index.ok_or_else(|| args.shape(format!("there is no index {v} among {size}")))
    };
    args.integers(indices)?.iter().map(index).collect()
}

/// `Gather` along one axis.
pub(super) fn gather(args: &Args<'_>) -> Folded {
    let (data, chosen) = (args.required(0)?, args.required(1)?);
    let axis = args.axis(0, data.dims.len())?;
    let (outer, rest) = data.dims.split_at_checked(axis).unwrap_or_default();
    let (size, inner) = rest.split_first().map_or((1, rest), |(size, inner)| (*size, inner));
    let dims = [outer, &chosen.dims, inner].concat();
    let count = limit::elements(&dims)?;
    let (chosen, inner) = (indices(args, chosen, size)?, product(inner));
    let positions = (0..count).filter_map(|flat| {
        let (at, block) = (flat % inner, flat / inner);
        let index = chosen.get(block % chosen.len())?;
        Some((block / chosen.len() * size + index) * inner + at)
    });
    values::arranged(dims, &[data], positions)
}

/// `GatherElements`.
pub(super) fn gather_elements(args: &Args<'_>) -> Folded {
    let (data, chosen) = (args.required(0)?, args.required(1)?);
    let positions = elements(args, data, chosen)?;
    values::arranged(chosen.dims.clone(), &[data], positions.into_iter())
}

/// The position in `data` of each index: its own, except along the axis, where the index says it.
pub(super) fn elements(args: &Args<'_>, data: &Constant, chosen: &Constant) -> Result<Vec<usize>, Refusal> {
    let axis = args.axis(0, data.dims.len())?;
    let within = |(k, (c, d)): (usize, (&usize, &usize))| k == axis || c <= d;
    if chosen.dims.len() != data.dims.len() || !chosen.dims.iter().zip(&data.dims).enumerate().all(within) {
        return Err(args.shape(format!("indices {:?} for data {:?}", chosen.dims, data.dims)));
    }
    let size = data.dims.get(axis).copied().unwrap_or(1);
    let steps = steps(&data.dims);
    let along = steps.get(axis).copied().unwrap_or(1) as usize;
    let others = steps.iter().enumerate().map(|(k, step)| if k == axis { 0 } else { *step });
    let chosen_at = indices(args, chosen, size)?;
    Ok(Walk::new(&chosen.dims, others, 0).zip(chosen_at).map(|(at, index)| at + index * along).collect())
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType;
    use snnc_ir::diag::Code;

    #[test]
    fn rows_columns_and_scalars() {
        let x = real(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let y = node("Gather").int("axis", 1).run(13, &[&x, &list(&[-1, 0])]).unwrap();
        assert_eq!((y.dims.as_slice(), y.reals().unwrap()), (&[2, 2][..], vec![3.0, 1.0, 6.0, 4.0]));
        let one = node("Gather").run(13, &[&x, &whole(DataType::Int32, &[], &[1])]).unwrap();
        assert_eq!((one.dims.as_slice(), one.reals().unwrap()), (&[3][..], vec![4.0, 5.0, 6.0]));
        for wrong in [3, -4, i64::MIN, i64::MAX] {
            let refused = node("Gather").int("axis", 1).run(13, &[&x, &list(&[wrong])]);
            assert_eq!(refused.unwrap_err().code, Code::BadShape);
        }
        assert_eq!(node("Gather").run(13, &[&x, &list(&[])]).unwrap().dims, [0, 3]);
    }

    #[test]
    fn one_index_an_element() {
        let x = real(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
        let at = whole(DataType::Int64, &[2, 2], &[0, 0, 1, 0]);
        let y = node("GatherElements").int("axis", 1).run(13, &[&x, &at]).unwrap();
        assert_eq!(y.reals().unwrap(), [1.0, 1.0, 4.0, 3.0]);
        let wide = whole(DataType::Int64, &[3, 2], &[0; 6]);
        assert!(node("GatherElements").int("axis", 1).run(13, &[&x, &wide]).is_err());
        assert_eq!(node("GatherElements").run(13, &[&x, &wide]).unwrap().dims, [3, 2]);
    }
}
