//! The maximum of graded events.
//!
//! `max(a, b) = b + relu(a - b)`: a population without memory per pair, and what it gives out is added to
//! one of the two. In integers of one unit that is exact. The pairs of a window form a tree, so a window of
//! `k` takes `k - 1` such populations in `log2(k)` levels, and one that puts the sum together.

use std::collections::BTreeSet;

use snnc_ir::graph::op::{Conv2d, Op, Values, Window};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Storage, Weights};
use snnc_ir::graph::{Graph, Node, NodeId, Number};
use snnc_ir::neuron::{Activation, Model, Neuron, Spec};

use super::super::neuron::STATE_MAX;
use super::super::unit::{Key, Units, sources_of};
use super::{free_name, gives_events};

/// Most elements of a window.
const MAX_WINDOW: usize = 64;

/// Replaces the maximum over windows of events that share a unit.
pub(super) fn replace(graph: &mut Graph) {
    let mut at = 0;
    while at < graph.nodes.len() {
        let id = NodeId(at as u32);
        at += 1;
        if graph.number == Number::Real
            && let Op::MaxPool(pool) = graph.node(id).op
            && let Some(events) = events(graph, id, &pool.window)
        {
            at = Build::new(graph, id, pool.window, events).run() + 1;
        }
    }
}

/// Events whose maximum can be taken.
struct Events {
    /// What 1 stands for.
    unit: f32,
    /// Least and greatest value, in units.
    range: (i32, i32),
}

fn events(graph: &Graph, id: NodeId, window: &Window) -> Option<Events> {
    let source = graph.node(id).inputs[0];
    let Key::Same(unit) = Units::of(graph).key(graph, source) else { return None };
    if !gives_events(graph)[source.index()] || window.kernel[0] * window.kernel[1] > MAX_WINDOW {
        return None;
    }
    let (mut lo, mut hi) = (0, 0);
    for source in sources_of(graph, source) {
        let (l, h) = range(graph, source);
        (lo, hi) = (lo.min(l), hi.max(h));
    }
    let (most, added) = (STATE_MAX as i32, added(graph, source));
    let (lo, hi) = (lo.saturating_mul(added).clamp(-most, most), hi.saturating_mul(added).clamp(-most, most));
    // Padding takes no part in a maximum; a zero in its place does no harm when nothing is less.
    let sound = window.pad == [0; 4] || lo == 0;
    sound.then_some(Events { unit: f64::from_bits(unit) as f32, range: (lo, hi) })
}

/// How many events are added up to one value on the way to a node, at most.
fn added(graph: &Graph, id: NodeId) -> i32 {
    let mut seen = BTreeSet::new();
    let mut stack = vec![id];
    let mut added = 1i32;
    while let Some(at) = stack.pop() {
        let node = graph.node(at);
        if matches!(node.op, Op::Input(_) | Op::Neuron(_)) || !seen.insert(at) {
            continue;
        }
        if let Op::SumPool(pool) = &node.op {
            let window = pool.window.kernel[0].saturating_mul(pool.window.kernel[1]);
            added = added.saturating_mul(i32::try_from(window).unwrap_or(i32::MAX));
        }
        stack.extend(&node.inputs);
    }
    added
}

/// Least and greatest event of a source, in its unit.
fn range(graph: &Graph, id: NodeId) -> (i32, i32) {
    let most = STATE_MAX as i32;
    match &graph.node(id).op {
        Op::Input(input) => match input.values {
            Values::Integer { lo, hi } | Values::Quantised { lo, hi, .. } => (lo.max(-most), hi.min(most)),
            Values::Binary | Values::Real => (-most, most),
        },
        Op::Neuron(n) => match n.as_ref() {
            Neuron::Real(Spec { model: Model::Activation(a), .. }) => {
                let level = |l: i32| l.saturating_sub(a.zero_point).clamp(-most, most);
                (level(if a.relu { a.lo.max(a.zero_point.min(a.hi)) } else { a.lo }), level(a.hi))
            }
            Neuron::Real(Spec { model: Model::Spiking(_), .. }) => (0, most),
            _ => (-most, most),
        },
        _ => (-most, most),
    }
}

/// A partial maximum: one element of the window, and what populations add to it.
struct Form {
    element: usize,
    raised_by: Vec<NodeId>,
}

struct Build<'g> {
    graph: &'g mut Graph,
    /// Where the next node goes: directly before the pool.
    at: usize,
    pool: Node,
    window: Window,
    events: Events,
}

impl<'g> Build<'g> {
    fn new(graph: &'g mut Graph, id: NodeId, window: Window, events: Events) -> Self {
        let pool = graph.node(id).clone();
        Self { graph, at: id.index(), pool, window, events }
    }

    /// Builds the tree; gives the position of what was the pool.
    fn run(mut self) -> usize {
        let elements = self.window.kernel[0] * self.window.kernel[1];
        let form = |element| Form { element, raised_by: Vec::new() };
        let mut forms: Vec<Form> = (0..elements).map(form).collect();
        let (lo, hi) = self.events.range;
        while forms.len() > 1 {
            let mut next = Vec::with_capacity(forms.len().div_ceil(2));
            let mut pairs = forms.into_iter();
            while let Some(a) = pairs.next() {
                next.push(match pairs.next() {
                    None => a,
                    Some(b) => {
                        let difference = self.sum(&[(&a, 1), (&b, -1)]);
                        let relu = self.neuron(0, hi.saturating_sub(lo), true);
                        let raised = self.push("raise", relu, vec![difference], self.pool.shape);
                        let mut raised_by = b.raised_by;
                        raised_by.push(raised);
                        Form { element: b.element, raised_by }
                    }
                });
            }
            forms = next;
        }
        let whole: Vec<(&Form, i8)> = forms.iter().map(|f| (f, 1)).collect();
        let sum = self.sum(&whole);
        let op = self.neuron(lo, hi, false);
        let pool = &mut self.graph.nodes[self.at];
        pool.op = op;
        pool.inputs = vec![sum];
        self.at
    }

    fn neuron(&self, lo: i32, hi: i32, relu: bool) -> Op {
        let scale = self.events.unit;
        let model = Model::Activation(Activation { scale, zero_point: 0, lo, hi, relu, half_up: false });
        Op::Neuron(Box::new(Neuron::Real(Spec { model, start: 0 })))
    }

    /// A weighted sum of partial maxima.
    fn sum(&mut self, forms: &[(&Form, i8)]) -> NodeId {
        let mut kernel = vec![0i8; self.window.kernel[0] * self.window.kernel[1]];
        forms.iter().for_each(|(f, sign)| kernel[f.element] = *sign);
        let Window { kernel: size, stride, pad } = self.window;
        let picked = self.weigh(self.pool.inputs[0], &kernel, size, stride, pad);
        let mut terms = vec![picked];
        for (form, sign) in forms {
            for source in &form.raised_by {
                terms.push(self.weigh(*source, &[*sign], [1, 1], [1, 1], [0; 4]));
            }
        }
        if terms.len() == 1 { picked } else { self.push("sum", Op::Add, terms, self.pool.shape) }
    }

    /// A depthwise convolution with the same kernel for every channel.
    fn weigh(
        &mut self,
        source: NodeId,
        kernel: &[i8],
        size: [usize; 2],
        stride: [usize; 2],
        pad: [usize; 4],
    ) -> NodeId {
        let groups = self.pool.shape.c;
        let shape = [groups, 1, size[0], size[1]];
        let storage = Storage::I8(kernel.repeat(groups).into());
        let weights = self.graph.push_weights(Weights { shape, storage, scale: None });
        let conv = Conv2d { weights, kernel: shape, bias: None, stride, pad, dilation: [1, 1], groups };
        self.push("part", Op::Conv2d(conv), vec![source], self.pool.shape)
    }

    fn push(&mut self, suffix: &str, op: Op, inputs: Vec<NodeId>, shape: Shape) -> NodeId {
        let name = free_name(self.graph, &format!("{}.{suffix}", self.pool.name));
        let origin = self.pool.origin.clone();
        let made = self.graph.insert(self.at, Node { name, op, inputs, shape, origin });
        self.at += 1;
        made
    }
}
