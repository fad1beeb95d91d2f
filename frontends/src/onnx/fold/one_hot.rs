//! `OneHot`.

use super::args::Args;
use super::limit;
use super::values::{self, Values};
use crate::onnx::constant::Constant;
use crate::onnx::dims::{self, product};
use crate::onnx::refusal::Refusal;

/// `OneHot`: an index outside `-depth..depth` gives the off value everywhere.
pub(super) fn one_hot(args: &Args<'_>) -> Result<Constant, Refusal> {
    let (indices, depth, off_on) = (args.required(0)?, args.required(1)?, args.required(2)?);
    let depth = Constant::single(&whole(depth)?, "the depth of OneHot")?;
    let size = usize::try_from(depth).map_err(|_| args.shape(format!("a depth of {depth}")))?;
    if off_on.dims != [2] {
        return Err(args.shape("its values are not two"));
    }
    let axis = dims::axis(args.attributes.int("axis", -1)?, indices.dims.len() + 1)?;
    let mut shape = indices.dims.clone();
    shape.insert(axis, size);
    let count = limit::elements(&shape)?;
    let inner = product(indices.dims.get(axis..).unwrap_or_default());
    let hot: Vec<i64> =
        whole(indices)?.into_iter().map(|v| if v < 0 { v.saturating_add(depth) } else { v }).collect();
    let positions = (0..count).map(|flat| {
        let (at, block) = (flat % inner, flat / inner);
        let index = hot.get(block / size * inner + at).copied();
        usize::from(index == i64::try_from(block % size).ok())
    });
    values::arranged(shape, &[off_on], positions)
}

/// Indices and depth may be of any type of numbers; they are cut towards zero.
fn whole(constant: &Constant) -> Result<Vec<i64>, Refusal> {
    Ok(match Values::of(constant)? {
        Values::Reals(v) => v.into_iter().map(|v| v as i64).collect(),
        Values::Integers(v) => v,
    })
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real, whole};
    use crate::onnx::proto::tensor_proto::DataType::Int64;
    use snnc_ir::diag::Code;

    #[test]
    fn hot_along_any_axis() {
        let (at, depth) = (list(&[1, -1, 5]), whole(Int64, &[], &[3]));
        let values = real(&[2], &[0.0, 9.0]);
        let y = node("OneHot").int("axis", 0).run(11, &[&at, &depth, &values]).unwrap();
        assert_eq!(y.dims, [3, 3]);
        assert_eq!(y.reals().unwrap(), [0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 9.0, 0.0]);
        let last = node("OneHot").run(11, &[&at, &depth, &values]).unwrap();
        assert_eq!(last.reals().unwrap(), [0.0, 9.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0]);
        let huge = node("OneHot").run(11, &[&at, &whole(Int64, &[], &[i64::MAX]), &values]);
        assert_eq!(huge.unwrap_err().code, Code::BudgetExceeded);
    }
}
