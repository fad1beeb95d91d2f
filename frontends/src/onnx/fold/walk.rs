//! Positions of elements: steps along axes, and ONNX's rules of broadcasting.

use super::args::Args;
use super::limit;
use crate::onnx::dims;
use crate::onnx::refusal::Refusal;

/// The distance between neighbours along each axis of a tensor in row-major order.
pub(super) fn steps(dims: &[usize]) -> Vec<isize> {
    let mut out = vec![1; dims.len()];
    let mut step = 1isize;
    for (out, dim) in out.iter_mut().zip(dims).rev() {
        *out = step;
        step = step.wrapping_mul(*dim as isize);
    }
    out
}

/// The positions that are met when a shape is walked through in row-major order, with a step for each
/// of its axes.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// Count, dimension and step of each axis.
    axes: Vec<(usize, usize, isize)>,
    at: isize,
    left: usize,
}

impl Walk {
    /// Walks through a shape of `dims` from the position `start`.
    pub(super) fn new(dims: &[usize], steps: impl IntoIterator<Item = isize>, start: isize) -> Self {
        let axes = dims.iter().zip(steps).map(|(dim, step)| (0, *dim, step)).collect();
        Self { axes, at: start, left: dims::product(dims) }
    }
}

impl Iterator for Walk {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let at = self.at;
        for (count, dim, step) in self.axes.iter_mut().rev() {
            *count += 1;
            if count < dim {
                self.at = self.at.wrapping_add(*step);
                break;
            }
            *count = 0;
            self.at = self.at.wrapping_sub(step.wrapping_mul(*dim as isize - 1));
        }
        // No walk of a correct shape leaves the tensor to the front.
        Some(usize::try_from(at).unwrap_or(usize::MAX))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// The common shape of tensors that are broadcast to each other.
#[derive(Debug)]
pub(super) struct Broadcast {
    pub dims: Vec<usize>,
}

impl Broadcast {
    /// The common shape; refuses shapes that do not fit and results that are too large.
    pub(super) fn of(args: &Args<'_>, shapes: &[&[usize]]) -> Result<Self, Refusal> {
        let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
        let mut out = vec![1usize; rank];
        for shape in shapes {
            for (out, dim) in out.iter_mut().rev().zip(shape.iter().rev()) {
                match (*out, *dim) {
                    (1, d) => *out = d,
                    (o, d) if d == 1 || d == o => {}
                    _ => return Err(args.shape(format!("{shapes:?} cannot be broadcast"))),
                }
            }
        }
        limit::elements(&out)?;
        Ok(Self { dims: out })
    }

    /// The positions of a tensor's elements for each element of the common shape.
    pub(super) fn walk(&self, dims: &[usize]) -> Walk {
        let missing = self.dims.len().saturating_sub(dims.len());
        let own = dims.iter().zip(steps(dims)).map(|(dim, step)| if *dim == 1 { 0 } else { step });
        Walk::new(&self.dims, std::iter::repeat_n(0, missing).chain(own), 0)
    }

    /// A tensor's elements for each element of the common shape.
    pub(super) fn spread<T: Copy>(&self, dims: &[usize], values: &[T]) -> impl Iterator<Item = T> {
        self.walk(dims).filter_map(|at| values.get(at).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::fold::testing::node;

    fn common(shapes: &[&[usize]]) -> Option<Vec<usize>> {
        let node = node("Add");
        let args = Args::new(&node, 17, &[], false).unwrap();
        Broadcast::of(&args, shapes).ok().map(|b| b.dims)
    }

    #[test]
    fn shapes_are_aligned_to_the_right() {
        assert_eq!(common(&[&[2, 1, 3], &[4, 1]]), Some(vec![2, 4, 3]));
        assert_eq!(common(&[&[], &[0]]), Some(vec![0]));
        assert_eq!(common(&[&[1], &[0, 1]]), Some(vec![0, 1]));
        assert_eq!(common(&[&[2], &[3]]), None);
        assert_eq!(common(&[&[1 << 13, 1], &[1 << 13]]), None);
    }

    #[test]
    fn walks_forwards_backwards_and_on_the_spot() {
        let walk = |dims: &[usize], steps: &[isize], start| {
            Walk::new(dims, steps.iter().copied(), start).collect::<Vec<_>>()
        };
        assert_eq!(walk(&[2, 3], &steps(&[2, 3]), 0), [0, 1, 2, 3, 4, 5]);
        assert_eq!(walk(&[2, 2], &[-3, -2], 5), [5, 3, 2, 0]);
        assert_eq!(walk(&[2, 2], &[0, 1], 0), [0, 1, 0, 1]);
        assert_eq!(walk(&[], &[], 7), [7]);
        assert!(walk(&[3, 0], &[1, 1], 0).is_empty());
    }
}
