//! The reference execution, written to be read: values in C, H, W order, every tap gathered, every neuron one call.

mod neuron;
mod pool;

use std::collections::VecDeque;
use std::sync::Arc;

use super::Values;
use super::arith::{Arith, Element, Float};
use super::simulator::{Counts, Engine};
use super::taps::{fan_out, taps};
use crate::graph::op::{Bias, Op};
use crate::graph::shape::Shape;
use crate::graph::{self, Graph, Node, NodeId};
use crate::neuron::{FixedPoint, Neuron};

/// An engine in its initial state.
pub(super) fn engine<'g>(graph: &'g Graph) -> Box<dyn Engine<'g> + 'g> {
    match graph.number {
        graph::Number::Real => Box::new(Machine::<f32>::new(graph)),
        graph::Number::Integer => Box::new(Machine::<i32>::new(graph)),
    }
}

/// Evaluates a graph of one number system.
#[derive(Debug)]
struct Machine<'g, E: Number> {
    graph: &'g Graph,
    fixed: Arc<Fixed<E>>,
    /// One entry per node.
    values: Vec<Vec<E>>,
    memory: Vec<Memory<E>>,
    clipped: Vec<u64>,
    overflows: Vec<u64>,
    time: u32,
}

/// What does not change.
#[derive(Debug)]
struct Fixed<E> {
    /// One entry per weight handle of the graph.
    weights: Vec<Vec<E>>,
    /// One entry per node: the connections of every position of its input; empty without weights.
    fan_out: Vec<Vec<u64>>,
}

/// What a node keeps between steps.
#[derive(Debug)]
enum Memory<E: Number> {
    None,
    Delay(VecDeque<Vec<E>>),
    Neuron(E::Layer),
}

impl<'g, E: Number> Machine<'g, E> {
    fn new(graph: &'g Graph) -> Self {
        let connections = |node: &Node| match node.op.weights() {
            Some(_) => fan_out(&node.op, graph.node(node.inputs[0]).shape, node.shape),
            None => Vec::new(),
        };
        Self::start(
            graph,
            Arc::new(Fixed {
                weights: graph.weights.iter().map(E::weights).collect(),
                fan_out: graph.nodes.iter().map(connections).collect(),
            }),
        )
    }

    fn start(graph: &'g Graph, fixed: Arc<Fixed<E>>) -> Self {
        let memory = |node: &Node| match &node.op {
            Op::Delay(d) => {
                Memory::Delay(vec![vec![E::default(); node.shape.len()]; d.steps as usize].into())
            }
            Op::Neuron(n) => E::layer(n, node.shape).map_or(Memory::None, Memory::Neuron),
            _ => Memory::None,
        };
        Self {
            graph,
            fixed,
            values: vec![Vec::new(); graph.nodes.len()],
            memory: graph.nodes.iter().map(memory).collect(),
            clipped: vec![0; graph.nodes.len()],
            overflows: vec![0; graph.nodes.len()],
            time: 0,
        }
    }

    fn eval(&mut self, k: usize, node: &Node) -> Vec<E> {
        if let Memory::Delay(line) = &mut self.memory[k] {
            return line.pop_front().unwrap_or_default();
        }
        let source = node.inputs[0];
        let shape = self.graph.node(source).shape;
        let values = &self.values[source.index()];
        match &node.op {
            Op::Conv2d(conv) => self.connect(k, node, shape, conv.bias.as_ref()),
            Op::Linear(linear) => self.connect(k, node, shape, linear.bias.as_ref()),
            Op::SumPool(p) => {
                let sums = pool::sum(&p.window, shape, node.shape, values);
                let sums = self.settle(k, sums);
                if p.divisor == 1 { sums } else { sums.into_iter().map(|v| v.divide(p.divisor)).collect() }
            }
            Op::MaxPool(p) => pool::max(&p.window, shape, node.shape, values),
            Op::Add => {
                let mut sums: Vec<E::Sum> = values.iter().map(|v| E::add(E::Sum::default(), *v)).collect();
                for other in &node.inputs[1..] {
                    for (sum, v) in sums.iter_mut().zip(&self.values[other.index()]) {
                        *sum = E::add(*sum, *v);
                    }
                }
                self.settle(k, sums)
            }
            Op::Concat => node.inputs.iter().flat_map(|i| self.values[i.index()].iter().copied()).collect(),
            Op::Slice(slice) => {
                let mut out = Vec::with_capacity(node.shape.len());
                for c in slice.start[0]..slice.end[0] {
                    for y in slice.start[1]..slice.end[1] {
                        let row = shape.index(c, y, 0);
                        out.extend_from_slice(&values[row + slice.start[2]..row + slice.end[2]]);
                    }
                }
                out
            }
            Op::Neuron(neuron) => {
                let Memory::Neuron(layer) = &mut self.memory[k] else { return Vec::new() };
                if self.time < neuron.start() {
                    return vec![E::default(); node.shape.len()];
                }
                let given = E::step(neuron, layer, values, node.shape.plane());
                self.overflows[k] = E::overflows(layer);
                given.into_iter().map(E::canonical).collect()
            }
            Op::Input(_) | Op::Reshape | Op::Delay(_) | Op::Output => values.clone(),
        }
    }

    /// Every output by gathering its taps.
    fn connect(&mut self, k: usize, node: &Node, input: Shape, bias: Option<&Bias>) -> Vec<E> {
        let Some(weights) = node.op.weights().map(|w| &self.fixed.weights[w.0 as usize]) else {
            return Vec::new();
        };
        let values = &self.values[node.inputs[0].index()];
        let bias = bias.and_then(E::bias);
        let output = node.shape;
        let mut sums = Vec::with_capacity(output.len());
        for c in 0..output.c {
            for y in 0..output.h {
                for x in 0..output.w {
                    let mut sum = E::Sum::default();
                    taps(&node.op, input, (c, y, x), |t| {
                        sum = E::add_product(sum, weights[t.weight], values[t.source])
                    });
                    let at = output.index(c, y, x);
                    sums.push(bias.map_or(sum, |b| E::add(sum, b.at(at, output.plane()))));
                }
            }
        }
        self.settle(k, sums)
    }

    fn settle(&mut self, k: usize, sums: Vec<E::Sum>) -> Vec<E> {
        self.clipped[k] = sums.iter().filter(|s| E::clips(**s)).count() as u64;
        sums.into_iter().map(E::settle).collect()
    }

    fn active(&self, id: NodeId) -> impl Iterator<Item = usize> {
        let values = self.values[id.index()].iter().enumerate();
        values.filter(|(_, v)| **v != E::default()).map(|(k, _)| k)
    }
}

impl<'g, E: Number> Engine<'g> for Machine<'g, E> {
    fn step(&mut self, inputs: &[Values]) {
        let mut inputs = inputs.iter();
        let graph = self.graph;
        for (k, node) in graph.nodes.iter().enumerate() {
            self.values[k] = match &node.op {
                Op::Input(_) => {
                    let given = inputs.next().map(E::elements).unwrap_or_default();
                    given.iter().map(|v| v.canonical()).collect()
                }
                _ => self.eval(k, node),
            };
        }
        // A delay may read a later node: what it will give out is taken up when the step is over.
        for (k, node) in graph.nodes.iter().enumerate() {
            if let Memory::Delay(line) = &mut self.memory[k] {
                line.push_back(self.values[node.inputs[0].index()].clone());
            }
        }
        self.time += 1;
    }

    fn value(&self, id: NodeId) -> Values {
        E::values(self.values[id.index()].clone())
    }

    fn events(&self, id: NodeId) -> u64 {
        self.active(id).count() as u64
    }

    fn counts(&self, id: NodeId) -> Counts {
        let fan_out = &self.fixed.fan_out[id.index()];
        let synops = match self.graph.node(id).inputs.first() {
            Some(source) if !fan_out.is_empty() => self.active(*source).map(|at| fan_out[at]).sum(),
            _ => 0,
        };
        Counts {
            events: self.events(id),
            synops,
            clipped: self.clipped[id.index()],
            overflows: self.overflows[id.index()],
        }
    }

    fn each_event(&self, id: NodeId, visit: &mut dyn FnMut(usize)) {
        self.active(id).for_each(visit);
    }

    fn membrane(&self, id: NodeId) -> Option<Values> {
        match &self.memory[id.index()] {
            Memory::Neuron(layer) => Some(E::membrane(layer)).filter(|v| !v.is_empty()).map(E::values),
            _ => None,
        }
    }

    fn current(&self, id: NodeId) -> Option<Values> {
        match &self.memory[id.index()] {
            Memory::Neuron(layer) => Some(E::current(layer)).filter(|v| !v.is_empty()).map(E::values),
            _ => None,
        }
    }

    fn reset(&mut self) {
        *self = Self::start(self.graph, Arc::clone(&self.fixed));
    }

    fn fork(&self) -> Box<dyn Engine<'g> + 'g> {
        Box::new(Self::start(self.graph, Arc::clone(&self.fixed)))
    }
}

/// What the machine needs of a number system.
trait Number: Element {
    type Layer: std::fmt::Debug + Send + Sync;

    fn layer(neuron: &Neuron, shape: Shape) -> Option<Self::Layer>;
    fn membrane(layer: &Self::Layer) -> Vec<Self>;
    fn current(layer: &Self::Layer) -> Vec<Self>;
    fn overflows(layer: &Self::Layer) -> u64;
    fn step(neuron: &Neuron, layer: &mut Self::Layer, input: &[Self], plane: usize) -> Vec<Self>;
}

impl Number for f32 {
    type Layer = Layer<Float>;

    fn layer(neuron: &Neuron, shape: Shape) -> Option<Self::Layer> {
        match neuron {
            Neuron::Real(spec) => Some(Layer {
                state: neuron::State::new(&Float, &spec.model, shape.len(), shape.plane()),
                arith: Float,
            }),
            Neuron::Integer(..) => None,
        }
    }

    fn membrane(layer: &Self::Layer) -> Vec<f32> {
        layer.state.membrane(&layer.arith)
    }

    fn current(layer: &Self::Layer) -> Vec<f32> {
        layer.state.current(&layer.arith)
    }

    fn overflows(layer: &Self::Layer) -> u64 {
        layer.state.overflows()
    }

    fn step(neuron: &Neuron, layer: &mut Self::Layer, input: &[f32], plane: usize) -> Vec<f32> {
        match neuron {
            Neuron::Real(spec) => neuron::step(&layer.arith, spec, &mut layer.state, input, plane),
            Neuron::Integer(..) => Vec::new(),
        }
    }
}

impl Number for i32 {
    type Layer = Layer<FixedPoint>;

    fn layer(neuron: &Neuron, shape: Shape) -> Option<Self::Layer> {
        match neuron {
            Neuron::Integer(spec, fixed) => Some(Layer {
                state: neuron::State::new(fixed, &spec.model, shape.len(), shape.plane()),
                arith: *fixed,
            }),
            Neuron::Real(_) => None,
        }
    }

    fn membrane(layer: &Self::Layer) -> Vec<i32> {
        layer.state.membrane(&layer.arith)
    }

    fn current(layer: &Self::Layer) -> Vec<i32> {
        layer.state.current(&layer.arith)
    }

    fn overflows(layer: &Self::Layer) -> u64 {
        layer.state.overflows()
    }

    fn step(neuron: &Neuron, layer: &mut Self::Layer, input: &[i32], plane: usize) -> Vec<i32> {
        match neuron {
            Neuron::Integer(spec, _) => neuron::step(&layer.arith, spec, &mut layer.state, input, plane),
            Neuron::Real(_) => Vec::new(),
        }
    }
}

/// A layer of neurons with the arithmetic of its state.
#[derive(Debug)]
struct Layer<A: Arith> {
    arith: A,
    state: neuron::State<A>,
}
