//! The order of elements inside the engine: rows, columns, channels. The channels of one place lie side by side, so
//! that one event adds one contiguous row of weights.

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

/// Puts elements in C, H, W order into the order inside.
pub(super) fn bring_in<E: Copy>(shape: Shape, outer: &[E], inner: &mut [E], each: impl Fn(E) -> E) {
    for (c, plane) in outer.chunks_exact(shape.plane()).enumerate() {
        for (to, from) in inner[c..].iter_mut().step_by(shape.c).zip(plane) {
            *to = each(*from);
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
