//! Element-wise sum.

use super::super::shape::Shape;
use super::ShapeError;

/// The common shape of all inputs.
pub(super) fn add_shape(inputs: &[Shape]) -> Result<Shape, ShapeError> {
    let Some((first, rest)) = inputs.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return Err(ShapeError::Arity { expected: "two or more", found: inputs.len() });
    };
    match rest.iter().find(|shape| *shape != first) {
        None => Ok(*first),
        Some(other) => Err(ShapeError::Mismatch(format!("cannot add {first} and {other}"))),
    }
}
