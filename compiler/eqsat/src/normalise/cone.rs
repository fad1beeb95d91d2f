//! What lies between a population and its sources.

use std::collections::BTreeMap;

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::{Conv2d, Linear, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Storage, Weights};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::text::print_node;
use snnc_machine::network::Projection;

use super::{affine, compose};

/// Everything that flows into a population.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    pub(super) projections: Vec<Projection>,
    pub(super) bias: Option<Param<i32>>,
    /// ONNX names of the nodes in between.
    pub(super) origin: Vec<String>,
}

/// A source population as a connection reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Source {
    layer: usize,
    delay: u32,
    shape: Shape,
}

/// The connections that end in `end`, which a population reads.
pub(super) fn connections(
    graph: &Graph,
    layer_of: &[Option<usize>],
    end: NodeId,
) -> Result<Incoming, Vec<Diagnostic>> {
    let nodes = members(graph, layer_of, end);
    let refused: Vec<Diagnostic> = nodes.iter().filter_map(|id| not_linear(graph, *id)).collect();
    if !refused.is_empty() {
        return Err(refused);
    }
    let cone = Cone { graph, layer_of };
    let mut terms = Vec::new();
    let structured = cone.terms(end, &mut terms);
    let projections = if structured {
        terms
    } else {
        affine::projections(graph, layer_of, end, &nodes).map_err(|d| vec![d])?
    };
    let bias = if nodes.iter().any(|id| has_bias(&graph.node(*id).op)) {
        affine::constant(graph, layer_of, end, &nodes)
    } else {
        None
    };
    // A delay has the names of the population that it delays.
    let own = nodes.iter().filter(|id| !matches!(graph.node(**id).op, Op::Delay(_)));
    let origin = own.flat_map(|id| graph.node(*id).origin.iter().cloned()).collect();
    Ok(Incoming { projections, bias, origin })
}

/// The nodes between the sources and `end`, in graph order, populations excluded.
fn members(graph: &Graph, layer_of: &[Option<usize>], end: NodeId) -> Vec<NodeId> {
    let mut seen = BTreeMap::new();
    let mut stack = vec![end];
    while let Some(id) = stack.pop() {
        if layer_of[id.index()].is_some() || seen.insert(id, ()).is_some() {
            continue;
        }
        stack.extend(&graph.node(id).inputs);
    }
    seen.into_keys().collect()
}

fn not_linear(graph: &Graph, id: NodeId) -> Option<Diagnostic> {
    let node = graph.node(id);
    matches!(node.op, Op::MaxPool(_)).then(|| {
        Diagnostic::new(Code::UnsupportedLayer, "this max pooling has no form in synapses and neurons")
            .at(Location::node(&node.name).with_line(print_node(graph, id)))
            .label("the maximum is not a weighted sum")
            .remedy("pool behind the neurons, where it is the maximum of spikes, or use average pooling; then train again")
    })
}

fn has_bias(op: &Op) -> bool {
    matches!(op, Op::Conv2d(Conv2d { bias: Some(_), .. }) | Op::Linear(Linear { bias: Some(_), .. }))
}

struct Cone<'a> {
    graph: &'a Graph,
    layer_of: &'a [Option<usize>],
}

impl Cone<'_> {
    /// Adds the projections of a sum of structured connections; `false` when one has no such form.
    fn terms(&self, end: NodeId, out: &mut Vec<Projection>) -> bool {
        let mut stack = vec![end];
        while let Some(id) = stack.pop() {
            let node = self.graph.node(id);
            if matches!(node.op, Op::Add) && self.layer_of[id.index()].is_none() {
                stack.extend(node.inputs.iter().rev());
            } else if !self.connection(id, self.graph.node(end).shape, out) {
                return false;
            }
        }
        true
    }

    /// Adds the projections of one connection that ends in `id`.
    fn connection(&self, id: NodeId, shape: Shape, out: &mut Vec<Projection>) -> bool {
        let node = self.graph.node(id);
        match &node.op {
            _ if let Some(source) = self.source(id) => {
                // Nothing in between: weight 1.
                if source.shape != shape {
                    return false;
                }
                out.push(ones(source, [1, 1], [1, 1], [0; 4]));
                true
            }
            // A linear layer's outputs keep their order through any reshape behind it.
            Op::Reshape if matches!(self.graph.node(node.inputs[0]).op, Op::Linear(_)) => {
                self.connection(node.inputs[0], shape, out)
            }
            Op::Linear(linear) => self.linear(linear, node.inputs[0], out),
            Op::SumPool(pool) => {
                let Some(source) = self.source(node.inputs[0]) else { return false };
                out.push(ones(source, pool.window.kernel, pool.window.stride, pool.window.pad));
                node.shape == shape
            }
            Op::Conv2d(conv) if node.shape == shape => self.convolution(conv, node.inputs[0], out),
            _ => false,
        }
    }

    fn linear(&self, linear: &Linear, input: NodeId, out: &mut Vec<Projection>) -> bool {
        let weights = self.graph.weights(linear.weights);
        if let Some(source) = self.source(input) {
            let op = Op::Linear(Linear { bias: None, ..linear.clone() });
            out.push(projection(source, op, weights.clone()));
            return true;
        }
        let mut pooled = input;
        while matches!(self.graph.node(pooled).op, Op::Reshape) {
            pooled = self.graph.node(pooled).inputs[0];
        }
        let node = self.graph.node(pooled);
        let Op::SumPool(pool) = &node.op else { return false };
        let Some(source) = self.source(node.inputs[0]) else { return false };
        if source.shape.len().saturating_mul(linear.outputs) > super::MAX_EVALUATED {
            return false;
        }
        let Some((linear, weights)) =
            compose::pool_linear(&pool.window, source.shape, node.shape, linear, weights)
        else {
            return false;
        };
        out.push(projection(source, Op::Linear(linear), weights));
        true
    }

    fn convolution(&self, conv: &Conv2d, input: NodeId, out: &mut Vec<Projection>) -> bool {
        let weights = self.graph.weights(conv.weights);
        let plain = Conv2d { bias: None, ..conv.clone() };
        if let Some(source) = self.source(input) {
            out.push(projection(source, Op::Conv2d(plain), weights.clone()));
            return true;
        }
        let node = self.graph.node(input);
        match &node.op {
            Op::SumPool(pool) => {
                let Some(source) = self.source(node.inputs[0]) else { return false };
                let Some((conv, weights)) =
                    compose::pool_conv(&pool.window, source.shape, node.shape, &plain, weights)
                else {
                    return false;
                };
                out.push(projection(source, Op::Conv2d(conv), weights));
                true
            }
            Op::Concat if conv.groups == 1 => {
                let mut first = 0;
                for part in &node.inputs {
                    let Some(source) = self.source(*part) else { return false };
                    let (conv, weights) = compose::input_channels(&plain, weights, first, source.shape.c);
                    out.push(projection(source, Op::Conv2d(conv), weights));
                    first += source.shape.c;
                }
                true
            }
            _ => false,
        }
    }

    /// The population behind delays and reshapes.
    fn source(&self, id: NodeId) -> Option<Source> {
        let shape = self.graph.node(id).shape;
        let mut delay = 0u32;
        let mut at = id;
        loop {
            if let Some(layer) = self.layer_of[at.index()] {
                return Some(Source { layer, delay, shape });
            }
            let node = self.graph.node(at);
            match &node.op {
                Op::Delay(d) => delay = delay.saturating_add(d.steps),
                Op::Reshape => {}
                _ => return None,
            }
            at = node.inputs[0];
        }
    }
}

fn projection(source: Source, op: Op, weights: Weights) -> Projection {
    Projection::new(source.layer, source.delay, source.shape, op, weights)
}

/// A depthwise convolution with all weights 1.
fn ones(source: Source, kernel: [usize; 2], stride: [usize; 2], pad: [usize; 4]) -> Projection {
    let shape = [source.shape.c, 1, kernel[0], kernel[1]];
    let weights =
        Weights { shape, storage: Storage::I8(vec![1; shape.iter().product()].into()), scale: None };
    let op = Op::Conv2d(Conv2d {
        weights: snnc_ir::graph::weights::WeightId(0),
        kernel: shape,
        bias: None,
        stride,
        pad,
        dilation: [1, 1],
        groups: source.shape.c,
    });
    projection(source, op, weights)
}

/// A bias as a parameter, as small as it can be.
pub(super) fn compress(values: Vec<i32>, plane: usize) -> Option<Param<i32>> {
    if values.iter().all(|v| *v == 0) {
        return None;
    }
    let per_channel: Vec<i32> = values.chunks(plane.max(1)).map(|c| c[0]).collect();
    let uniform = values.chunks(plane.max(1)).all(|c| c.iter().all(|v| *v == c[0]));
    match (uniform, per_channel.iter().all(|v| *v == per_channel[0])) {
        (true, true) => Some(Param::Scalar(per_channel[0])),
        (true, false) => Some(Param::PerChannel(per_channel)),
        _ => Some(Param::PerNeuron(values)),
    }
}
