//! Pooling, all channels of a place together.

use super::super::arith::Element;
use super::axis::{Axis, Spans};
use crate::graph::op::Window;
use crate::graph::shape::Shape;

/// Less than one element in so many is an event: then they are added one by one.
const FEW: usize = 8;

/// A window made ready.
#[derive(Debug)]
pub(super) struct Pool {
    window: Window,
    input: Shape,
    output: Shape,
    rows: Spans,
    cols: Spans,
}

impl Pool {
    pub(super) fn new(window: Window, input: Shape, output: Shape) -> Self {
        let axis = |k: usize, input: usize, output: usize| Axis {
            input,
            output,
            kernel: window.kernel[k],
            stride: window.stride[k],
            pad: window.pad[k],
            dilation: 1,
        };
        Self {
            window,
            input,
            output,
            rows: axis(0, input.h, output.h).spans(),
            cols: axis(1, input.w, output.w).spans(),
        }
    }

    /// Adds the value of every event to the sums of the windows that see it; the events of a channel are in the
    /// order of their places, and so are the terms of its sums.
    #[inline(always)]
    fn scatter<E: Element, S>(&self, events: &[u32], data: &[E], sums: &mut [S], add: impl Fn(&mut S, E)) {
        for p in events {
            let p = *p as usize;
            let (place, c) = (p / self.input.c, p % self.input.c);
            for row in self.rows.at(place / self.input.w) {
                for col in self.cols.at(place % self.input.w) {
                    for y in row.output..row.output + row.len {
                        for x in col.output..col.output + col.len {
                            let place = y as usize * self.output.w + x as usize;
                            add(&mut sums[place * self.output.c + c], data[p]);
                        }
                    }
                }
            }
        }
    }

    /// Visits the places of every window in order: the output's position, the input's, whether it is the first.
    #[inline(always)]
    fn each_place(&self, mut visit: impl FnMut(usize, usize, bool)) {
        for y in 0..self.output.h {
            for x in 0..self.output.w {
                let to = (y * self.output.w + x) * self.output.c;
                let mut first = true;
                for iy in self.inside(0, y, self.input.h) {
                    for ix in self.inside(1, x, self.input.w) {
                        visit(to, (iy * self.input.w + ix) * self.input.c, first);
                        first = false;
                    }
                }
            }
        }
    }

    /// Input positions of a window along an axis; the verifier sees to it that there is one.
    fn inside(&self, axis: usize, at: usize, size: usize) -> std::ops::Range<usize> {
        let start = at * self.window.stride[axis];
        let pad = self.window.pad[axis];
        start.saturating_sub(pad)..(start + self.window.kernel[axis]).saturating_sub(pad).min(size)
    }

    /// Adds every window to its sum: event by event where they are listed and few.
    #[inline(always)]
    pub(super) fn sum<E: Element, S>(
        &self,
        events: Option<&[u32]>,
        data: &[E],
        sums: &mut [S],
        add: impl Fn(&mut S, E),
    ) {
        if let Some(events) = events.filter(|e| e.len() < data.len() / FEW) {
            return self.scatter(events, data, sums, add);
        }
        let channels = self.input.c;
        self.each_place(|to, from, _| {
            let (sums, values) = (&mut sums[to..to + channels], &data[from..from + channels]);
            sums.iter_mut().zip(values).for_each(|(sum, v)| add(sum, *v));
        });
    }

    /// The maximum of every window.
    #[inline(always)]
    pub(super) fn max<E: Element>(&self, data: &[E], out: &mut [E]) {
        let channels = self.input.c;
        self.each_place(|to, from, first| {
            let (best, values) = (&mut out[to..to + channels], &data[from..from + channels]);
            if first {
                best.copy_from_slice(values);
            } else {
                best.iter_mut().zip(values).for_each(|(best, v)| *best = if *v > *best { *v } else { *best });
            }
        });
    }

    /// Most elements of a window.
    pub(super) fn size(&self) -> u64 {
        (self.window.kernel[0] * self.window.kernel[1]) as u64
    }
}
