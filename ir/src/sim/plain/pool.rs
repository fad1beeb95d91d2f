//! Pooling.

use super::super::arith::Element;
use crate::graph::op::Window;
use crate::graph::shape::Shape;

/// Sum over each window.
pub(super) fn sum<E: Element>(window: &Window, input: Shape, output: Shape, values: &[E]) -> Vec<E::Sum> {
    each_window(window, input, output, |inside| {
        let mut sum = E::Sum::default();
        inside(&mut |k| sum = E::add(sum, values[k]));
        sum
    })
}

/// Maximum over each window.
pub(super) fn max<E: Element>(window: &Window, input: Shape, output: Shape, values: &[E]) -> Vec<E> {
    each_window(window, input, output, |inside| {
        let mut best: Option<E> = None;
        inside(&mut |k| {
            if best.is_none_or(|b| values[k] > b) {
                best = Some(values[k]);
            }
        });
        best.unwrap_or_default()
    })
}

fn each_window<E>(
    window: &Window,
    input: Shape,
    output: Shape,
    mut reduce: impl FnMut(&dyn Fn(&mut dyn FnMut(usize))) -> E,
) -> Vec<E> {
    let mut out = Vec::with_capacity(output.len());
    for c in 0..output.c {
        for y in 0..output.h {
            for x in 0..output.w {
                out.push(reduce(&|see: &mut dyn FnMut(usize)| {
                    for iy in range(y, window.stride[0], window.kernel[0], window.pad[0], input.h) {
                        for ix in range(x, window.stride[1], window.kernel[1], window.pad[1], input.w) {
                            see(input.index(c, iy, ix));
                        }
                    }
                }));
            }
        }
    }
    out
}

fn range(at: usize, stride: usize, kernel: usize, pad: usize, size: usize) -> std::ops::Range<usize> {
    let start = at * stride;
    start.saturating_sub(pad)..(start + kernel).saturating_sub(pad).min(size)
}
