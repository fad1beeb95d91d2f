//! Kernels as matrices.

use snnc_ir::graph::op::{Conv2d, Linear, Op};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::Weights;

use super::{MAX_EVALUATED, pack};
use crate::analysis::entries;
use crate::language::Kernel;

/// A kernel as a linear layer; `None` when it is too large, or one already.
pub(crate) fn rows(kernel: &Kernel) -> Option<Kernel> {
    if matches!(kernel.op, Op::Linear(_)) {
        return None;
    }
    let mut values = zeros(kernel.shape.len(), kernel.source.len())?;
    let width = kernel.source.len();
    entries(kernel, |to, from, w| values[to * width + from] += w);
    linear(&values, kernel.source, kernel.shape)
}

/// `outer` over `inner` as one linear layer from the source of `inner`. `None` when it is too large, or a product does
/// not fit.
pub(crate) fn product(outer: &Kernel, inner: &Kernel) -> Option<Kernel> {
    if inner.shape.len() != outer.source.len() {
        return None;
    }
    let width = inner.source.len();
    let mut values = zeros(outer.shape.len(), width)?;
    // The rows of the inner one, so that each entry of the outer one is one pass.
    let mut between: Vec<Vec<(usize, i64)>> = vec![Vec::new(); inner.shape.len()];
    entries(inner, |to, from, w| between[to].push((from, w)));
    let mut fits = true;
    entries(outer, |to, middle, w| {
        for (from, v) in &between[middle] {
            let sum = &mut values[to * width + from];
            match w.checked_mul(*v).and_then(|p| sum.checked_add(p)) {
                Some(next) => *sum = next,
                None => fits = false,
            }
        }
    });
    if fits { linear(&values, inner.source, outer.shape) } else { None }
}

/// The sum of two kernels that read the same and have the same geometry, in no more bits than the wider one has.
pub(crate) fn sum(a: &Kernel, b: &Kernel) -> Option<Kernel> {
    if (a.source, a.shape) != (b.source, b.shape) {
        return None;
    }
    let (op, a_values, b_values) = match (&a.op, &b.op) {
        (Op::Linear(_), Op::Linear(_)) => (a.op.clone(), a.weights.to_integer()?, b.weights.to_integer()?),
        (Op::Conv2d(x), Op::Conv2d(y)) => {
            let same = (x.stride, x.pad, x.dilation) == (y.stride, y.pad, y.dilation)
                && x.kernel[2..] == y.kernel[2..]
                && x.kernel[0] == y.kernel[0];
            if !same {
                return None;
            }
            if x.groups == y.groups {
                (a.op.clone(), a.weights.to_integer()?, b.weights.to_integer()?)
            } else {
                let op = Op::Conv2d(ungrouped_op(x));
                (op, ungrouped(a, x)?, ungrouped(b, y)?)
            }
        }
        _ => return None,
    };
    let bits = |k: &Kernel| k.weights.statistics().bits().unwrap_or(1);
    let values: Vec<i64> =
        a_values.iter().zip(&b_values).map(|(x, y)| i64::from(*x) + i64::from(*y)).collect();
    let shape = match &op {
        Op::Conv2d(conv) => conv.kernel,
        _ => a.weights.shape,
    };
    let weights = Weights { shape, storage: pack(&values)?, scale: None };
    let made = Kernel { op, weights, source: a.source, shape: a.shape };
    (bits(&made) <= bits(a).max(bits(b))).then_some(made)
}

fn ungrouped_op(conv: &Conv2d) -> Conv2d {
    let [out, per_group, kh, kw] = conv.kernel;
    Conv2d { kernel: [out, per_group * conv.groups, kh, kw], groups: 1, ..conv.clone() }
}

fn ungrouped(kernel: &Kernel, conv: &Conv2d) -> Option<Vec<i32>> {
    let [out, per_group, kh, kw] = conv.kernel;
    let ins = per_group * conv.groups;
    if out.saturating_mul(ins).saturating_mul(kh * kw) > MAX_EVALUATED {
        return None;
    }
    let mut values = vec![0i32; out * ins * kh * kw];
    for o in 0..out {
        let first = o / (out / conv.groups) * per_group;
        for k in 0..per_group * kh * kw {
            values[(o * ins + first) * kh * kw + k] =
                i32::try_from(kernel.at(o * per_group * kh * kw + k)).ok()?;
        }
    }
    Some(values)
}

/// The kernel with every weight divided by `factor`, which divides each.
pub(crate) fn scaled_down(kernel: &Kernel, factor: i64) -> Option<Kernel> {
    let values: Vec<i64> = kernel.weights.to_integer()?.iter().map(|w| i64::from(*w) / factor).collect();
    let weights = Weights { storage: pack(&values)?, ..kernel.weights.clone() };
    Some(Kernel { weights, ..kernel.clone() })
}

/// The kernel that reads only these channels of its source, in order.
pub(crate) fn restrict_inputs(kernel: &Kernel, kept: &[usize]) -> Option<Kernel> {
    let source = Shape { c: kept.len(), ..kernel.source };
    match &kernel.op {
        Op::Linear(_) => {
            let (plane, width) = (kernel.source.plane(), kernel.source.len());
            let mut values = Vec::with_capacity(kernel.shape.len() * source.len());
            for out in 0..kernel.shape.len() {
                for c in kept {
                    values.extend((0..plane).map(|p| kernel.at(out * width + c * plane + p)));
                }
            }
            linear(&values, source, kernel.shape)
        }
        Op::Conv2d(conv) if conv.groups == 1 => {
            let [out, ins, kh, kw] = conv.kernel;
            let mut values = Vec::with_capacity(out * kept.len() * kh * kw);
            for o in 0..out {
                for c in kept {
                    values.extend((0..kh * kw).map(|k| kernel.at((o * ins + c) * kh * kw + k)));
                }
            }
            let shape = [out, kept.len(), kh, kw];
            let conv = Conv2d { kernel: shape, ..conv.clone() };
            Kernel::conv(&conv, Weights { shape, storage: pack(&values)?, scale: None }, source)
        }
        _ => None,
    }
}

/// The kernel that gives only these channels, in order.
pub(crate) fn restrict_outputs(kernel: &Kernel, kept: &[usize]) -> Option<Kernel> {
    let shape = Shape { c: kept.len(), ..kernel.shape };
    let row = kernel.weights.row();
    match &kernel.op {
        Op::Linear(_) => {
            let plane = kernel.shape.plane();
            let mut values = Vec::with_capacity(shape.len() * row);
            for c in kept {
                values.extend((c * plane * row..(c + 1) * plane * row).map(|p| kernel.at(p)));
            }
            linear(&values, kernel.source, shape)
        }
        Op::Conv2d(conv) if conv.groups == 1 => {
            let mut values = Vec::with_capacity(kept.len() * row);
            for c in kept {
                values.extend((c * row..(c + 1) * row).map(|p| kernel.at(p)));
            }
            let [_, ins, kh, kw] = conv.kernel;
            let dims = [kept.len(), ins, kh, kw];
            let conv = Conv2d { kernel: dims, ..conv.clone() };
            Kernel::conv(&conv, Weights { shape: dims, storage: pack(&values)?, scale: None }, kernel.source)
        }
        _ => None,
    }
}

fn zeros(outputs: usize, inputs: usize) -> Option<Vec<i64>> {
    let size = outputs.checked_mul(inputs).filter(|n| *n <= MAX_EVALUATED)?;
    Some(vec![0; size])
}

fn linear(values: &[i64], source: Shape, shape: Shape) -> Option<Kernel> {
    let dims = [shape.len(), source.len(), 1, 1];
    let made = Kernel::linear(Weights { shape: dims, storage: pack(values)?, scale: None }, source, shape);
    matches!(made.op, Op::Linear(Linear { .. })).then_some(made)
}
