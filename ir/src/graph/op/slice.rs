//! A box cut out of a value.

use super::super::shape::Shape;
use super::ShapeError;

/// Half-open ranges of channels, rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// First channel, row and column.
    pub start: [usize; 3],
    /// One past the last channel, row and column.
    pub end: [usize; 3],
}

impl Slice {
    /// Shape of the box.
    ///
    /// # Errors
    /// When the box is empty or reaches outside the input.
    pub fn output_shape(&self, input: Shape) -> Result<Shape, ShapeError> {
        let size = [input.c, input.h, input.w];
        if (0..3).any(|a| self.start[a] >= self.end[a] || self.end[a] > size[a]) {
            return Err(ShapeError::Mismatch(format!(
                "slice {:?}..{:?} is empty or reaches outside {input}",
                self.start, self.end
            )));
        }
        let d = |a: usize| self.end[a] - self.start[a];
        Ok(Shape::new(d(0), d(1), d(2)))
    }
}
