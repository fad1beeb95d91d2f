//! A graph with a change, and what follows from it for every shape, weight and parameter behind it.

use std::collections::BTreeMap;

use snnc_ir::graph::op::{Conv2d, Linear, Op, Slice, Window, concat_shape};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::verify::MAX_ELEMENTS;
use snnc_ir::graph::weights::{Scale, Storage, WeightId, Weights};
use snnc_ir::graph::{Graph, NodeId};

use super::overlay::Overlay;
use super::{Network, params, sound};

/// Rounds of a graph with loops: shapes go once around each.
const ROUNDS: usize = 4;

/// How many times as many weights a connection may get that reads something larger.
const GROWTH: usize = 16;

/// As many it may have in any case.
const FREE: usize = 1 << 16;

/// What is to be different.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    /// Reads of a node that become reads of another, of any shape.
    pub(super) instead: BTreeMap<NodeId, NodeId>,
    /// Other inputs of a node, in place of all that it has.
    pub(super) inputs: BTreeMap<NodeId, Vec<NodeId>>,
    /// Another operator of a node; its weights are those of the old one, cut to its kernel.
    pub(super) ops: BTreeMap<NodeId, Op>,
    /// Other shapes of inputs; of a connection with weights the channels count.
    pub(super) shapes: BTreeMap<NodeId, Shape>,
}

/// The changed graph without what became superfluous; `None` when the change cannot be made to fit.
pub(super) fn rebuild(graph: &Graph, change: &Change) -> Option<Network> {
    let mut overlays: Vec<Overlay> = graph.nodes.iter().map(|n| Overlay::same(n.shape)).collect();
    for _ in 0..ROUNDS {
        let before = overlays.clone();
        let mut new = Graph { nodes: Vec::with_capacity(graph.nodes.len()), ..graph.clone() };
        for id in graph.ids() {
            let node = node(graph, id, change, &mut overlays, &mut new)?;
            new.push(node);
        }
        // A loop is closed by a delay, which read the overlay of the round before.
        if before == overlays || !graph.nodes.iter().any(|n| matches!(n.op, Op::Delay(_))) {
            return sound(&new);
        }
    }
    None
}

fn node(
    graph: &Graph,
    id: NodeId,
    change: &Change,
    overlays: &mut [Overlay],
    new: &mut Graph,
) -> Option<snnc_ir::graph::Node> {
    let old = graph.node(id);
    let wanted = change.inputs.get(&id).unwrap_or(&old.inputs);
    let mut inputs = Vec::with_capacity(wanted.len());
    let mut over = Vec::with_capacity(wanted.len());
    for input in wanted {
        let source = change.instead.get(input).copied().unwrap_or(*input);
        let expected = graph.node(*input).shape;
        let overlay = &overlays[source.index()];
        over.push(if source == *input { overlay.clone() } else { Overlay::wrap(overlay.shape, expected) });
        inputs.push(source);
    }
    let op = change.ops.get(&id).unwrap_or(&old.op);
    let shape = change.shapes.get(&id).copied();
    let fit = Fit { graph, old: old.shape, over: &over, shape, new };
    let (op, overlay) = fit.op(op)?;
    if overlay.shape.len() > MAX_ELEMENTS {
        return None;
    }
    let node = snnc_ir::graph::Node { op, inputs, shape: overlay.shape, ..old.clone() };
    overlays[id.index()] = overlay;
    Some(node)
}

/// One operator over its new inputs.
struct Fit<'a> {
    graph: &'a Graph,
    /// The old shape of its value.
    old: Shape,
    over: &'a [Overlay],
    /// The shape that is asked for.
    shape: Option<Shape>,
    new: &'a mut Graph,
}

impl Fit<'_> {
    fn op(self, op: &Op) -> Option<(Op, Overlay)> {
        let first = self.over.first();
        let old = self.old;
        match op {
            Op::Input(_) => Some((op.clone(), Overlay::wrap(self.shape.unwrap_or(old), old))),
            Op::Conv2d(conv) => self.conv(conv, first?),
            Op::Linear(linear) => self.linear(linear, first?),
            Op::SumPool(pool) => {
                let (window, overlay) = windowed(&pool.window, first?, old)?;
                Some((Op::SumPool(snnc_ir::graph::op::SumPool { window, ..*pool }), overlay))
            }
            Op::MaxPool(pool) => {
                let (window, overlay) = windowed(&pool.window, first?, old)?;
                Some((Op::MaxPool(snnc_ir::graph::op::MaxPool { window }), overlay))
            }
            Op::Add => {
                let first = first?;
                self.over.iter().all(|o| o.shape == first.shape).then(|| (Op::Add, first.clone()))
            }
            Op::Concat => concat(self.over, old),
            Op::Reshape => Some((Op::Reshape, reshaped(first?, old))),
            Op::Slice(slice) => Some(sliced(slice, first?, old)),
            Op::Neuron(neuron) => {
                let first = first?;
                let mut neuron = neuron.clone();
                if first.from.is_some() {
                    params::each(&mut neuron, &mut |p| *p = first.param(p), &mut |p| *p = first.param(p));
                }
                Some((Op::Neuron(neuron), first.clone()))
            }
            Op::Delay(_) | Op::Output => Some((op.clone(), first?.clone())),
        }
    }

    fn conv(self, conv: &Conv2d, input: &Overlay) -> Option<(Op, Overlay)> {
        let mut conv = conv.clone();
        let [old_out, old_per, ..] = self.graph.weights(conv.weights).shape;
        let (c, h, w) = (input.shape.c, input.shape.h, input.shape.w);
        let old_groups = conv.groups;
        let per_out = old_out / old_groups;
        let mut out_of_group = per_out;
        if old_groups == 1 {
            conv.kernel[1] = c;
        } else {
            // A group keeps its width, and there are as many as fit.
            conv.groups = (c % old_per == 0).then_some(c / old_per)?;
        }
        if let Some(shape) = self.shape {
            out_of_group = (shape.c % old_groups == 0).then_some(shape.c / old_groups)?;
        }
        conv.kernel[0] = out_of_group * conv.groups;
        for (axis, size) in [h, w].into_iter().enumerate() {
            let padded = size + conv.pad[axis] + conv.pad[axis + 2];
            let most = (padded.checked_sub(1)?) / conv.dilation[axis] + 1;
            conv.kernel[axis + 2] = conv.kernel[axis + 2].min(most);
        }
        let shape = conv.output_shape(input.shape).ok()?;
        let outs: Vec<usize> = (0..conv.kernel[0])
            .map(|o| (o / out_of_group % old_groups) * per_out + (o % out_of_group) % per_out)
            .collect();
        let ins: Vec<usize> = (0..conv.kernel[1])
            .map(|i| if old_groups == 1 { input.channel(i) } else { i % old_per })
            .collect();
        let overlay = Overlay::channels(shape, self.old, &outs);
        conv.bias = conv.bias.as_ref().map(|b| overlay.bias(b));
        conv.weights = gather(self.new, conv.weights, conv.kernel, &outs, &ins)?;
        Some((Op::Conv2d(conv), overlay))
    }

    fn linear(self, linear: &Linear, input: &Overlay) -> Option<(Op, Overlay)> {
        let outputs = self.shape.map_or(linear.outputs, |s| s.c);
        let overlay = Overlay::wrap(Shape::flat(outputs), self.old);
        let outs: Vec<usize> = (0..outputs).map(|o| overlay.at(o)).collect();
        let ins: Vec<usize> = (0..input.shape.len()).map(|k| input.at(k)).collect();
        let shape = [outputs, ins.len(), 1, 1];
        let weights = gather(self.new, linear.weights, shape, &outs, &ins)?;
        let bias = linear.bias.as_ref().map(|b| overlay.bias(b));
        Some((Op::Linear(Linear { weights, outputs, inputs: ins.len(), bias }), overlay))
    }
}

/// A window made to fit what it slides over.
fn windowed(window: &Window, input: &Overlay, old: Shape) -> Option<(Window, Overlay)> {
    let mut window = *window;
    for (axis, size) in [input.shape.h, input.shape.w].into_iter().enumerate() {
        window.kernel[axis] = window.kernel[axis].min(size + window.pad[axis] + window.pad[axis + 2]);
        for side in [axis, axis + 2] {
            window.pad[side] = window.pad[side].min(window.kernel[axis] - 1);
        }
    }
    let shape = window.output_shape(input.shape).ok()?;
    let channels: Vec<usize> = (0..shape.c).map(|c| input.channel(c) % old.c).collect();
    Some((window, Overlay::channels(shape, old, &channels)))
}

fn concat(over: &[Overlay], old: Shape) -> Option<(Op, Overlay)> {
    let shapes: Vec<Shape> = over.iter().map(|o| o.shape).collect();
    let shape = concat_shape(&shapes).ok()?;
    if over.iter().all(|o| o.from.is_none()) && shape == old {
        return Some((Op::Concat, Overlay::same(shape)));
    }
    let mut from = Vec::with_capacity(shape.len());
    let mut start = 0;
    for part in over {
        // An operand that was left out shifts the others: old positions are taken modulo what there was.
        from.extend((0..part.shape.len()).map(|k| (start + part.at(k)) % old.len()));
        start += part.old.len();
    }
    Some((Op::Concat, Overlay { shape, old, from: Some(from) }))
}

fn reshaped(input: &Overlay, old: Shape) -> Overlay {
    let len = input.shape.len();
    let shape = if old.h == 1 && old.w == 1 {
        Shape::flat(len)
    } else if len.is_multiple_of(old.plane()) {
        Shape::new(len / old.plane(), old.h, old.w)
    } else {
        Shape::flat(len)
    };
    Overlay { shape, old, from: input.from.clone() }
}

fn sliced(slice: &Slice, input: &Overlay, old: Shape) -> (Op, Overlay) {
    let mut slice = *slice;
    for (axis, size) in [input.shape.c, input.shape.h, input.shape.w].into_iter().enumerate() {
        let length = (slice.end[axis] - slice.start[axis]).min(size);
        slice.start[axis] = slice.start[axis].min(size - length);
        slice.end[axis] = slice.start[axis] + length;
    }
    let d = |a: usize| slice.end[a] - slice.start[a];
    (Op::Slice(slice), Overlay::wrap(Shape::new(d(0), d(1), d(2)), old))
}

/// Adds weights of a shape that are those of an old tensor at the given outputs and fan-in channels, the
/// first rows and columns of its kernel.
fn gather(
    graph: &mut Graph,
    id: WeightId,
    shape: [usize; 4],
    outs: &[usize],
    ins: &[usize],
) -> Option<WeightId> {
    let old = graph.weights(id);
    let identity = |list: &[usize]| list.iter().enumerate().all(|(k, v)| k == *v);
    if shape == old.shape && identity(outs) && identity(ins) {
        return Some(id);
    }
    let most = old.len().saturating_mul(GROWTH).clamp(FREE, MAX_ELEMENTS);
    let len = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).filter(|n| *n <= most)?;
    let scale = old.scale.as_ref().map(|scale| match scale {
        Scale::PerTensor(s) => Scale::PerTensor(*s),
        Scale::PerChannel(all) => Scale::PerChannel(outs.iter().map(|o| all[*o]).collect()),
    });
    let mut positions = Vec::new();
    if !matches!(old.storage, Storage::Seeded(_)) {
        positions.reserve(len);
        for o in outs {
            for i in ins {
                for y in 0..shape[2] {
                    let row = ((o * old.shape[1] + i) * old.shape[2] + y) * old.shape[3];
                    positions.extend(row..row + shape[3]);
                }
            }
        }
    }
    let storage = match &old.storage {
        Storage::F32(v) => Storage::F32(positions.iter().map(|p| v[*p]).collect()),
        Storage::I8(v) => Storage::I8(positions.iter().map(|p| v[*p]).collect()),
        Storage::I32(v) => Storage::I32(positions.iter().map(|p| v[*p]).collect()),
        Storage::Sparse { .. } => {
            Storage::I32(positions.iter().map(|p| old.integer(*p).unwrap_or(0)).collect())
        }
        // As good as any other: what counts is the distribution.
        Storage::Seeded(seeded) => Storage::Seeded(*seeded),
    };
    Some(graph.push_weights(Weights { shape, storage, scale }))
}
