//! Two connections as one.

use snnc_ir::graph::op::{Conv2d, Linear, Window};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Storage, Weights};

/// Sum pooling followed by a convolution as one convolution. `None` where that is not exact: windows
/// that overlap, or rows and columns that pooling leaves out, in combination with padding.
pub(super) fn pool_conv(
    pool: &Window,
    input: Shape,
    pooled: Shape,
    conv: &Conv2d,
    weights: &Weights,
) -> Option<(Conv2d, Weights)> {
    let [ph, pw] = pool.kernel;
    let [sh, sw] = pool.stride;
    if pool.pad != [0; 4] {
        return None;
    }
    // A padded position of the pooled map must see only zeros of the input.
    let covers = |kernel: usize, stride: usize, pooled: usize, size: usize| {
        kernel <= stride && pooled * stride >= size
    };
    let [top, left, bottom, right] = conv.pad;
    if (top + bottom > 0 && !covers(ph, sh, pooled.h, input.h))
        || (left + right > 0 && !covers(pw, sw, pooled.w, input.w))
    {
        return None;
    }
    let [out, per_group, kh, kw] = conv.kernel;
    let (th, tw) = (ph + (kh - 1) * conv.dilation[0] * sh, pw + (kw - 1) * conv.dilation[1] * sw);
    let mut values = vec![0i64; out * per_group * th * tw];
    for o in 0..out * per_group {
        for ky in 0..kh {
            for kx in 0..kw {
                let w = i64::from(weights.integer((o * kh + ky) * kw + kx)?);
                let (y0, x0) = (ky * conv.dilation[0] * sh, kx * conv.dilation[1] * sw);
                for y in y0..y0 + ph {
                    for x in x0..x0 + pw {
                        values[(o * th + y) * tw + x] += w;
                    }
                }
            }
        }
    }
    // The bottom and right padding that make the composed window stop where the original one does.
    let after = |size: usize, outputs: usize, stride: usize, reach: usize, before: usize| {
        ((outputs - 1) * stride + reach).checked_sub(size + before)
    };
    let outputs = conv.output_shape(pooled).ok()?;
    let stride = [conv.stride[0] * sh, conv.stride[1] * sw];
    let pad = [
        top * sh,
        left * sw,
        after(input.h, outputs.h, stride[0], th, top * sh).unwrap_or(0),
        after(input.w, outputs.w, stride[1], tw, left * sw).unwrap_or(0),
    ];
    let kernel = [out, per_group, th, tw];
    let conv = Conv2d { kernel, stride, pad, dilation: [1, 1], ..conv.clone() };
    if conv.output_shape(input).ok()? != outputs {
        return None;
    }
    Some((conv, Weights { shape: kernel, storage: pack(&values)?, scale: None }))
}

/// Sum pooling followed by a linear layer as one linear layer. `None` when a sum does not fit 32 bits.
pub(super) fn pool_linear(
    pool: &Window,
    input: Shape,
    pooled: Shape,
    linear: &Linear,
    weights: &Weights,
) -> Option<(Linear, Weights)> {
    let range = |at: usize, axis: usize, size: usize| {
        let start = at * pool.stride[axis];
        start.saturating_sub(pool.pad[axis])
            ..(start + pool.kernel[axis]).saturating_sub(pool.pad[axis]).min(size)
    };
    let mut values = vec![0i64; linear.outputs * input.len()];
    for (o, row) in values.chunks_exact_mut(input.len()).enumerate() {
        for c in 0..pooled.c {
            for py in 0..pooled.h {
                for px in 0..pooled.w {
                    let w = i64::from(weights.integer(o * linear.inputs + pooled.index(c, py, px))?);
                    for y in range(py, 0, input.h) {
                        for x in range(px, 1, input.w) {
                            row[input.index(c, y, x)] += w;
                        }
                    }
                }
            }
        }
    }
    let shape = [linear.outputs, input.len(), 1, 1];
    let linear = Linear { inputs: input.len(), bias: None, ..linear.clone() };
    Some((linear, Weights { shape, storage: pack(&values)?, scale: None }))
}

/// The share of a convolution (of one group) that reads the channels `first..first + count`.
pub(super) fn input_channels(
    conv: &Conv2d,
    weights: &Weights,
    first: usize,
    count: usize,
) -> (Conv2d, Weights) {
    let [out, per_group, kh, kw] = conv.kernel;
    let kernel = [out, count, kh, kw];
    let mut values = Vec::with_capacity(out * count * kh * kw);
    for o in 0..out {
        for k in 0..count * kh * kw {
            values.push(i64::from(weights.integer((o * per_group + first) * kh * kw + k).unwrap_or(0)));
        }
    }
    let storage = pack(&values).unwrap_or_else(|| Storage::I32(vec![0; values.len()].into()));
    (Conv2d { kernel, ..conv.clone() }, Weights { shape: kernel, storage, scale: None })
}

/// Integers in the smallest storage that holds them; `None` when they do not fit 32 bits.
pub(super) fn pack(values: &[i64]) -> Option<Storage> {
    if let Ok(small) = values.iter().map(|v| i8::try_from(*v)).collect::<Result<Vec<i8>, _>>() {
        return Some(Storage::I8(small.into()));
    }
    let wide = values.iter().map(|v| i32::try_from(*v)).collect::<Result<Vec<i32>, _>>().ok()?;
    Some(Storage::I32(wide.into()))
}
