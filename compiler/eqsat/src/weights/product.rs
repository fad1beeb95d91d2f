//! A convolution of a convolution as one.

use snnc_ir::graph::op::{Conv2d, Op};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{WeightId, Weights};

use super::{MAX_EVALUATED, pack};
use crate::language::Kernel;

/// `outer` over `inner` as one convolution, where that is exact and as small: one of them has a 1x1 kernel, or `inner`
/// keeps channels apart (as pooling does) and windows and padding work out. `None` otherwise.
pub(crate) fn conv_of_conv(outer: &Kernel, inner: &Kernel) -> Option<Kernel> {
    let (o, i) = (outer.as_conv()?, inner.as_conv()?);
    if inner.shape != outer.source {
        return None;
    }
    if is_point(i) {
        return conv_of_point(outer, o, inner, i);
    }
    if is_point(o) && o.groups == 1 {
        return point_of_conv(outer, o, inner, i);
    }
    conv_of_depthwise(outer, o, inner, i)
}

/// A 1x1 kernel without stride and padding.
fn is_point(conv: &Conv2d) -> bool {
    conv.kernel[2..] == [1, 1] && conv.stride == [1, 1] && conv.pad == [0; 4]
}

/// The weight from an input channel (of all) to an output channel at a kernel position; zero in other groups.
fn weight(kernel: &Kernel, conv: &Conv2d, out: usize, channel: usize, at: usize) -> i64 {
    let [outs, per_group, kh, kw] = conv.kernel;
    let first = out / (outs / conv.groups) * per_group;
    match channel.checked_sub(first).filter(|c| *c < per_group) {
        Some(c) => kernel.at((out * per_group + c) * kh * kw + at),
        None => 0,
    }
}

/// Channels that a pair of convolutions keeps apart stay apart: both depthwise with as many channels.
fn depthwise(conv: &Conv2d) -> bool {
    conv.kernel[0] == conv.groups && conv.kernel[1] == 1
}

/// Weights `[outs, ins, kh, kw]` from a sum over the channels in between; depthwise where both are.
fn make(
    size: [usize; 2],
    apart: bool,
    geometry: &Conv2d,
    source: Shape,
    at: impl Fn(usize, usize, usize) -> Option<i64>,
) -> Option<Kernel> {
    let [kh, kw] = [geometry.kernel[2], geometry.kernel[3]];
    let [outs, ins] = size;
    let per_group = if apart { 1 } else { ins };
    if outs.saturating_mul(per_group).saturating_mul(kh * kw) > MAX_EVALUATED {
        return None;
    }
    let mut values = Vec::with_capacity(outs * per_group * kh * kw);
    for out in 0..outs {
        for c in 0..per_group {
            for k in 0..kh * kw {
                values.push(at(out, if apart { out } else { c }, k)?);
            }
        }
    }
    let kernel = [outs, per_group, kh, kw];
    let conv = Conv2d {
        weights: WeightId(0),
        bias: None,
        kernel,
        groups: if apart { outs } else { 1 },
        ..geometry.clone()
    };
    Kernel::conv(&conv, Weights { shape: kernel, storage: pack(&values)?, scale: None }, source)
}

fn conv_of_point(outer: &Kernel, o: &Conv2d, inner: &Kernel, i: &Conv2d) -> Option<Kernel> {
    let between = inner.shape.c;
    let apart = depthwise(o) && depthwise(i);
    let range = |out: usize| {
        let per_group = o.kernel[1];
        let first = out / (o.kernel[0] / o.groups) * per_group;
        first..(first + per_group).min(between)
    };
    let at = |out: usize, c: usize, k: usize| {
        range(out).try_fold(0i64, |sum, m| {
            sum.checked_add(weight(outer, o, out, m, k).checked_mul(weight(inner, i, m, c, 0))?)
        })
    };
    make([o.kernel[0], inner.source.c], apart, o, inner.source, at)
}

fn point_of_conv(outer: &Kernel, o: &Conv2d, inner: &Kernel, i: &Conv2d) -> Option<Kernel> {
    let between = inner.shape.c;
    let at = |out: usize, c: usize, k: usize| {
        (0..between).try_fold(0i64, |sum, m| {
            sum.checked_add(weight(outer, o, out, m, 0).checked_mul(weight(inner, i, m, c, k))?)
        })
    };
    make([o.kernel[0], inner.source.c], false, i, inner.source, at)
}

/// A convolution of one that keeps channels apart, such as pooling. Not where windows would reach over padding that
/// the inner one does not have, or rows and columns that it leaves out.
fn conv_of_depthwise(outer: &Kernel, o: &Conv2d, inner: &Kernel, i: &Conv2d) -> Option<Kernel> {
    if !depthwise(i) || i.pad != [0; 4] || i.dilation != [1, 1] {
        return None;
    }
    let (source, between) = (inner.source, inner.shape);
    // A padded position of the map in between must see only zeros of the source.
    let covers = |axis: usize, between: usize, size: usize| {
        i.kernel[2 + axis] <= i.stride[axis] && between * i.stride[axis] >= size
    };
    let [top, left, bottom, right] = o.pad;
    if (top + bottom > 0 && !covers(0, between.h, source.h))
        || (left + right > 0 && !covers(1, between.w, source.w))
    {
        return None;
    }
    let [outs, per_group, kh, kw] = o.kernel;
    let ([ph, pw], [sh, sw]) = ([i.kernel[2], i.kernel[3]], i.stride);
    let (th, tw) = (ph + (kh - 1) * o.dilation[0] * sh, pw + (kw - 1) * o.dilation[1] * sw);
    if outs.saturating_mul(per_group).saturating_mul(th * tw) > MAX_EVALUATED {
        return None;
    }
    let mut values = vec![0i64; outs * per_group * th * tw];
    for out in 0..outs {
        let first = out / (outs / o.groups) * per_group;
        for c in 0..per_group {
            let row = &mut values[(out * per_group + c) * th * tw..][..th * tw];
            for k in 0..kh * kw {
                let w = outer.at((out * per_group + c) * kh * kw + k);
                let (y0, x0) = (k / kw * o.dilation[0] * sh, k % kw * o.dilation[1] * sw);
                for p in 0..ph * pw {
                    let sum = &mut row[(y0 + p / pw) * tw + x0 + p % pw];
                    *sum = sum.checked_add(w.checked_mul(inner.at((first + c) * ph * pw + p))?)?;
                }
            }
        }
    }
    // The bottom and right padding that make the composed window stop where the original one does.
    let after = |size: usize, outputs: usize, stride: usize, reach: usize, before: usize| {
        ((outputs - 1) * stride + reach).saturating_sub(size + before)
    };
    let stride = [o.stride[0] * sh, o.stride[1] * sw];
    let shape = outer.shape;
    let pad = [
        top * sh,
        left * sw,
        after(source.h, shape.h, stride[0], th, top * sh),
        after(source.w, shape.w, stride[1], tw, left * sw),
    ];
    let kernel = [outs, per_group, th, tw];
    let conv =
        Conv2d { weights: WeightId(0), bias: None, kernel, stride, pad, dilation: [1, 1], groups: o.groups };
    let made = Kernel::conv(&conv, Weights { shape: kernel, storage: pack(&values)?, scale: None }, source)?;
    (made.shape == shape && matches!(made.op, Op::Conv2d(_))).then_some(made)
}
