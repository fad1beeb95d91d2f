//! Concatenation, boxes and other shapes: elements change their places only.

use super::super::arith::Element;
use super::layout;
use super::value::Value;
use crate::graph::op::Slice;
use crate::graph::shape::Shape;

/// Puts the channels of values behind each other. `sources` gives their elements and channels.
pub(super) fn concat<E: Element>(sources: &[(&[E], usize)], shape: Shape, out: &mut [E]) {
    let mut first = 0;
    for (data, channels) in sources {
        for (to, from) in out.chunks_exact_mut(shape.c).zip(data.chunks_exact(*channels)) {
            to[first..first + channels].copy_from_slice(from);
        }
        first += channels;
    }
}

/// Cuts a box out of a value of shape `from`.
pub(super) fn slice<E: Element>(slice: &Slice, from: Shape, data: &[E], out: &mut [E]) {
    let channels = slice.end[0] - slice.start[0];
    let mut places = out.chunks_exact_mut(channels);
    for y in slice.start[1]..slice.end[1] {
        for (x, to) in (slice.start[2]..slice.end[2]).zip(&mut places) {
            let at = (y * from.w + x) * from.c + slice.start[0];
            to.copy_from_slice(&data[at..at + channels]);
        }
    }
}

/// The same elements in C, H, W order in another shape.
pub(super) fn reshape<E: Element>(
    from: Shape,
    to: Shape,
    source: &Value<E>,
    out: &mut Value<E>,
    places: &mut Vec<u32>,
) {
    let moved = |p: usize| layout::inside(to, layout::outside(from, p));
    let data = source.data();
    match source.events() {
        Some(events) => {
            out.clear();
            places.clear();
            places.extend(events.iter().map(|p| moved(*p as usize) as u32));
            places.sort_unstable();
            for p in &*places {
                let p = *p as usize;
                out.push(p, data[layout::inside(from, layout::outside(to, p))]);
            }
        }
        None => {
            let out = out.write();
            for (p, v) in data.iter().enumerate() {
                out[moved(p)] = *v;
            }
        }
    }
}
