//! Pooling over windows of rows and columns.

use super::super::shape::Shape;
use super::ShapeError;
use super::conv2d::span;

/// A window that slides over rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns of the window.
    pub kernel: [usize; 2],
    /// Step of the window: rows, columns.
    pub stride: [usize; 2],
    /// Padding: top, left, bottom, right. Padded elements are not part of a sum or a maximum.
    pub pad: [usize; 4],
}

impl Window {
    /// Output shape `[c, h', w']`.
    ///
    /// # Errors
    /// When the window does not fit, or one position of it would see only padding.
    pub fn output_shape(&self, input: Shape) -> Result<Shape, ShapeError> {
        let [top, left, bottom, right] = self.pad;
        if top.max(bottom) >= self.kernel[0] || left.max(right) >= self.kernel[1] {
            return Err(ShapeError::Mismatch("padding must be smaller than the window".into()));
        }
        let h = span(input.h, self.kernel[0], self.stride[0], top, bottom, 1)?;
        let w = span(input.w, self.kernel[1], self.stride[1], left, right, 1)?;
        Ok(Shape::new(input.c, h, w))
    }
}

/// Sum over a window, divided by a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumPool {
    /// The window.
    pub window: Window,
    /// The sum is divided by this: 1 for a sum, the number of elements for an average. 1 in an integer
    /// graph (quantisation moves it into the weights that follow).
    pub divisor: u32,
}

/// Maximum over a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// The window.
    pub window: Window,
}
