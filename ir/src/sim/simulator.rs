//! The simulator of a whole graph.

use std::fmt::Debug;

use super::Values;
use super::{event, plain};
use crate::graph::{Graph, NodeId, Number};
use thiserror::Error;

/// How a network is evaluated. The results are identical.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Execution {
    /// Every tap of every output: the reference.
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
    /// Of a connection, sum pool or addition of an integer graph: sums, bias included, that did not fit 32 bits
    /// and stayed at the end of their range.
    pub clipped: u64,
    /// States of an integer layer of neurons that left their width, and saturated or wrapped: one per neuron for
    /// its membrane (or sum) and one for its current, however often in the step.
    pub overflows: u64,
}

/// One of the executions, in one of the number systems.
pub(super) trait Engine<'g>: Debug + Send + Sync {
    /// One step; the inputs fit.
    fn step(&mut self, inputs: &[Values]);
    fn value(&self, id: NodeId) -> Values;
    fn events(&self, id: NodeId) -> u64;
    fn counts(&self, id: NodeId) -> Counts;
    fn each_event(&self, id: NodeId, visit: &mut dyn FnMut(usize));
    fn membrane(&self, id: NodeId) -> Option<Values>;
    fn current(&self, id: NodeId) -> Option<Values>;
    fn reset(&mut self);
    /// The same network in its initial state; what does not change is shared.
    fn fork(&self) -> Box<dyn Engine<'g> + 'g>;
}

/// Runs a verified graph step by step.
#[derive(Debug)]
pub struct Simulator<'g> {
    graph: &'g Graph,
    inputs: Vec<NodeId>,
    engine: Box<dyn Engine<'g> + 'g>,
}

impl<'g> Simulator<'g> {
    /// A simulator in its initial state. The graph must have passed [`verify`](crate::graph::verify::verify).
    pub fn new(graph: &'g Graph, execution: Execution) -> Self {
        let engine = match execution {
            Execution::Dense => plain::engine(graph),
            Execution::EventDriven => event::engine(graph),
        };
        Self { graph, inputs: graph.inputs(), engine }
    }

    /// The network that is run.
    pub fn graph(&self) -> &'g Graph {
        self.graph
    }

    /// Calculates one step from the values of the inputs, in the order of [`Graph::inputs`].
    ///
    /// # Errors
    /// When the inputs do not fit the graph; the state is unchanged then.
    pub fn step(&mut self, inputs: &[Values]) -> Result<(), SimError> {
        let ids = &self.inputs;
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
        self.engine.step(inputs);
        Ok(())
    }

    /// What a node gave out in the last step; empty before the first.
    pub fn value(&self, id: NodeId) -> Values {
        self.engine.value(id)
    }

    /// Number of non-zero elements a node gave out in the last step.
    pub fn events(&self, id: NodeId) -> u64 {
        self.engine.events(id)
    }

    /// What a node did in the last step; zeros before the first.
    pub fn counts(&self, id: NodeId) -> Counts {
        self.engine.counts(id)
    }

    /// Visits the flat position (C, H, W order) of every element that a node gave out in the last step and
    /// that is not zero, in no particular order.
    pub fn each_event(&self, id: NodeId, mut visit: impl FnMut(usize)) {
        self.engine.each_event(id, &mut visit);
    }

    /// Another simulator of the same network in its initial state, for another thread; weights are shared.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { graph: self.graph, inputs: self.inputs.clone(), engine: self.engine.fork() }
    }

    /// The membrane of a layer of neurons, or its accumulated sum; `None` for a node without one.
    pub fn membrane(&self, id: NodeId) -> Option<Values> {
        self.engine.membrane(id)
    }

    /// The synaptic current of a layer of neurons, or its reference; `None` for a node without one.
    pub fn current(&self, id: NodeId) -> Option<Values> {
        self.engine.current(id)
    }

    /// Back to the initial state.
    pub fn reset(&mut self) {
        self.engine.reset();
    }
}
