//! The order of elements inside the engine: rows, columns, channels. The channels of one place lie side by side, so
//! that one event adds one contiguous row of weights.

use super::super::arith::Element;
use crate::graph::shape::Shape;

/// Whether the order is that of the interface, channels, rows, columns.
pub(super) fn is_same(shape: Shape) -> bool {
    shape.c == 1 || shape.plane() == 1
}

/// Position inside of the element at `k` in C, H, W order.
pub(super) fn inside(shape: Shape, k: usize) -> usize {
    let (c, place) = (k / shape.plane(), k % shape.plane());
    place * shape.c + c
}

/// Position in C, H, W order of the element at `p` inside.
pub(super) fn outside(shape: Shape, p: usize) -> usize {
    let (place, c) = (p / shape.c, p % shape.c);
    c * shape.plane() + place
}

/// Elements that are looked at together: where all are zero nothing is written.
const CHUNK: usize = 32;

/// Puts elements in C, H, W order into the order inside; `inner` is zero before.
#[inline(always)]
pub(super) fn bring_in<E: Element>(shape: Shape, outer: &[E], inner: &mut [E]) {
    for (c, plane) in outer.chunks_exact(shape.plane()).enumerate() {
        for (k, chunk) in plane.chunks(CHUNK).enumerate() {
            if chunk.iter().fold(false, |any, v| any | (*v != E::default())) {
                let first = k * CHUNK * shape.c + c;
                for (to, from) in inner[first..].iter_mut().step_by(shape.c).zip(chunk) {
                    *to = from.canonical();
                }
            }
        }
    }
}

/// The elements in C, H, W order.
pub(super) fn bring_out<E: Copy>(shape: Shape, inner: &[E]) -> Vec<E> {
    if is_same(shape) {
        return inner.to_vec();
    }
    (0..shape.c).flat_map(|c| inner[c..].iter().step_by(shape.c).copied()).collect()
}
