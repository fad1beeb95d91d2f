//! Stepping a mapped network.

use std::collections::VecDeque;

use snnc_ir::graph::NodeId;
use snnc_ir::sim::{Execution, SimError, Simulator, Values};

use super::neurons::CELLS;
use super::{MappedNetwork, Part};

/// What a core did in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoreCounts {
    /// Messages that were sent to it in the step, by other cores, by itself and by the host: one per event
    /// and receiving core.
    pub messages_in: u64,
    /// Messages that it sent in the step, to cores (itself among them) and to the host.
    pub messages_out: u64,
    /// Accumulates, those with a zero weight included.
    pub synops: u64,
    /// Neurons updated.
    pub updates: u64,
}

/// An event on its way to a connection.
#[derive(Clone, Copy, Debug)]
struct Message {
    /// The step in which it is added up.
    due: u64,
    /// Flat position in the source.
    neuron: u32,
    value: i32,
}

/// Runs a mapped network step by step, with the interface of [`Simulator`].
#[derive(Debug)]
pub struct MappedSimulator<'m> {
    network: &'m MappedNetwork,
    parts: Vec<State<'m>>,
    /// Per population: its events of the last step, as flat position and value.
    events: Vec<Vec<(u32, i32)>>,
    /// Per output: what the host has still to show.
    shown: Vec<VecDeque<Message>>,
    /// Per output: its values in the last step.
    outputs: Vec<Vec<i32>>,
    counts: Vec<CoreCounts>,
    step: u64,
}

/// What a part keeps.
#[derive(Debug)]
struct State<'m> {
    /// Per projection, by the step in which they are added up.
    arriving: Vec<VecDeque<Message>>,
    /// Per projection.
    sums: Vec<Vec<i64>>,
    input: [Values; 1],
    neurons: Simulator<'m>,
}

impl<'m> MappedSimulator<'m> {
    pub(super) fn new(network: &'m MappedNetwork) -> Self {
        let state = |part: &'m Part| State {
            arriving: vec![VecDeque::new(); part.projections.len()],
            sums: vec![vec![0; part.places.len()]; part.projections.len()],
            input: [Values::Integer(vec![0; part.places.len()])],
            neurons: Simulator::new(&part.neurons, Execution::EventDriven),
        };
        Self {
            network,
            parts: network.parts.iter().map(state).collect(),
            events: vec![Vec::new(); network.populations.len()],
            shown: vec![VecDeque::new(); network.outputs.len()],
            outputs: vec![Vec::new(); network.outputs.len()],
            counts: vec![CoreCounts::default(); network.cores],
            step: 0,
        }
    }

    /// Calculates one step from the values of the inputs, in the order of
    /// [`Graph::inputs`](snnc_ir::graph::Graph::inputs).
    ///
    /// # Errors
    /// When the inputs do not fit the network; the state is unchanged then.
    pub fn step(&mut self, inputs: &[Values]) -> Result<(), SimError> {
        let inputs = self.checked(inputs)?;
        self.counts.fill(CoreCounts::default());
        self.events.iter_mut().for_each(Vec::clear);
        let network = self.network;
        let mut inputs = inputs.into_iter();
        let mut next = 0;
        for (k, population) in network.populations.iter().enumerate() {
            if population.is_input {
                let values = inputs.next().unwrap_or_default().iter().enumerate();
                self.events[k].extend(values.filter(|(_, v)| **v != 0).map(|(at, v)| (at as u32, *v)));
                self.send(k, 0, None);
                continue;
            }
            while let Some(part) = network.parts.get(next).filter(|p| p.population == k) {
                let first = self.events[k].len();
                self.update(next, part)?;
                self.send(k, first, Some(part.core as usize));
                next += 1;
            }
        }
        self.show();
        self.step += 1;
        Ok(())
    }

    /// The values of the inputs, which must be as many, as long and of the kind that the network takes.
    fn checked<'v>(&self, inputs: &'v [Values]) -> Result<Vec<&'v [i32]>, SimError> {
        let own: Vec<_> = self.network.populations.iter().filter(|p| p.is_input).collect();
        if own.len() != inputs.len() {
            return Err(SimError::InputCount { expected: own.len(), found: inputs.len() });
        }
        let one = |(population, values): (&&super::Population, &'v Values)| match values {
            Values::Integer(v) if v.len() == population.shape.len() => Ok(v.as_slice()),
            _ => Err(SimError::InputShape {
                name: population.name.clone(),
                expected: population.shape.len(),
                found: values.len(),
                number: "integer",
            }),
        };
        own.iter().zip(inputs).map(one).collect()
    }

    /// Adds up what has arrived at a part and updates its neurons.
    fn update(&mut self, index: usize, part: &'m Part) -> Result<(), SimError> {
        let state = &mut self.parts[index];
        let counts = &mut self.counts[part.core as usize];
        for ((incoming, queue), sums) in part.projections.iter().zip(&mut state.arriving).zip(&mut state.sums)
        {
            sums.fill(0);
            while let Some(message) = queue.front().copied().filter(|m| m.due <= self.step) {
                queue.pop_front();
                counts.synops += incoming.cut.add(message.neuron as usize, message.value, sums);
            }
            if let Some(bias) = &incoming.bias {
                sums.iter_mut().zip(bias).for_each(|(sum, b)| *sum = sum.saturating_add(i64::from(*b)));
            }
        }
        if let [Values::Integer(input)] = &mut state.input {
            total(&state.sums, input);
        }
        state.neurons.step(&state.input)?;
        if self.step >= part.start {
            counts.updates += part.places.len() as u64;
        }
        if let Values::Integer(values) = state.neurons.value(CELLS) {
            let events = values.into_iter().zip(&part.places).filter(|(v, _)| *v != 0);
            self.events[part.population].extend(events.map(|(v, at)| (*at, v)));
        }
        Ok(())
    }

    /// Sends the events of a population from the one with that index on, from a core or the host.
    fn send(&mut self, population: usize, first: usize, from: Option<usize>) {
        let network = self.network;
        let source = &network.populations[population];
        let mut sent = 0;
        for (neuron, value) in &self.events[population][first..] {
            let class = source.routes.of(*neuron as usize);
            for to in &class.destinations {
                let delay = network.parts[to.part as usize].projections[to.projection as usize].delay;
                let due = self.step + u64::from(delay);
                self.parts[to.part as usize].arriving[to.projection as usize].push_back(Message {
                    due,
                    neuron: *neuron,
                    value: *value,
                });
            }
            for core in &class.cores {
                self.counts[*core as usize].messages_in += 1;
            }
            for output in &source.shown {
                let due = self.step + u64::from(network.outputs[*output].delay);
                self.shown[*output].push_back(Message { due, neuron: *neuron, value: *value });
            }
            sent += (class.cores.len() + source.shown.len()) as u64;
        }
        if let Some(core) = from {
            self.counts[core].messages_out += sent;
        }
    }

    /// What the host shows in this step.
    fn show(&mut self) {
        for ((port, queue), values) in self.network.outputs.iter().zip(&mut self.shown).zip(&mut self.outputs)
        {
            values.clear();
            values.resize(self.network.populations[port.source].shape.len(), 0);
            while let Some(message) = queue.front().copied().filter(|m| m.due <= self.step) {
                queue.pop_front();
                values[message.neuron as usize] = message.value;
            }
        }
    }

    /// What a population or output gave out in the last step, in C, H, W order; empty before the first.
    /// `None` for any other node: it is part of a connection and has no value of its own on the chip.
    pub fn value(&self, id: NodeId) -> Option<Values> {
        if let Some(k) = self.network.outputs.iter().position(|o| o.node == id) {
            return Some(Values::Integer(self.outputs[k].clone()));
        }
        let k = self.network.populations.iter().position(|p| p.node == id)?;
        let len = if self.step == 0 { 0 } else { self.network.populations[k].shape.len() };
        let mut values = vec![0; len];
        for (at, value) in &self.events[k] {
            values[*at as usize] = *value;
        }
        Some(Values::Integer(values))
    }

    /// Number of events of a population in the last step; 0 for any other node.
    pub fn events(&self, id: NodeId) -> u64 {
        let index = self.network.populations.iter().position(|p| p.node == id);
        index.map_or(0, |k| self.events[k].len() as u64)
    }

    /// What every core did in the last step, by its position in the manifest.
    pub fn counts(&self) -> &[CoreCounts] {
        &self.counts
    }

    /// Back to the initial state.
    pub fn reset(&mut self) {
        for state in &mut self.parts {
            state.arriving.iter_mut().for_each(VecDeque::clear);
            state.neurons.reset();
        }
        self.events.iter_mut().for_each(Vec::clear);
        self.shown.iter_mut().for_each(VecDeque::clear);
        self.outputs.iter_mut().for_each(Vec::clear);
        self.counts.fill(CoreCounts::default());
        self.step = 0;
    }

    /// Another simulator of the same network in its initial state, for another thread; weights are shared.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::new(self.network)
    }
}

/// What enters each neuron: every connection's sum, held to 32 bits, and their sum, held likewise.
fn total(sums: &[Vec<i64>], input: &mut [i32]) {
    let settle = |sum: i64| sum.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
    for (k, value) in input.iter_mut().enumerate() {
        let sum = sums.iter().fold(0i64, |all, sums| all.saturating_add(settle(sums[k])));
        *value = settle(sum) as i32;
    }
}
