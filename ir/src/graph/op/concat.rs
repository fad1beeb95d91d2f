//! Concatenation along the channels.

use super::super::shape::Shape;
use super::ShapeError;

/// Shape of the concatenation of `inputs` along the channels.
///
/// # Errors
/// When rows or columns differ.
pub fn concat_shape(inputs: &[Shape]) -> Result<Shape, ShapeError> {
    let Some(first) = inputs.first() else {
        return Err(ShapeError::Arity { expected: "one or more", found: 0 });
    };
    let mut channels = 0usize;
    for shape in inputs {
        if (shape.h, shape.w) != (first.h, first.w) {
            return Err(ShapeError::Mismatch(format!(
                "cannot concatenate {first} and {shape} along channels"
            )));
        }
        channels = channels.saturating_add(shape.c);
    }
    Ok(Shape::new(channels, first.h, first.w))
}
