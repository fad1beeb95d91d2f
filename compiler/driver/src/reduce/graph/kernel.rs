//! Moves on windows: kernels, strides, padding, dilation, divisors.

use snnc_ir::graph::op::{Conv2d, MaxPool, Op, SumPool, Window};

use super::rebuild::{Change, rebuild};
use super::{Move, Network};
use crate::reduce::search::smaller;

/// Plainer windows, of every node that has one.
pub(super) fn moves(network: &Network) -> Vec<Move<Network>> {
    let graph = &network.0;
    let mut out: Vec<Move<Network>> = Vec::new();
    for id in graph.ids() {
        for op in variants(&graph.node(id).op) {
            let change = Change { ops: [(id, op)].into(), ..Change::default() };
            out.push(Box::new(move |network| rebuild(&network.0, &change)));
        }
    }
    out
}

/// What of a convolution is not at its plainest, its kernel aside.
pub(super) fn options(conv: &Conv2d) -> usize {
    let away = |list: &[usize], plain: usize| list.iter().filter(|v| **v != plain).count();
    away(&conv.stride, 1) + away(&conv.pad, 0) + away(&conv.dilation, 1) + usize::from(conv.groups != 1)
}

/// Rows and columns of a window, and what else of it is not at its plainest.
pub(super) fn window_options(window: &Window) -> usize {
    let away = |list: &[usize], plain: usize| list.iter().filter(|v| **v != plain).count();
    window.kernel.iter().sum::<usize>() + away(&window.stride, 1) + away(&window.pad, 0)
}

fn variants(op: &Op) -> Vec<Op> {
    match op {
        Op::Conv2d(conv) => convolutions(conv).into_iter().map(Op::Conv2d).collect(),
        Op::SumPool(pool) => {
            let mut out: Vec<Op> = windows(&pool.window)
                .into_iter()
                .map(|window| Op::SumPool(SumPool { window, ..*pool }))
                .collect();
            out.push(Op::SumPool(SumPool { divisor: 1, ..*pool }));
            out
        }
        Op::MaxPool(pool) => {
            windows(&pool.window).into_iter().map(|window| Op::MaxPool(MaxPool { window })).collect()
        }
        _ => Vec::new(),
    }
}

fn convolutions(conv: &Conv2d) -> Vec<Conv2d> {
    let mut out = Vec::new();
    let mut with = |change: &dyn Fn(&mut Conv2d)| {
        let mut conv = conv.clone();
        change(&mut conv);
        out.push(conv);
    };
    with(&|c| (c.kernel[2], c.kernel[3], c.pad, c.dilation) = (1, 1, [0; 4], [1; 2]));
    for axis in 0..2 {
        for size in smaller(conv.kernel[axis + 2]) {
            with(&|c| c.kernel[axis + 2] = size);
            // With as much less padding, so that the output keeps its size.
            with(&|c| {
                let less = (c.kernel[axis + 2] - size) * c.dilation[axis];
                let (before, after) = (c.pad[axis], c.pad[axis + 2]);
                c.kernel[axis + 2] = size;
                c.pad[axis] = before - (less / 2).min(before);
                c.pad[axis + 2] = after - less.div_ceil(2).min(after);
            });
        }
        with(&|c| c.stride[axis] = 1);
        with(&|c| c.dilation[axis] = 1);
    }
    with(&|c| c.pad = [0; 4]);
    for side in 0..4 {
        with(&|c| c.pad[side] = 0);
    }
    out
}

fn windows(window: &Window) -> Vec<Window> {
    let mut out = Vec::new();
    let mut with = |change: &dyn Fn(&mut Window)| {
        let mut window = *window;
        change(&mut window);
        out.push(window);
    };
    with(&|w| *w = Window { kernel: [1; 2], stride: [1; 2], pad: [0; 4] });
    for axis in 0..2 {
        for size in smaller(window.kernel[axis]) {
            with(&|w| w.kernel[axis] = size);
            with(&|w| (w.kernel[axis], w.stride[axis]) = (size, w.stride[axis].min(size)));
        }
        with(&|w| w.stride[axis] = 1);
    }
    with(&|w| w.pad = [0; 4]);
    for side in 0..4 {
        with(&|w| w.pad[side] = 0);
    }
    out
}
