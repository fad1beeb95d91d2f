//! Two-dimensional convolution.

use super::super::shape::Shape;
use super::super::verify::MAX_ELEMENTS;
use super::super::weights::WeightId;
use super::{Bias, ShapeError};

/// Cross-correlation over rows and columns, as ONNX `Conv` with two spatial axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv2d {
    /// Weights of shape `[out, in / groups, kh, kw]`.
    pub weights: WeightId,
    /// `[out, in / groups, kh, kw]`, repeated here so that shapes need no look-up.
    pub kernel: [usize; 4],
    /// One value per output channel.
    pub bias: Option<Bias>,
    /// Step of the window: rows, columns.
    pub stride: [usize; 2],
    /// Zeros around the input: top, left, bottom, right.
    pub pad: [usize; 4],
    /// Distance between kernel elements: rows, columns.
    pub dilation: [usize; 2],
    /// Groups of channels; `in` for a depthwise convolution.
    pub groups: usize,
}

impl Conv2d {
    /// Output shape `[out, h', w']`.
    ///
    /// # Errors
    /// When the channels do not match or the window does not fit.
    pub fn output_shape(&self, input: Shape) -> Result<Shape, ShapeError> {
        let [out, per_group, kh, kw] = self.kernel;
        if self.groups == 0 || out % self.groups != 0 || per_group.checked_mul(self.groups) != Some(input.c) {
            return Err(ShapeError::Mismatch(format!(
                "weights [{out}, {per_group}, {kh}, {kw}] in {} group(s) do not fit {} input channels",
                self.groups, input.c
            )));
        }
        let h = span(input.h, kh, self.stride[0], self.pad[0], self.pad[2], self.dilation[0])?;
        let w = span(input.w, kw, self.stride[1], self.pad[1], self.pad[3], self.dilation[1])?;
        Ok(Shape::new(out, h, w))
    }
}

/// Number of positions of a window of `kernel` elements along an axis of `size`.
pub(super) fn span(
    size: usize,
    kernel: usize,
    stride: usize,
    before: usize,
    after: usize,
    dilation: usize,
) -> Result<usize, ShapeError> {
    let overflow = || ShapeError::Mismatch("window or padding is too large".into());
    if kernel == 0 || stride == 0 || dilation == 0 {
        return Err(ShapeError::Mismatch("kernel, stride and dilation must be at least 1".into()));
    }
    let padded = size.checked_add(before).and_then(|v| v.checked_add(after)).ok_or_else(overflow)?;
    if padded > MAX_ELEMENTS {
        return Err(overflow());
    }
    let reach = (kernel - 1).checked_mul(dilation).and_then(|v| v.checked_add(1)).ok_or_else(overflow)?;
    if reach > padded {
        return Err(ShapeError::Mismatch(format!("a window of {reach} does not fit an axis of {padded}")));
    }
    Ok((padded - reach) / stride + 1)
}
