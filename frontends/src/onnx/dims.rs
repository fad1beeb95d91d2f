//! Batch and time against features: which leading dimensions of a value are not part of a shape.

use super::refusal::{Refusal, refuse};
use super::value::Layer;
use snnc_ir::diag::Code;
use snnc_ir::graph::shape::Shape;

/// How many leading dimensions of a value of that rank are batch and time.
pub(crate) fn lead(rank: usize, sequence: bool) -> Result<usize, Refusal> {
    match rank {
        0 | 1 => Ok(0),
        2 | 4 => Ok(1),
        3 if sequence => Ok(2),
        3 => Ok(1),
        5 => Ok(2),
        _ => Err(refuse(Code::BadShape, format!("values of {rank} dimensions are not supported"))),
    }
}

/// The shape of features of up to three dimensions.
pub(crate) fn shape(features: &[usize]) -> Result<Shape, Refusal> {
    match features {
        [] => Ok(Shape::flat(1)),
        [n] => Ok(Shape::flat(*n)),
        [c, l] => Ok(Shape::new(*c, *l, 1)),
        [c, h, w] => Ok(Shape::new(*c, *h, *w)),
        _ => Err(refuse(Code::BadShape, format!("features of shape {features:?} are not supported"))),
    }
}

/// Number of elements of a tensor. Every product of some of its dimensions fits too, also where another
/// dimension is zero; `None` where one does not.
pub(crate) fn elements(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1usize, |n, d| n.checked_mul((*d).max(1)))?;
    Some(dims.iter().product())
}

/// Product that saturates.
pub(crate) fn product(dims: &[usize]) -> usize {
    dims.iter().fold(1usize, |n, d| n.saturating_mul(*d))
}

/// Where batch and time end when a layer's output takes other dimensions.
pub(crate) fn split(layer: &Layer, dims: &[usize], sequence: bool) -> Result<usize, Refusal> {
    let (outer, inner) = (product(layer.leading()), product(layer.features()));
    let fits = |k: usize| {
        let parts = dims.split_at_checked(k);
        parts.is_some_and(|(a, b)| product(a) == outer && product(b) == inner && b.len() <= 3)
    };
    let same = (0..=dims.len()).find(|&k| fits(k) && dims.get(k..) == Some(layer.features()));
    let usual = lead(dims.len(), sequence).ok().filter(|k| fits(*k));
    same.or(usual).or_else(|| (0..=dims.len()).rev().find(|k| fits(*k))).ok_or_else(|| {
        let message = format!("{:?} as {dims:?} mixes batch or time with features", layer.dims);
        refuse(Code::BadShape, message)
    })
}

/// An axis counted from the front, negative ones from the back.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, Refusal> {
    let wide = rank as i64;
    let positive = if axis < 0 { axis.saturating_add(wide) } else { axis };
    usize::try_from(positive)
        .ok()
        .filter(|a| *a < rank)
        .ok_or_else(|| refuse(Code::BadShape, format!("there is no axis {axis} among {rank} dimensions")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::proto::tensor_proto::DataType;
    use snnc_ir::graph::NodeId;

    fn layer(dims: &[usize], lead: usize) -> Layer {
        Layer { node: NodeId(0), dims: dims.to_vec(), lead, ty: DataType::Float }
    }

    #[test]
    fn time_and_batch_are_told_from_features() {
        let map = layer(&[4, 8, 16, 16], 1);
        assert_eq!(split(&map, &[1, 4, 8, 16, 16], true).unwrap(), 2);
        assert_eq!(split(&map, &[4, 2048], true).unwrap(), 1);
        assert!(split(&map, &[2, 4096], true).is_err());
        let one = layer(&[1, 8, 8, 8], 1);
        assert_eq!(split(&one, &[1, 512], false).unwrap(), 1);
        assert_eq!(split(&layer(&[1, 10], 1), &[10], false).unwrap(), 0);
        assert_eq!(split(&layer(&[4, 1, 28, 28], 1), &[4, 1, 1, 28, 28], true).unwrap(), 2);
    }
}
