//! Fully connected layer.

use super::super::shape::Shape;
use super::super::weights::WeightId;
use super::{Bias, ShapeError};

/// Matrix-vector product with the input flattened in C, H, W order.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Weights of shape `[out, in, 1, 1]`.
    pub weights: WeightId,
    /// Number of outputs.
    pub outputs: usize,
    /// Number of inputs.
    pub inputs: usize,
    /// One value per output.
    pub bias: Option<Bias>,
}

impl Linear {
    /// Output shape `[out, 1, 1]`.
    ///
    /// # Errors
    /// When the number of elements of the input is not `inputs`.
    pub fn output_shape(&self, input: Shape) -> Result<Shape, ShapeError> {
        if input.len() != self.inputs {
            return Err(ShapeError::Mismatch(format!(
                "weights for {} inputs do not fit {} elements",
                self.inputs,
                input.len()
            )));
        }
        Ok(Shape::flat(self.outputs))
    }
}
