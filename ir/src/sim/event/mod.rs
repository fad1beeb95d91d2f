//! The fast execution: work in proportion to events.
//!
//! Elements lie in the order rows, columns, channels, so that an event adds contiguous weights to contiguous sums;
//! neurons are calculated block by block. Nothing is allocated in a step once the buffers have grown. In integers
//! everything is calculated in 32 bits where a bound shows that it is exact, else in 64.

mod axis;
mod connect;
mod gather;
mod layout;
mod line;
mod neuron;
mod plan;
mod pool;
mod rearrange;
mod sums;
mod value;

use std::sync::Arc;

use super::Values;
use super::simd::widest;
use super::simulator::{Counts, Engine};
use crate::graph::{self, Graph, NodeId};
use connect::Scratch;
use line::Line;
use plan::{Plan, Step};
use value::Value;

/// What the machine needs of a number system.
trait Number: neuron::Neurons + sums::Sums {}

impl Number for f32 {}
impl Number for i32 {}

/// An engine in its initial state.
pub(super) fn engine<'g>(graph: &'g Graph) -> Box<dyn Engine<'g> + 'g> {
    match graph.number {
        graph::Number::Real => Box::new(Machine::<f32>::start(graph, Arc::new(Plan::new(graph)))),
        graph::Number::Integer => Box::new(Machine::<i32>::start(graph, Arc::new(Plan::new(graph)))),
    }
}

/// Evaluates a graph of one number system.
#[derive(Debug)]
struct Machine<'g, E: Number> {
    graph: &'g Graph,
    plan: Arc<Plan<E>>,
    /// One entry per node; empty where another node holds the value.
    values: Vec<Value<E>>,
    memory: Vec<Memory<E>>,
    /// Of the last step, without events.
    counts: Vec<Counts>,
    scratch: Scratch,
    time: u32,
}

/// What a node keeps between steps.
#[derive(Debug)]
enum Memory<E: Number> {
    None,
    /// Of a connection: whether its value is the one without events.
    Quiet(bool),
    Delay(Line<E>),
    Neuron(E::State),
}

impl<'g, E: Number> Machine<'g, E> {
    fn start(graph: &'g Graph, plan: Arc<Plan<E>>) -> Self {
        let values = graph.nodes.iter().zip(&plan.steps).map(|(node, step)| match step {
            Step::Same => Value::new(0),
            _ => Value::new(node.shape.len()),
        });
        let memory = plan.steps.iter().map(|step| match step {
            Step::Connect(..) => Memory::Quiet(false),
            Step::Delay(steps) => Memory::Delay(Line::new(*steps)),
            Step::Neuron(layer) => Memory::Neuron(E::state(layer)),
            _ => Memory::None,
        });
        Self {
            graph,
            values: values.collect(),
            memory: memory.collect(),
            counts: vec![Counts::default(); graph.nodes.len()],
            scratch: Scratch::default(),
            time: 0,
            plan,
        }
    }

    /// One step of the node at `k`, which is no input.
    fn eval(&mut self, k: usize) {
        let plan = &*self.plan;
        let node = &self.graph.nodes[k];
        let (before, rest) = self.values.split_at_mut(k);
        let Some(out) = rest.first_mut() else { return };
        let counts = &mut self.counts[k];
        let scratch = &mut self.scratch;
        if let (Step::Delay(_), Memory::Delay(line)) = (&plan.steps[k], &mut self.memory[k]) {
            return line.take(out);
        }
        let of = |id: &NodeId| &before[plan.held[id.index()]];
        let Some(first) = node.inputs.first() else { return };
        let source = of(first);
        let shape = self.graph.node(*first).shape;
        match &plan.steps[k] {
            Step::Input | Step::Same | Step::Delay(_) => {}
            Step::Connect(connect, bound) => {
                let silent = source.events().is_some_and(<[u32]>::is_empty);
                if !(silent && matches!(self.memory[k], Memory::Quiet(true))) {
                    (counts.synops, counts.clipped) = E::connect(connect, bound, source, out, scratch);
                    self.memory[k] = Memory::Quiet(silent);
                }
            }
            Step::SumPool(pool, divisor) => {
                counts.clipped = E::sum_pool(pool, *divisor, source, out, scratch);
            }
            Step::MaxPool(pool) => {
                let out = out.write();
                widest(
                    #[inline(always)]
                    || pool.max(source.data(), out),
                );
            }
            Step::Add => {
                let sources: Vec<&[E]> = node.inputs.iter().map(|id| of(id).data()).collect();
                counts.clipped = E::total(&sources, out.write());
            }
            Step::Concat => {
                let sources = node.inputs.iter().map(|id| (of(id).data(), self.graph.node(*id).shape.c));
                rearrange::concat(&sources.collect::<Vec<_>>(), node.shape, out.write());
            }
            Step::Slice(slice) => rearrange::slice(slice, shape, source.data(), out.write()),
            Step::Reshape => rearrange::reshape(shape, node.shape, source, out, &mut scratch.places),
            Step::Neuron(layer) => {
                let Memory::Neuron(state) = &mut self.memory[k] else { return };
                if self.time < layer.start {
                    out.clear();
                } else {
                    counts.overflows = E::step(layer, state, source.data(), out);
                }
            }
        }
    }

    /// The node's value, once there was a step.
    fn held(&self, id: NodeId) -> Option<&Value<E>> {
        (self.time > 0).then(|| &self.values[self.plan.held[id.index()]])
    }

    /// A layer of neurons with its state.
    fn layer(&self, id: NodeId) -> Option<(&neuron::Layer<E>, &E::State)> {
        match (&self.plan.steps[id.index()], &self.memory[id.index()]) {
            (Step::Neuron(layer), Memory::Neuron(state)) => Some((layer, state)),
            _ => None,
        }
    }
}

impl<'g, E: Number> Engine<'g> for Machine<'g, E> {
    fn step(&mut self, inputs: &[Values]) {
        let mut inputs = inputs.iter();
        let plan = Arc::clone(&self.plan);
        for (k, step) in plan.steps.iter().enumerate() {
            match step {
                Step::Same => continue,
                Step::Input => {
                    let given = inputs.next().map(E::elements).unwrap_or_default();
                    let shape = self.graph.nodes[k].shape;
                    let value = &mut self.values[k];
                    value.clear();
                    let inner = value.write();
                    widest(
                        #[inline(always)]
                        || layout::bring_in(shape, given, inner),
                    );
                }
                _ => self.eval(k),
            }
            if plan.listed[k] {
                let value = &mut self.values[k];
                widest(
                    #[inline(always)]
                    || value.index(),
                );
            }
        }
        // A delay may read a later node: what it will give out is taken up when the step is over.
        for (node, memory) in self.graph.nodes.iter().zip(&mut self.memory) {
            if let Memory::Delay(line) = memory {
                line.put(&self.values[plan.held[node.inputs[0].index()]]);
            }
        }
        self.time += 1;
    }

    fn value(&self, id: NodeId) -> Values {
        let shape = self.graph.node(id).shape;
        E::values(self.held(id).map_or(Vec::new(), |v| layout::bring_out(shape, v.data())))
    }

    fn events(&self, id: NodeId) -> u64 {
        self.held(id).map_or(0, Value::count)
    }

    fn counts(&self, id: NodeId) -> Counts {
        Counts { events: self.events(id), ..self.counts[id.index()] }
    }

    fn each_event(&self, id: NodeId, visit: &mut dyn FnMut(usize)) {
        let shape = self.graph.node(id).shape;
        if let Some(value) = self.held(id) {
            value.each_event(|p| visit(layout::outside(shape, p)));
        }
    }

    fn membrane(&self, id: NodeId) -> Option<Values> {
        let (layer, state) = self.layer(id)?;
        Some(E::membrane(layer, state)).filter(|v| !v.is_empty()).map(E::values)
    }

    fn current(&self, id: NodeId) -> Option<Values> {
        let (layer, state) = self.layer(id)?;
        Some(E::current(layer, state)).filter(|v| !v.is_empty()).map(E::values)
    }

    fn reset(&mut self) {
        *self = Self::start(self.graph, Arc::clone(&self.plan));
    }

    fn fork(&self) -> Box<dyn Engine<'g> + 'g> {
        Box::new(Self::start(self.graph, Arc::clone(&self.plan)))
    }
}
