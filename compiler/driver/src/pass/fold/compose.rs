//! Connections that follow each other become one.
//!
//! - A convolution without padding behind a convolution is one convolution: the kernels are convolved.
//!   Padding in between would need zeros where the composed kernel sees values.
//! - A linear layer behind a convolution or a linear layer is one linear layer.
//! - A pool behind a convolution is a depthwise convolution, and a 1×1 convolution of a sum the sum of
//!   convolutions, so that they take part.
//!
//! Only where the one has no more synapses than the two. Products are summed up in `f64`; integers of one
//! scale stay integers.

use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op, SumPool};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Scale, Storage, Weights};
use snnc_ir::graph::{Graph, Node, NodeId};
use snnc_ir::sim::taps;

use super::factor::{drop_unused_weights, set_weights};

/// Greatest number of weights of a composed connection.
const MAX_WEIGHTS: usize = 1 << 24;

/// Greatest number of products that composing two connections may take.
const MAX_PRODUCTS: usize = 1 << 30;

/// Composes every chain, from the inputs on.
pub(super) fn compose(graph: &mut Graph) {
    let mut at = 0;
    while at < graph.nodes.len() {
        let id = NodeId(at as u32);
        pool_of_sums(graph, id);
        if !scale_of_sum(graph, id) {
            compose_one(graph, id);
            at += 1;
        }
    }
    remove_unread(graph);
    drop_unused_weights(graph);
}

/// A pool without padding behind a convolution, as a depthwise convolution.
fn pool_of_sums(graph: &mut Graph, id: NodeId) {
    let Op::SumPool(SumPool { window, divisor }) = graph.node(id).op else { return };
    if window.pad != [0; 4] || !matches!(graph.node(graph.node(id).inputs[0]).op, Op::Conv2d(_)) {
        return;
    }
    let c = graph.node(id).shape.c;
    let op = super::average(graph, c, &window, divisor);
    graph.nodes[id.index()].op = op;
}

/// A 1×1 convolution of a sum that a connection is part of: the sum of the convolutions. `true` when it
/// was; the position then holds another node.
fn scale_of_sum(graph: &mut Graph, id: NodeId) -> bool {
    let node = graph.node(id).clone();
    let Op::Conv2d(conv) = &node.op else { return false };
    let Conv2d { kernel: [_, _, 1, 1], stride: [1, 1], pad: [0, 0, 0, 0], .. } = conv else { return false };
    let sum = graph.node(node.inputs[0]);
    let connected = |i: &NodeId| matches!(graph.node(*i).op, Op::Conv2d(_));
    if !matches!(sum.op, Op::Add) || !sum.inputs.iter().any(connected) {
        return false;
    }
    let sources = sum.inputs.clone();
    let mut terms = Vec::with_capacity(sources.len());
    for (k, source) in sources.into_iter().enumerate() {
        let bias = if k == 0 { conv.bias.clone() } else { None };
        let op = Op::Conv2d(Conv2d { bias, ..conv.clone() });
        let name = super::free_name(graph, &format!("{}.term{k}", node.name));
        let term = Node { name, op, inputs: vec![source], ..node.clone() };
        terms.push(graph.insert(id.index() + k, term));
    }
    let at = id.index() + terms.len();
    graph.nodes[at].op = Op::Add;
    graph.nodes[at].inputs = terms;
    true
}

fn compose_one(graph: &mut Graph, id: NodeId) {
    let node = graph.node(id);
    let mut source = node.inputs.first().copied();
    if matches!(node.op, Op::Linear(_)) {
        // A linear layer reads its input flattened.
        while let Some(at) = source.filter(|at| matches!(graph.node(*at).op, Op::Reshape)) {
            source = graph.node(at).inputs.first().copied();
        }
    }
    let Some(first) = source else { return };
    let before = graph.node(first);
    let Some(input) = before.inputs.first().copied() else { return };
    let shapes = Shapes { input: graph.node(input).shape, middle: before.shape, output: node.shape };
    let composed = match (&before.op, &node.op) {
        (Op::Conv2d(a), Op::Conv2d(b)) => convolutions(graph, a, b, shapes),
        (Op::Conv2d(_) | Op::Linear(_), Op::Linear(b)) => linear(graph, &before.op, b, shapes),
        _ => None,
    };
    let Some((mut op, weights)) = composed else { return };
    let mut origin = before.origin.clone();
    set_weights(&mut op, graph.push_weights(weights));
    let node = &mut graph.nodes[id.index()];
    origin.extend(node.origin.iter().filter(|o| !origin.contains(o)).cloned().collect::<Vec<_>>());
    node.origin = origin;
    node.op = op;
    node.inputs = vec![input];
}

/// Of the input of the first connection, between the two, and of the output of the second.
#[derive(Clone, Copy)]
struct Shapes {
    input: Shape,
    middle: Shape,
    output: Shape,
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn convolutions(graph: &Graph, a: &Conv2d, b: &Conv2d, shapes: Shapes) -> Option<(Op, Weights)> {
    if b.pad != [0; 4] {
        return None;
    }
    let (first, second) = (graph.weights(a.weights), graph.weights(b.weights));
    let mut kernel = [b.kernel[0], 0, 0, 0];
    let (mut stride, mut dilation) = ([1; 2], [1; 2]);
    for axis in 0..2 {
        // Distances, in rows or columns of the input, between elements of the two kernels.
        let near = if a.kernel[axis + 2] > 1 { a.dilation[axis] } else { 0 };
        let far = if b.kernel[axis + 2] > 1 { b.dilation[axis].checked_mul(a.stride[axis])? } else { 0 };
        dilation[axis] = gcd(near, far).max(1);
        let reach = (a.kernel[axis + 2] - 1).checked_mul(near)?;
        let reach = reach.checked_add((b.kernel[axis + 2] - 1).checked_mul(far)?)?;
        kernel[axis + 2] = reach / dilation[axis] + 1;
        stride[axis] = a.stride[axis].checked_mul(b.stride[axis])?;
    }
    let groups = gcd(a.groups, b.groups);
    kernel[1] = shapes.input.c / groups;
    let [out, per_group, kh, kw] = kernel;
    let row = per_group.checked_mul(kh)?.checked_mul(kw)?;
    let separate = shapes.middle.len().saturating_mul(first.row());
    let separate = separate.saturating_add(shapes.output.len().saturating_mul(second.row()));
    if shapes.output.len().checked_mul(row)? > separate
        || out.checked_mul(row)? > MAX_WEIGHTS
        || second.len().checked_mul(first.row())? > MAX_PRODUCTS
    {
        return None;
    }
    let mut sums = Sums::new(out * row, first, second);
    let bias_of = |m: usize| real_bias(a.bias.as_ref(), m, 1);
    let mut bias: Vec<f64> = (0..out).map(|o| real_bias(b.bias.as_ref(), o, 1)).collect();
    let (in_a, in_b) = (a.kernel[1], b.kernel[1]);
    let offset = |axis: usize, ka: usize, kb: usize| {
        (ka * a.dilation[axis] + kb * b.dilation[axis] * a.stride[axis]) / dilation[axis]
    };
    for (o, own_bias) in bias.iter_mut().enumerate() {
        let group = o / (out / groups);
        for j in 0..in_b {
            let m = o / (out / b.groups) * in_b + j;
            for by in 0..b.kernel[2] {
                for bx in 0..b.kernel[3] {
                    let pb = ((o * in_b + j) * b.kernel[2] + by) * b.kernel[3] + bx;
                    *own_bias += f64::from(second.real(pb)) * bias_of(m);
                    for i in 0..in_a {
                        let channel = m / (a.kernel[0] / a.groups) * in_a + i - group * per_group;
                        for ay in 0..a.kernel[2] {
                            for ax in 0..a.kernel[3] {
                                let pa = ((m * in_a + i) * a.kernel[2] + ay) * a.kernel[3] + ax;
                                let (y, x) = (offset(0, ay, by), offset(1, ax, bx));
                                sums.add(((o * per_group + channel) * kh + y) * kw + x, pa, pb);
                            }
                        }
                    }
                }
            }
        }
    }
    let bias = (a.bias.is_some() || b.bias.is_some()).then(|| channel_bias(bias));
    let conv = Conv2d { weights: b.weights, kernel, bias, stride, pad: a.pad, dilation, groups };
    // The composed window stops where the two do.
    (conv.output_shape(shapes.input) == Ok(shapes.output)).then_some(())?;
    Some((Op::Conv2d(conv), sums.weights(kernel)?))
}

fn linear(graph: &Graph, a: &Op, b: &Linear, shapes: Shapes) -> Option<(Op, Weights)> {
    let (first, second) = (graph.weights(a.weights()?), graph.weights(b.weights));
    let (inputs, middle) = (shapes.input.len(), shapes.middle.len());
    let size = inputs.checked_mul(b.outputs)?;
    let separate = middle.saturating_mul(first.row()).saturating_add(middle.saturating_mul(b.outputs));
    let products = second.len().checked_mul(first.row())?;
    if size > separate || size > MAX_WEIGHTS || products > MAX_PRODUCTS {
        return None;
    }
    let bias_a = match a {
        Op::Conv2d(conv) => conv.bias.as_ref(),
        Op::Linear(linear) => linear.bias.as_ref(),
        _ => None,
    };
    let mut sums = Sums::new(size, first, second);
    let mut bias: Vec<f64> = (0..b.outputs).map(|o| real_bias(b.bias.as_ref(), o, 1)).collect();
    for m in 0..middle {
        let plane = shapes.middle.plane();
        let place = match a {
            Op::Linear(_) => (m, 0, 0),
            _ => (m / plane, m % plane / shapes.middle.w, m % shapes.middle.w),
        };
        let own = real_bias(bias_a, m, plane);
        for (o, sum) in bias.iter_mut().enumerate() {
            *sum += f64::from(second.real(o * middle + m)) * own;
        }
        taps(a, shapes.input, place, |tap| {
            for o in 0..b.outputs {
                sums.add(o * inputs + tap.source, tap.weight, o * middle + m);
            }
        });
    }
    let bias = (bias_a.is_some() || b.bias.is_some()).then(|| channel_bias(bias));
    let op = Op::Linear(Linear { weights: b.weights, outputs: b.outputs, inputs, bias });
    Some((op, sums.weights([b.outputs, inputs, 1, 1])?))
}

fn real_bias(bias: Option<&Bias>, index: usize, plane: usize) -> f64 {
    match bias {
        Some(Bias::Real(p)) => f64::from(p.at(index, plane)),
        Some(Bias::Integer(p)) => f64::from(p.at(index, plane)),
        None => 0.0,
    }
}

fn channel_bias(values: Vec<f64>) -> Bias {
    Bias::Real(Param::PerChannel(values.into_iter().map(|v| v as f32).collect()))
}

/// Sums of products of weights.
enum Sums<'w> {
    /// Of integers of one scale each: the sums, and the scale of the products.
    Integer(Vec<i64>, f32, &'w Weights, &'w Weights),
    Real(Vec<f64>, &'w Weights, &'w Weights),
}

impl<'w> Sums<'w> {
    fn new(len: usize, first: &'w Weights, second: &'w Weights) -> Self {
        let scale = |w: &Weights| match w.scale {
            _ if !w.is_integer() => None,
            None => Some(1.0),
            Some(Scale::PerTensor(s)) => Some(s),
            Some(Scale::PerChannel(_)) => None,
        };
        match (scale(first), scale(second)) {
            (Some(a), Some(b)) => Self::Integer(vec![0; len], a * b, first, second),
            _ => Self::Real(vec![0.0; len], first, second),
        }
    }

    /// Adds the product of a weight of each at that place.
    fn add(&mut self, at: usize, first: usize, second: usize) {
        match self {
            Self::Integer(sums, _, a, b) => {
                let of = |w: &Weights, k| i64::from(w.integer(k).unwrap_or(0));
                sums[at] = sums[at].saturating_add(of(a, first) * of(b, second));
            }
            Self::Real(sums, a, b) => sums[at] += f64::from(a.real(first)) * f64::from(b.real(second)),
        }
    }

    fn weights(self, shape: [usize; 4]) -> Option<Weights> {
        let (storage, scale) = match self {
            Self::Integer(sums, scale, ..) => {
                let narrow: Option<Vec<i8>> = sums.iter().map(|v| i8::try_from(*v).ok()).collect();
                let storage = match narrow {
                    Some(values) => Storage::I8(values.into()),
                    None => {
                        let wide: Option<Vec<i32>> = sums.iter().map(|v| i32::try_from(*v).ok()).collect();
                        Storage::I32(wide?.into())
                    }
                };
                (storage, Some(Scale::PerTensor(scale)))
            }
            Self::Real(sums, ..) => (Storage::F32(sums.into_iter().map(|v| v as f32).collect()), None),
        };
        let weights = Weights { shape, storage, scale };
        (0..weights.len()).all(|k| weights.real(k).is_finite()).then_some(weights)
    }
}

/// Takes out connections, sums and reshapes that nothing reads any more.
fn remove_unread(graph: &mut Graph) {
    for at in (0..graph.nodes.len()).rev() {
        let id = NodeId(at as u32);
        let linear = matches!(
            graph.node(id).op,
            Op::Conv2d(_) | Op::Linear(_) | Op::SumPool(_) | Op::Reshape | Op::Add
        );
        if linear && !graph.nodes.iter().any(|n| n.inputs.contains(&id)) {
            graph.remove(id);
        }
    }
}
