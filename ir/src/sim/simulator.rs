//! The simulator of a whole graph.

use std::collections::VecDeque;

use super::Values;
use super::arith::{Arith, Element, Float};
use super::{connection, neuron, pool};
use crate::graph::op::{Bias, Op};
use crate::graph::shape::Shape;
use crate::graph::weights::Weights;
use crate::graph::{Graph, Node, NodeId, Number};
use crate::neuron::{Activation, FixedPoint, Neuron};
use thiserror::Error;

/// How connections are evaluated. The results are identical.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Execution {
    /// Every tap of every output.
    Dense,
    /// Work in proportion to the non-zero inputs.
    #[default]
    EventDriven,
}

/// Inputs that do not fit the graph.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SimError {
    /// Wrong number of inputs.
    #[error("the network has {expected} input(s), {found} given")]
    InputCount {
        /// Inputs of the network.
        expected: usize,
        /// Inputs given.
        found: usize,
    },
    /// Wrong number of elements or the other number system.
    #[error("input '{name}' takes {expected} {number} element(s), {found} given")]
    InputShape {
        /// Name of the input.
        name: String,
        /// Elements of the input.
        expected: usize,
        /// Elements given.
        found: usize,
        /// `real` or `integer`.
        number: &'static str,
    },
}

/// What a node did in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Elements given out that are not zero.
    pub events: u64,
    /// Of a convolution or linear layer: accumulates, one per non-zero input and connection, connections
    /// with a zero weight included.
    pub synops: u64,
    /// Sums of an integer graph that did not fit 32 bits and stayed at the end of their range.
    pub clipped: u64,
    /// States of an integer layer of neurons that left their width, and saturated or wrapped.
    pub overflows: u64,
}

/// Runs a verified graph step by step.
#[derive(Debug)]
pub struct Simulator<'g> {
    graph: &'g Graph,
    engine: Engine<'g>,
}

#[derive(Debug)]
enum Engine<'g> {
    Real(Machine<'g, f32>),
    Integer(Machine<'g, i32>),
}

impl<'g> Simulator<'g> {
    /// A simulator in its initial state. The graph must have passed [`verify`](crate::graph::verify::verify).
    pub fn new(graph: &'g Graph, execution: Execution) -> Self {
        let engine = match graph.number {
            Number::Real => Engine::Real(Machine::new(graph, execution)),
            Number::Integer => Engine::Integer(Machine::new(graph, execution)),
        };
        Self { graph, engine }
    }

    /// Calculates one step from the values of the inputs, in the order of [`Graph::inputs`].
    ///
    /// # Errors
    /// When the inputs do not fit the graph; the state is unchanged then.
    pub fn step(&mut self, inputs: &[Values]) -> Result<(), SimError> {
        let ids = self.graph.inputs();
        if ids.len() != inputs.len() {
            return Err(SimError::InputCount { expected: ids.len(), found: inputs.len() });
        }
        for (id, values) in ids.iter().zip(inputs) {
            let node = self.graph.node(*id);
            let fits = matches!(
                (values, self.graph.number),
                (Values::Real(_), Number::Real) | (Values::Integer(_), Number::Integer)
            );
            if !fits || values.len() != node.shape.len() {
                return Err(SimError::InputShape {
                    name: node.name.clone(),
                    expected: node.shape.len(),
                    found: values.len(),
                    number: if self.graph.number == Number::Real { "real" } else { "integer" },
                });
            }
        }
        match &mut self.engine {
            Engine::Real(m) => m.step(inputs.iter().filter_map(|v| match v {
                Values::Real(v) => Some(v.as_slice()),
                Values::Integer(_) => None,
            })),
            Engine::Integer(m) => m.step(inputs.iter().filter_map(|v| match v {
                Values::Integer(v) => Some(v.as_slice()),
                Values::Real(_) => None,
            })),
        }
        Ok(())
    }

    /// What a node gave out in the last step; empty before the first.
    pub fn value(&self, id: NodeId) -> Values {
        match &self.engine {
            Engine::Real(m) => Values::Real(m.values[id.index()].clone()),
            Engine::Integer(m) => Values::Integer(m.values[id.index()].clone()),
        }
    }

    /// Number of non-zero elements a node gave out in the last step.
    pub fn events(&self, id: NodeId) -> u64 {
        match &self.engine {
            Engine::Real(m) => m.values[id.index()].iter().filter(|v| **v != 0.0).count() as u64,
            Engine::Integer(m) => m.values[id.index()].iter().filter(|v| **v != 0).count() as u64,
        }
    }

    /// What a node did in the last step; zeros before the first.
    pub fn counts(&self, id: NodeId) -> Counts {
        let node = self.graph.node(id);
        let mut counts = Counts { events: self.events(id), ..Counts::default() };
        if node.op.weights().is_some() {
            let source = node.inputs[0];
            let fan_out = connection::fan_out(&node.op, self.graph.node(source).shape, node.shape);
            self.each_event(source, |at| counts.synops += fan_out[at]);
        }
        counts
    }

    /// Visits the flat position (C, H, W order) of every element that a node gave out in the last step and
    /// that is not zero, in no particular order.
    pub fn each_event(&self, id: NodeId, mut visit: impl FnMut(usize)) {
        match &self.engine {
            Engine::Real(m) => active(&m.values[id.index()]).for_each(&mut visit),
            Engine::Integer(m) => active(&m.values[id.index()]).for_each(&mut visit),
        }
    }

    /// Another simulator of the same network in its initial state, for another thread; weights are shared.
    #[must_use]
    pub fn fork(&self) -> Self {
        let execution = match &self.engine {
            Engine::Real(m) => m.execution,
            Engine::Integer(m) => m.execution,
        };
        Self::new(self.graph, execution)
    }

    /// The membrane of a layer of neurons, or its accumulated sum; `None` for a node without one.
    pub fn membrane(&self, id: NodeId) -> Option<Values> {
        match &self.engine {
            Engine::Real(m) => m.memory[id.index()].membrane().map(Values::Real),
            Engine::Integer(m) => m.memory[id.index()].membrane().map(Values::Integer),
        }
    }

    /// The synaptic current of a layer of neurons, or its reference; `None` for a node without one.
    pub fn current(&self, id: NodeId) -> Option<Values> {
        match &self.engine {
            Engine::Real(m) => m.memory[id.index()].current().map(Values::Real),
            Engine::Integer(m) => m.memory[id.index()].current().map(Values::Integer),
        }
    }

    /// Back to the initial state.
    pub fn reset(&mut self) {
        match &mut self.engine {
            Engine::Real(m) => m.reset(),
            Engine::Integer(m) => m.reset(),
        }
    }
}

fn active<E: Element>(values: &[E]) -> impl Iterator<Item = usize> {
    values.iter().enumerate().filter(|(_, v)| **v != E::default()).map(|(k, _)| k)
}

/// What a node keeps between steps.
#[derive(Debug)]
enum Memory<E: Number32> {
    None,
    Delay(VecDeque<Vec<E>>),
    Neuron(Box<E::State>),
}

impl<E: Number32> Memory<E> {
    fn new(node: &Node) -> Self {
        match &node.op {
            Op::Delay(d) => Self::Delay((0..d.steps).map(|_| vec![E::default(); node.shape.len()]).collect()),
            Op::Neuron(n) => E::state(n, node.shape).map_or(Self::None, |s| Self::Neuron(Box::new(s))),
            _ => Self::None,
        }
    }

    fn membrane(&self) -> Option<Vec<E>> {
        match self {
            Self::Neuron(s) => Some(E::membrane(s)).filter(|v| !v.is_empty()),
            _ => None,
        }
    }

    fn current(&self) -> Option<Vec<E>> {
        match self {
            Self::Neuron(s) => Some(E::current(s)).filter(|v| !v.is_empty()),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Machine<'g, E: Number32> {
    graph: &'g Graph,
    execution: Execution,
    /// One entry per weight handle of the graph.
    weights: Vec<Vec<E>>,
    /// One entry per node.
    values: Vec<Vec<E>>,
    memory: Vec<Memory<E>>,
    time: u32,
}

impl<'g, E: Number32> Machine<'g, E> {
    fn new(graph: &'g Graph, execution: Execution) -> Self {
        Self {
            graph,
            execution,
            weights: graph.weights.iter().map(E::expand).collect(),
            values: vec![Vec::new(); graph.nodes.len()],
            memory: graph.nodes.iter().map(Memory::new).collect(),
            time: 0,
        }
    }

    fn reset(&mut self) {
        self.values.iter_mut().for_each(Vec::clear);
        self.memory = self.graph.nodes.iter().map(Memory::new).collect();
        self.time = 0;
    }

    fn step<'v>(&mut self, inputs: impl Iterator<Item = &'v [E]>)
    where
        E: 'v,
    {
        let mut inputs = inputs;
        let graph = self.graph;
        for (k, node) in graph.nodes.iter().enumerate() {
            self.values[k] = match &node.op {
                Op::Input(_) => inputs.next().unwrap_or_default().to_vec(),
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

    fn eval(&mut self, k: usize, node: &Node) -> Vec<E> {
        if let Memory::Delay(line) = &mut self.memory[k] {
            return line.pop_front().unwrap_or_default();
        }
        let source = node.inputs[0];
        let shape = self.graph.node(source).shape;
        let values = &self.values[source.index()];
        match &node.op {
            Op::Conv2d(conv) => self.connect(node, shape, conv.bias.as_ref()),
            Op::Linear(linear) => self.connect(node, shape, linear.bias.as_ref()),
            Op::SumPool(p) => {
                let sums = pool::sum(&p.window, shape, node.shape, values);
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
                sums.into_iter().map(E::settle).collect()
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
                let state = match &mut self.memory[k] {
                    Memory::Neuron(state) => state,
                    _ => return Vec::new(),
                };
                if self.time < neuron.start() {
                    return vec![E::default(); node.shape.len()];
                }
                E::neuron(neuron, state, values, node.shape.plane())
            }
            Op::Input(_) | Op::Reshape | Op::Delay(_) | Op::Output => values.clone(),
        }
    }

    fn connect(&self, node: &Node, input: Shape, bias: Option<&Bias>) -> Vec<E> {
        let Some(weights) = node.op.weights().map(|w| self.weights[w.0 as usize].as_slice()) else {
            return Vec::new();
        };
        let values = &self.values[node.inputs[0].index()];
        let sums = match self.execution {
            Execution::Dense => connection::gather(&node.op, input, node.shape, weights, values),
            Execution::EventDriven => connection::scatter(&node.op, input, node.shape, weights, values),
        };
        let plane = node.shape.plane();
        let bias = bias.map(E::bias);
        let add = |(k, sum)| E::settle(bias.as_ref().map_or(sum, |b| E::add(sum, b(k, plane))));
        sums.into_iter().enumerate().map(add).collect()
    }
}

/// What the machine needs of a number system.
trait Number32: Element + std::fmt::Debug {
    type State: std::fmt::Debug;

    fn expand(weights: &Weights) -> Vec<Self>;
    fn bias(bias: &Bias) -> impl Fn(usize, usize) -> Self;
    fn state(neuron: &Neuron, shape: Shape) -> Option<Self::State>;
    fn membrane(state: &Self::State) -> Vec<Self>;
    fn current(state: &Self::State) -> Vec<Self>;
    fn neuron(neuron: &Neuron, state: &mut Self::State, input: &[Self], plane: usize) -> Vec<Self>;
}

impl Number32 for f32 {
    type State = NeuronState<Float>;

    fn expand(weights: &Weights) -> Vec<f32> {
        weights.to_real()
    }

    fn bias(bias: &Bias) -> impl Fn(usize, usize) -> f32 {
        move |k, plane| match bias {
            Bias::Real(p) => p.at(k, plane),
            Bias::Integer(p) => p.at(k, plane) as f32,
        }
    }

    fn state(neuron: &Neuron, shape: Shape) -> Option<Self::State> {
        match neuron {
            Neuron::Real(spec) => Some(NeuronState {
                state: neuron::State::new(&Float, &spec.model, shape.len(), shape.plane()),
                arith: Float,
            }),
            Neuron::Integer(..) => None,
        }
    }

    fn membrane(s: &Self::State) -> Vec<f32> {
        s.state.membrane(&s.arith)
    }

    fn current(s: &Self::State) -> Vec<f32> {
        s.state.current(&s.arith)
    }

    fn neuron(neuron: &Neuron, s: &mut Self::State, input: &[f32], plane: usize) -> Vec<f32> {
        match neuron {
            Neuron::Real(spec) => {
                neuron::step(&s.arith, spec, &mut s.state, input, plane, neuron::activate_real)
            }
            Neuron::Integer(..) => Vec::new(),
        }
    }
}

impl Number32 for i32 {
    type State = NeuronState<FixedPoint>;

    fn expand(weights: &Weights) -> Vec<i32> {
        weights.to_integer().unwrap_or_default()
    }

    fn bias(bias: &Bias) -> impl Fn(usize, usize) -> i32 {
        move |k, plane| match bias {
            Bias::Integer(p) => p.at(k, plane),
            Bias::Real(_) => 0,
        }
    }

    fn state(neuron: &Neuron, shape: Shape) -> Option<Self::State> {
        match neuron {
            Neuron::Integer(spec, fixed) => Some(NeuronState {
                state: neuron::State::new(fixed, &spec.model, shape.len(), shape.plane()),
                arith: *fixed,
            }),
            Neuron::Real(_) => None,
        }
    }

    fn membrane(s: &Self::State) -> Vec<i32> {
        s.state.membrane(&s.arith)
    }

    fn current(s: &Self::State) -> Vec<i32> {
        s.state.current(&s.arith)
    }

    fn neuron(neuron: &Neuron, s: &mut Self::State, input: &[i32], plane: usize) -> Vec<i32> {
        match neuron {
            Neuron::Integer(spec, _) => {
                let activate = |m: &Activation<i32>, x| neuron::activate_integer(&s.arith, m, x);
                neuron::step(&s.arith, spec, &mut s.state, input, plane, activate)
            }
            Neuron::Real(_) => Vec::new(),
        }
    }
}

/// The state of a layer with the arithmetic that it is kept in.
#[derive(Debug)]
struct NeuronState<A: Arith> {
    arith: A,
    state: neuron::State<A>,
}
