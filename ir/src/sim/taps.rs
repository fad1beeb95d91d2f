//! The connections of a convolution or linear layer, one by one and counted.

use crate::graph::op::{Conv2d, Op};
use crate::graph::shape::Shape;

/// One weight on one connection of a neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// Position among the neuron's fan-in elements, `0..` [`row`](crate::graph::weights::Weights::row).
    pub element: usize,
    /// Flat position of the source in the input.
    pub source: usize,
    /// Flat position of the weight.
    pub weight: usize,
}

/// The taps of the output at `(c, y, x)`, in ascending order of their fan-in element; elements that lie
/// on padding have none. Empty for an operator without weights.
pub fn taps(op: &Op, input: Shape, at: (usize, usize, usize), mut each: impl FnMut(Tap)) {
    match op {
        Op::Conv2d(conv) => conv_taps(conv, input, at, &mut each),
        Op::Linear(linear) => {
            let row = at.0 * linear.inputs;
            for k in 0..linear.inputs {
                each(Tap { element: k, source: k, weight: row + k });
            }
        }
        _ => {}
    }
}

fn conv_taps(conv: &Conv2d, input: Shape, (c, y, x): (usize, usize, usize), each: &mut impl FnMut(Tap)) {
    let [out, per_group, kh, kw] = conv.kernel;
    let first = c / (out / conv.groups) * per_group;
    for ci in 0..per_group {
        for ky in 0..kh {
            let Some(iy) = place(y, conv.stride[0], ky, conv.dilation[0], conv.pad[0], input.h) else {
                continue;
            };
            for kx in 0..kw {
                let Some(ix) = place(x, conv.stride[1], kx, conv.dilation[1], conv.pad[1], input.w) else {
                    continue;
                };
                let element = (ci * kh + ky) * kw + kx;
                each(Tap {
                    element,
                    source: input.index(first + ci, iy, ix),
                    weight: c * per_group * kh * kw + element,
                });
            }
        }
    }
}

fn place(out: usize, stride: usize, k: usize, dilation: usize, pad: usize, size: usize) -> Option<usize> {
    (out * stride + k * dilation).checked_sub(pad).filter(|p| *p < size)
}

/// For every input position (C, H, W order) the connections that leave it; empty for an operator without
/// weights.
pub fn fan_out(op: &Op, input: Shape, output: Shape) -> Vec<u64> {
    match op {
        Op::Conv2d(conv) => {
            let along = |axis: usize, size: usize, out: usize| -> Vec<u64> {
                let mut counts = vec![0; size];
                for at in 0..out {
                    for k in 0..conv.kernel[2 + axis] {
                        let from = place(at, conv.stride[axis], k, conv.dilation[axis], conv.pad[axis], size);
                        if let Some(from) = from {
                            counts[from] += 1;
                        }
                    }
                }
                counts
            };
            let (rows, cols) = (along(0, input.h, output.h), along(1, input.w, output.w));
            let channels = (conv.kernel[0] / conv.groups) as u64;
            let plane: Vec<u64> =
                rows.iter().flat_map(|y| cols.iter().map(move |x| y * x * channels)).collect();
            plane.repeat(input.c)
        }
        Op::Linear(linear) => vec![linear.outputs as u64; linear.inputs],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::op::Linear;
    use crate::graph::weights::WeightId;

    /// The connections of every input, counted tap by tap.
    fn counted(op: &Op, input: Shape, output: Shape) -> Vec<u64> {
        let mut counts = vec![0; input.len()];
        for c in 0..output.c {
            for y in 0..output.h {
                for x in 0..output.w {
                    taps(op, input, (c, y, x), |tap| counts[tap.source] += 1);
                }
            }
        }
        counts
    }

    #[test]
    fn fan_out_counts_the_taps() {
        let conv = |kernel, stride, pad, dilation, groups| {
            Op::Conv2d(Conv2d { weights: WeightId(0), bias: None, kernel, stride, pad, dilation, groups })
        };
        let cases = [
            (conv([4, 3, 3, 2], [2, 1], [1, 0, 1, 0], [1, 2], 1), Shape::new(3, 7, 6), Shape::new(4, 4, 4)),
            (conv([6, 2, 2, 2], [3, 2], [0, 0, 0, 0], [1, 1], 3), Shape::new(6, 8, 7), Shape::new(6, 3, 3)),
        ];
        for (op, input, output) in cases {
            assert_eq!(fan_out(&op, input, output), counted(&op, input, output));
        }
        let linear = Op::Linear(Linear { weights: WeightId(0), bias: None, inputs: 5, outputs: 3 });
        assert_eq!(fan_out(&linear, Shape::new(5, 1, 1), Shape::new(3, 1, 1)), vec![3; 5]);
    }
}
