//! Quantised activation without state (an ONNX QuantizeLinear and DequantizeLinear pair).

/// `q = clamp(round_half_even(x / scale) + zero_point, lo, hi)`; the output is `(q - zero_point) · scale`.
///
/// In an integer graph `scale` is 1 and the output `q - zero_point`: what a level stands for is in the weights
/// behind it, and the factor from sums to levels is the [`rescale`](super::FixedPoint::rescale) of the
/// arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub struct Activation<S> {
    /// Step between levels.
    pub scale: S,
    /// Level that stands for zero.
    pub zero_point: i32,
    /// Lowest level.
    pub lo: i32,
    /// Highest level.
    pub hi: i32,
    /// Whether negative inputs are set to zero first (ONNX Relu).
    pub relu: bool,
    /// Whether halves are rounded up, as `floor(x + 0.5)` does, instead of to even.
    pub half_up: bool,
}
