//! Another shape for the same elements.

use super::super::shape::Shape;
use super::ShapeError;

/// Checks that `declared` has as many elements as `input`.
///
/// # Errors
/// When it has not.
pub fn reshape_shape(input: Shape, declared: Shape) -> Result<Shape, ShapeError> {
    if input.len() == declared.len() {
        Ok(declared)
    } else {
        Err(ShapeError::Mismatch(format!("cannot reshape {input} into {declared}")))
    }
}
