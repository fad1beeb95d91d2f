//! The same elements in another shape.

use super::args::Args;
use super::limit;
use crate::onnx::constant::Constant;
use crate::onnx::dims;
use crate::onnx::refusal::Refusal;

type Folded = Result<Constant, Refusal>;

fn reshaped(x: &Constant, dims: Vec<usize>) -> Folded {
    limit::rank(dims.len())?;
    x.clone().reshaped(dims)
}

/// The axes of a list, in order; refuses one that is there twice.
pub(super) fn axes(args: &Args<'_>, list: &[i64], rank: usize) -> Result<Vec<usize>, Refusal> {
    let mut axes = list.iter().map(|axis| dims::axis(*axis, rank)).collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    if axes.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(args.shape("an axis is named twice"));
    }
    Ok(axes)
}

/// `Squeeze`: axes are an attribute before opset 13, an input since; without them, all of size 1.
pub(super) fn squeeze(args: &Args<'_>) -> Folded {
    let x = args.required(0)?;
    let named = args.list(13, 1, "axes")?.map(|list| axes(args, &list, x.dims.len())).transpose()?;
    let goes = |axis: &usize, dim: usize| named.as_ref().map_or(dim == 1, |named| named.contains(axis));
    let (gone, kept): (Vec<_>, Vec<_>) =
        x.dims.iter().copied().enumerate().partition(|(axis, dim)| goes(axis, *dim));
    if gone.iter().any(|(_, dim)| *dim != 1) {
        return Err(args.shape(format!("an axis of {:?} that is to go has not the size 1", x.dims)));
    }
    reshaped(x, kept.into_iter().map(|(_, dim)| dim).collect())
}

/// `Unsqueeze`: axes are an attribute before opset 13, an input since.
pub(super) fn unsqueeze(args: &Args<'_>) -> Folded {
    let x = args.required(0)?;
    let list = args.needed(13, 1, "axes")?;
    let rank = x.dims.len() + list.len();
    limit::rank(rank)?;
    let new = axes(args, &list, rank)?;
    let mut old = x.dims.iter();
    let dim = |axis| if new.contains(&axis) { Some(1) } else { old.next().copied() };
    reshaped(x, (0..rank).filter_map(dim).collect())
}

/// `Reshape`.
pub(super) fn reshape(args: &Args<'_>) -> Folded {
    let x = args.required(0)?;
    let shape = args.needed(5, 1, "shape")?;
    limit::rank(shape.len())?;
    let zero_is_zero = args.version >= 14 && args.attributes.int("allowzero", 0)? != 0;
    let wrong = || args.shape(format!("{:?} cannot become {shape:?}", x.dims));
    let mut open = None;
    let mut out = Vec::with_capacity(shape.len());
    for (axis, dim) in shape.iter().enumerate() {
        out.push(match *dim {
            -1 if open.is_none() => {
                open = Some(axis);
                1
            }
            0 if !zero_is_zero => *x.dims.get(axis).ok_or_else(wrong)?,
            dim => usize::try_from(dim).map_err(|_| wrong())?,
        });
    }
    // The open dimension stands as 1 in the product.
    let rest = x.len().checked_div(dims::product(&out));
    if let Some(size) = open.and_then(|axis| out.get_mut(axis)) {
        *size = rest.ok_or_else(wrong)?;
    }
    reshaped(x, out)
}

/// `Flatten` into two dimensions.
pub(super) fn flatten(args: &Args<'_>) -> Folded {
    let x = args.required(0)?;
    let axis = args.attributes.int("axis", 1)?;
    // The axis behind the last one is allowed too.
    let wide = x.dims.len() as i64;
    let axis = if axis == wide { x.dims.len() } else { dims::axis(axis, x.dims.len())? };
    let (outer, inner) = x.dims.split_at_checked(axis).unwrap_or_default();
    reshaped(x, vec![dims::product(outer), dims::product(inner)])
}

/// `Transpose`; without `perm`, the order of the axes is turned round.
pub(super) fn transpose(args: &Args<'_>) -> Folded {
    let x = args.required(0)?;
    limit::elements(&x.dims)?;
    let perm = match args.attributes.ints("perm")? {
        Some(perm) => perm.iter().map(|p| usize::try_from(*p).unwrap_or(usize::MAX)).collect(),
        None => (0..x.dims.len()).rev().collect::<Vec<_>>(),
    };
    x.transposed(&perm)
}

#[cfg(test)]
mod tests {
    use crate::onnx::constant::{Constant, Data, Quant};
    use crate::onnx::fold::testing::{list, node, real};
    use crate::onnx::proto::NodeProto;
    use snnc_ir::diag::Code;
    use snnc_ir::graph::weights::Scale;

    fn dims(node: &NodeProto, version: i64, inputs: &[&Constant]) -> Option<Vec<usize>> {
        node.run(version, inputs).ok().map(|c| c.dims)
    }

    #[test]
    fn axes_are_an_attribute_before_opset_13() {
        let x = real(&[1, 3, 1], &[1.0, 2.0, 3.0]);
        let old = node("Squeeze").ints("axes", &[-1]);
        assert_eq!(dims(&old, 12, &[&x]), Some(vec![1, 3]));
        assert_eq!(old.run(13, &[&x]).unwrap_err().code, Code::UnsupportedAttribute);
        assert_eq!(dims(&node("Squeeze"), 13, &[&x, &list(&[0])]), Some(vec![3, 1]));
        assert_eq!(dims(&node("Squeeze"), 7, &[&x]), Some(vec![3]));
        assert_eq!(dims(&node("Squeeze"), 13, &[&x, &list(&[1])]), None);
        assert_eq!(dims(&node("Unsqueeze").ints("axes", &[0, 4]), 11, &[&x]), Some(vec![1, 1, 3, 1, 1]));
        assert_eq!(dims(&node("Unsqueeze"), 13, &[&x, &list(&[-1])]), Some(vec![1, 3, 1, 1]));
        assert_eq!(dims(&node("Unsqueeze"), 13, &[&x, &list(&[1, 1])]), None);
        assert_eq!(dims(&node("Unsqueeze"), 13, &[&x, &list(&(0..200).collect::<Vec<_>>())]), None);
    }

    #[test]
    fn zeros_and_minus_one_of_reshape() {
        let x = real(&[2, 3, 4], &[0.0; 24]);
        let reshape = |shape: &[i64]| dims(&node("Reshape"), 14, &[&x, &list(shape)]);
        assert_eq!(reshape(&[0, -1]), Some(vec![2, 12]));
        assert_eq!(reshape(&[4, -1, 2]), Some(vec![4, 3, 2]));
        for wrong in [&[5, -1][..], &[-1, -1], &[-2, 12], &[1, 1, 24, 0], &[i64::MAX, i64::MAX]] {
            assert_eq!(reshape(wrong), None, "{wrong:?}");
        }
        let empty = real(&[0, 3], &[]);
        let keep = node("Reshape").int("allowzero", 1);
        assert_eq!(dims(&keep, 14, &[&empty, &list(&[3, 0])]), Some(vec![3, 0]));
        assert_eq!(dims(&node("Reshape"), 14, &[&empty, &list(&[0, 3])]), Some(vec![0, 3]));
        assert_eq!(dims(&keep, 14, &[&empty, &list(&[0, -1])]), None);
        assert_eq!(dims(&keep, 13, &[&empty, &list(&[3, 0])]), None);
    }

    #[test]
    fn flattened_at_any_axis() {
        let x = real(&[2, 3, 2], &[0.0; 12]);
        let flatten = |axis| dims(&node("Flatten").int("axis", axis), 13, &[&x]);
        assert_eq!(flatten(0), Some(vec![1, 12]));
        assert_eq!(flatten(-1), Some(vec![6, 2]));
        assert_eq!(flatten(3), Some(vec![12, 1]));
        assert_eq!(flatten(4), None);
        assert_eq!(dims(&node("Flatten"), 13, &[&real(&[], &[1.0])]), None);
    }

    #[test]
    fn a_scale_goes_with_the_integers() {
        let quant = Some(Quant { scale: Scale::PerChannel(vec![1.0, 10.0]), axis: 0 });
        let x = Constant { data: Data::I8([1, 2, 3, 4].into()), quant, ..real(&[2, 2], &[]) };
        let turned = node("Transpose").run(13, &[&x]).unwrap();
        assert!(turned.quant.is_some());
        assert_eq!(turned.reals().unwrap(), [1.0, 30.0, 2.0, 40.0]);
        assert!(node("Transpose").ints("perm", &[0, -1]).run(13, &[&x]).is_err());
    }
}
