//! A network, built node by node from choices.

use super::choices::Choices;
use super::{Config, Layer, connection, neuron};
use snnc_ir::graph::op::{Conv2d, Delay, Input, Linear, MaxPool, Op, Slice, SumPool, Values, Window};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::{Graph, Node, NodeId, Number};

/// A network that is being built; sound after each call but for its outputs.
pub(super) struct Builder {
    config: Config,
    c: Choices,
    graph: Graph,
}

impl Builder {
    pub(super) fn new(config: Config, mut c: Choices) -> Self {
        let steps = c.between(1, config.steps.max(1) as usize) as u32;
        Self { config, c, graph: Graph::new("arbitrary", steps, config.number) }
    }

    /// Builds the whole network.
    pub(super) fn finish(mut self) -> Graph {
        self.input();
        if self.config.branches && self.c.one_in(4) {
            self.input();
        }
        for _ in 0..self.config.layers {
            if self.c.is_over() {
                break;
            }
            self.layer();
        }
        if self.graph.nodes.len() == self.graph.inputs().len() {
            self.population(NodeId(0));
        }
        // Whatever no one reads is a result; the last value in any case, though a loop may read it.
        let readers = self.graph.ids().zip(self.graph.consumers());
        let mut unread: Vec<NodeId> = readers.filter(|(_, r)| r.is_empty()).map(|(id, _)| id).collect();
        if unread.is_empty() {
            unread.push(NodeId(self.graph.nodes.len() as u32 - 1));
        }
        for id in unread {
            let shape = self.shape(id);
            self.push(Op::Output, vec![id], shape);
        }
        self.graph
    }

    fn shape(&self, id: NodeId) -> Shape {
        self.graph.node(id).shape
    }

    fn push(&mut self, op: Op, inputs: Vec<NodeId>, shape: Shape) -> NodeId {
        let name = format!("{}{}", op.mnemonic(), self.graph.nodes.len());
        let origin = match self.c.below(8) {
            6 => Vec::new(),
            7 => vec![format!("/{name}/a"), name.clone()],
            _ => vec![name.clone()],
        };
        self.graph.push(Node { name, op, inputs, shape, origin })
    }

    fn input(&mut self) {
        let integer = Values::Integer { lo: -3, hi: 4 };
        let values = match self.config.number {
            _ if self.config.binary_inputs => Values::Binary,
            Number::Real => self.c.of(&[Values::Binary, integer, Values::Real]),
            Number::Integer => {
                let quantised =
                    Values::Quantised { lo: -9, hi: 30, scale: 0.1, half_up: self.config.options };
                self.c.of(&[Values::Binary, integer, quantised])
            }
        };
        let (channels, size) = (self.config.channels, self.config.size);
        let shape = Shape::new(self.c.between(1, channels), self.c.between(1, size), self.c.between(1, size));
        self.push(Op::Input(Input { values }), Vec::new(), shape);
    }

    /// The last value, or any where values may be read more than once.
    fn source(&mut self) -> NodeId {
        let last = self.graph.nodes.len() - 1;
        let back = if self.config.branches && self.c.one_in(3) { self.c.below(last + 1) } else { 0 };
        NodeId((last - back) as u32)
    }

    fn layer(&mut self) {
        let source = self.source();
        let source = self.join(source);
        if self.config.recurrence && self.c.one_in(4) {
            self.recurrent(source);
            return;
        }
        let kind = self.c.of(self.config.kinds);
        let made = match kind {
            Layer::Neuron => {
                self.neurons(source);
                return;
            }
            Layer::Conv | Layer::AnyConv => self.conv(source, kind == Layer::AnyConv),
            Layer::Linear => self.linear(source),
            Layer::SumPool | Layer::MaxPool => return self.pool(source, kind == Layer::SumPool),
            Layer::Reshape => return self.reshape(source),
            Layer::Slice => return self.slice(source),
            Layer::Delay => {
                let steps = self.c.between(1, 3) as u32;
                let shape = self.shape(source);
                self.push(Op::Delay(Delay { steps }), vec![source], shape);
                return;
            }
        };
        if self.config.populations {
            self.neurons(made);
        }
    }

    fn population(&mut self, source: NodeId) {
        let made = self.linear(source);
        self.neurons(made);
    }

    fn neurons(&mut self, source: NodeId) -> NodeId {
        let shape = self.shape(source);
        let neuron = neuron::neuron(&mut self.c, &self.config, shape);
        self.push(Op::Neuron(Box::new(neuron)), vec![source], shape)
    }

    /// Joins a value with another one that fits, now and then.
    fn join(&mut self, source: NodeId) -> NodeId {
        if !self.config.branches || !self.c.one_in(4) {
            return source;
        }
        let shape = self.shape(source);
        let other = NodeId(self.c.below(self.graph.nodes.len()) as u32);
        let found = self.shape(other);
        if found == shape && self.c.below(2) == 0 {
            return self.push(Op::Add, vec![source, other], shape);
        }
        let channels = shape.c + found.c;
        if (found.h, found.w) == (shape.h, shape.w) && channels <= 2 * self.config.channels {
            let shape = Shape::new(channels, shape.h, shape.w);
            return self.push(Op::Concat, vec![source, other], shape);
        }
        source
    }

    /// Neurons that read their own events of some steps ago, beside the source.
    fn recurrent(&mut self, source: NodeId) {
        let shape = self.shape(source);
        let steps = self.c.between(1, 3) as u32;
        let back = self.push(Op::Delay(Delay { steps }), vec![source], shape);
        let weighted = if self.c.one_in(2) { self.conv_of(back, [shape.c, shape.c, 1, 1]) } else { back };
        let drive = self.push(Op::Add, vec![source, weighted], shape);
        let neurons = self.neurons(drive);
        self.graph.nodes[back.index()].inputs = vec![neurons];
    }

    /// A convolution with one position per element.
    fn conv_of(&mut self, source: NodeId, kernel: [usize; 4]) -> NodeId {
        let weights = connection::weights(&mut self.c, &self.config, kernel);
        let weights = self.graph.push_weights(weights);
        let shape = Shape { c: kernel[0], ..self.shape(source) };
        let bias = connection::bias(&mut self.c, &self.config, shape);
        let (stride, dilation) = ([1, 1], [1, 1]);
        let conv = Conv2d { weights, kernel, bias, stride, pad: [0; 4], dilation, groups: 1 };
        self.push(Op::Conv2d(conv), vec![source], shape)
    }

    fn conv(&mut self, source: NodeId, any: bool) -> NodeId {
        let input = self.shape(source);
        let divisors: Vec<usize> = (1..=input.c).filter(|g| input.c.is_multiple_of(*g)).collect();
        let groups = if any { self.c.of(&divisors) } else { 1 };
        let most = (self.config.channels / groups).max(1);
        let out = groups * self.c.between(1, most);
        let (mut dilation, mut stride, mut pad, mut size) = ([1; 2], [1; 2], [0; 4], [1; 2]);
        for (axis, length) in [input.h, input.w].into_iter().enumerate() {
            pad[axis] = self.c.below(3);
            pad[axis + 2] = if any { self.c.below(3) } else { pad[axis] };
            stride[axis] = self.c.between(1, 2);
            dilation[axis] = if any { self.c.between(1, 2) } else { 1 };
            // As many elements as reach over the padded axis.
            let room = (length + pad[axis] + pad[axis + 2] - 1) / dilation[axis] + 1;
            size[axis] = self.c.between(1, room.min(3));
        }
        let kernel = [out, input.c / groups, size[0], size[1]];
        let weights = connection::weights(&mut self.c, &self.config, kernel);
        let weights = self.graph.push_weights(weights);
        let bias = connection::bias(&mut self.c, &self.config, Shape::flat(out));
        let conv = Conv2d { weights, kernel, bias, stride, pad, dilation, groups };
        let shape = conv.output_shape(input).unwrap_or(input);
        self.push(Op::Conv2d(conv), vec![source], shape)
    }

    fn linear(&mut self, source: NodeId) -> NodeId {
        let inputs = self.shape(source).len();
        let outputs = self.c.between(1, self.config.channels);
        let shape = Shape::flat(outputs);
        let weights = connection::weights(&mut self.c, &self.config, [outputs, inputs, 1, 1]);
        let weights = self.graph.push_weights(weights);
        let bias = connection::bias(&mut self.c, &self.config, shape);
        self.push(Op::Linear(Linear { weights, outputs, inputs, bias }), vec![source], shape)
    }

    fn pool(&mut self, source: NodeId, sum: bool) {
        let input = self.shape(source);
        let (mut kernel, mut stride, mut pad) = ([1; 2], [1; 2], [0; 4]);
        for (axis, length) in [input.h, input.w].into_iter().enumerate() {
            kernel[axis] = self.c.between(1, length.min(3));
            stride[axis] = self.c.between(1, 2);
            pad[axis] = if self.config.populations { 0 } else { self.c.below(kernel[axis]) };
            pad[axis + 2] = pad[axis];
        }
        let window = Window { kernel, stride, pad };
        let divide = sum && self.config.number == Number::Real && self.c.one_in(2);
        let divisor = if divide { (kernel[0] * kernel[1]) as u32 } else { 1 };
        let op = if sum { Op::SumPool(SumPool { window, divisor }) } else { Op::MaxPool(MaxPool { window }) };
        let shape = window.output_shape(input).unwrap_or(input);
        self.push(op, vec![source], shape);
    }

    fn reshape(&mut self, source: NodeId) {
        let input = self.shape(source);
        let other = Shape::new(input.h, input.w, input.c);
        let shape = self.c.of(&[Shape::flat(input.len()), other, input]);
        self.push(Op::Reshape, vec![source], shape);
    }

    fn slice(&mut self, source: NodeId) {
        let input = self.shape(source);
        let (mut start, mut end) = ([0; 3], [input.c, input.h, input.w]);
        for axis in 0..3 {
            start[axis] = self.c.below(end[axis]);
            end[axis] = self.c.between(start[axis] + 1, end[axis]);
        }
        let shape = Shape::new(end[0] - start[0], end[1] - start[1], end[2] - start[2]);
        self.push(Op::Slice(Slice { start, end }), vec![source], shape);
    }
}
