//! `Split`.

use super::args::Args;
use super::values;
use super::walk::{Walk, steps};
use crate::onnx::constant::Constant;
use crate::onnx::refusal::Refusal;

/// `Split`: the sizes are an attribute before opset 13, an input since; without them the parts are
/// equal, since opset 18 with a smaller last one.
pub(super) fn split(args: &Args<'_>) -> Result<Vec<Constant>, Refusal> {
    let x = args.required(0)?;
    let axis = args.axis(0, x.dims.len())?;
    let size = x.dims.get(axis).copied().unwrap_or(1);
    let outputs = args.node.output.len();
    let sizes = match args.list(13, 1, "split")? {
        Some(list) => list.iter().map(|v| usize::try_from(*v).ok()).collect(),
        None => equal(args, size, outputs)?,
    };
    let total = |sizes: &Vec<usize>| sizes.iter().try_fold(0usize, |sum, v| sum.checked_add(*v));
    let sizes =
        sizes.filter(|sizes| total(sizes) == Some(size) && sizes.len() == outputs).ok_or_else(|| {
            args.shape(format!("{size} elements cannot be split into {outputs} parts of these sizes"))
        })?;
    let steps = steps(&x.dims);
    let along = steps.get(axis).copied().unwrap_or(1);
    let mut start = 0usize;
    let part = |part: usize| {
        let mut dims = x.dims.clone();
        dims.iter_mut().skip(axis).take(1).for_each(|dim| *dim = part);
        let walk = Walk::new(&dims, steps.iter().copied(), (start as isize).wrapping_mul(along));
        start += part;
        values::arranged(dims, &[x], walk)
    };
    sizes.into_iter().map(part).collect()
}

/// The sizes of equal parts; `None` where there are none.
fn equal(args: &Args<'_>, size: usize, outputs: usize) -> Result<Option<Vec<usize>>, Refusal> {
    let parts = if args.version < 18 { outputs as i64 } else { args.attributes.int("num_outputs", 0)? };
    if usize::try_from(parts) != Ok(outputs) || outputs == 0 {
        return Ok(None);
    }
    let part = size.div_ceil(outputs);
    let last = part.checked_mul(outputs - 1).and_then(|before| size.checked_sub(before));
    let uneven = args.version < 18 && last != Some(part);
    let sizes = |last| std::iter::repeat_n(part, outputs - 1).chain([last]).collect();
    Ok(last.filter(|_| !uneven).map(sizes))
}

#[cfg(test)]
mod tests {
    use crate::onnx::fold::testing::{list, node, real};
    use crate::onnx::proto::NodeProto;

    fn sizes(
        node: &NodeProto,
        version: i64,
        inputs: &[&crate::onnx::constant::Constant],
    ) -> Option<Vec<usize>> {
        node.run_all(version, inputs).ok().map(|all| all.iter().map(|c| c.dims[0]).collect())
    }

    #[test]
    fn sizes_are_an_attribute_before_opset_13() {
        let x = real(&[5, 1], &[0.0, 1.0, 2.0, 3.0, 4.0]);
        let two = || node("Split").outputs(2);
        assert_eq!(sizes(&two().ints("split", &[2, 3]), 12, &[&x]), Some(vec![2, 3]));
        assert_eq!(sizes(&two().ints("split", &[2, 3]), 13, &[&x]), None);
        assert_eq!(sizes(&two(), 13, &[&x, &list(&[1, 4])]), Some(vec![1, 4]));
        assert_eq!(sizes(&two(), 13, &[&x, &list(&[1, 3])]), None);
        assert_eq!(sizes(&two(), 13, &[&x, &list(&[-1, 6])]), None);
        assert_eq!(sizes(&two(), 13, &[&x]), None);
        assert_eq!(sizes(&two().int("num_outputs", 2), 18, &[&x]), Some(vec![3, 2]));
        assert_eq!(sizes(&two().int("num_outputs", 3), 18, &[&x]), None);
        assert_eq!(sizes(&node("Split").outputs(0), 13, &[&x]), None);
        let parts = two().ints("split", &[2, 3]).run_all(12, &[&x]).unwrap();
        assert_eq!(parts[1].reals().unwrap(), [2.0, 3.0, 4.0]);
    }
}
