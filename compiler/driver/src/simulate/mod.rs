//! Running samples through a network.
//!
//! [`fold()`] runs the samples of a source on several threads, on anything that is a [`Machine`];
//! [`run`] makes of it what `snnc simulate` tells.

mod activity;
mod fold;
mod machine;
mod outcome;
#[cfg(test)]
mod tests;

pub use activity::Tally;
pub use fold::{Fold, Take, Taken, Threads, fold};
pub use machine::Machine;
pub use outcome::{Confusion, LayerActivity, Outcome};

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::sim::Values;

use self::activity::{Watched, watched};
use self::outcome::Collected;
use crate::sample::{Recorder, Shaped, Source};

/// What is wanted of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Threads and latency.
    pub how: Threads,
    /// Nodes whose values are recorded, in the order of the recorder's arrays.
    pub record: Vec<NodeId>,
    /// Sums of the outputs are kept for so many samples, from the first on; `None` keeps all.
    pub sums: Option<usize>,
}

/// The arrays in which nodes are recorded: samples, then steps with the latency, then `[C, H, W]` of the
/// node, or `[C]` where a map has one position.
pub fn recorded(graph: &Graph, nodes: &[NodeId], source: &dyn Source, latency: usize) -> Vec<Shaped> {
    let array = |id: &NodeId| {
        let node = graph.node(*id);
        let mut shape = vec![source.count(), source.steps() + latency];
        match [node.shape.c, node.shape.h, node.shape.w] {
            [c, 1, 1] => shape.push(c),
            chw => shape.extend(chw),
        }
        Shaped { name: node.name.clone(), shape, integer: graph.number == Number::Integer }
    };
    nodes.iter().map(array).collect()
}

/// Runs every sample for its steps and the latency, from the initial state each.
///
/// The values of the nodes to record go to `recorder`. `progress` is told the steps done, from any thread.
///
/// # Errors
/// When samples do not fit the network, or what is recorded cannot be written.
pub fn run<M: Machine>(
    graph: &Graph,
    machine: &M,
    source: &dyn Source,
    wanted: &Wanted,
    mut recorder: Option<&mut Recorder>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Outcome, Diagnostic> {
    let (watched, layers) = watched(graph);
    let counting = Counting { graph, outputs: graph.outputs(), watched, record: &wanted.record };
    let mut collected = Collected::new(graph, &counting.outputs, source, wanted.sums);
    let mut tallies = vec![Tally::default(); counting.watched.len()];
    let mut take = |taken: Taken, state: &mut State| {
        for (all, tally) in tallies.iter_mut().zip(&mut state.tallies) {
            all.merge(std::mem::take(tally));
        }
        for (k, values) in state.recorded.iter_mut().enumerate() {
            for values in values.drain(..) {
                recorder.as_mut().map_or(Ok(()), |r| r.add(k, &values))?;
            }
        }
        if taken.last {
            collected.sample(taken.sample, std::mem::take(&mut state.sums));
        }
        Ok(())
    };
    let warnings = fold(graph, machine, source, wanted.how, &counting, &mut take, progress)?;
    let steps = source.steps() + wanted.how.latency;
    let activity = |(w, tally): (&Watched, Tally)| {
        let node = graph.node(w.id);
        LayerActivity { name: node.name.clone(), size: node.shape.len(), tally }
    };
    let mut activity: Vec<LayerActivity> = counting.watched.iter().zip(tallies).map(activity).collect();
    let readouts = activity.split_off(layers);
    Ok(collected.finish(steps, activity, readouts, warnings))
}

/// What [`run`] collects of each step.
struct Counting<'g> {
    graph: &'g Graph,
    outputs: Vec<NodeId>,
    watched: Vec<Watched>,
    record: &'g [NodeId],
}

#[derive(Debug)]
struct State {
    /// Per output its sum over the steps of the sample.
    sums: Vec<Vec<f64>>,
    /// Per watched layer.
    tallies: Vec<Tally>,
    /// Per recorded node what it gave out, step after step.
    recorded: Vec<Vec<Values>>,
}

impl<M: Machine> Fold<M> for Counting<'_> {
    type State = State;

    fn start(&self) -> State {
        State {
            sums: self.outputs.iter().map(|id| vec![0.0; self.graph.node(*id).shape.len()]).collect(),
            tallies: vec![Tally::default(); self.watched.len()],
            recorded: vec![Vec::new(); self.record.len()],
        }
    }

    fn step(&self, state: &mut State, machine: &M, _inputs: &[Values]) {
        for (sum, id) in state.sums.iter_mut().zip(&self.outputs) {
            match machine.value(*id) {
                Values::Real(values) => sum.iter_mut().zip(values).for_each(|(s, v)| *s += f64::from(v)),
                Values::Integer(values) => sum.iter_mut().zip(values).for_each(|(s, v)| *s += f64::from(v)),
            }
        }
        for (tally, watched) in state.tallies.iter_mut().zip(&self.watched) {
            watched.count(machine, tally);
        }
        for (values, id) in state.recorded.iter_mut().zip(self.record) {
            values.push(machine.value(*id));
        }
    }

    fn step_bytes(&self) -> u64 {
        let values: usize = self.record.iter().map(|id| 4 * self.graph.node(*id).shape.len() + 32).sum();
        // A step adds at most one entry to the counts of a layer.
        (values + 48 * self.watched.len()) as u64
    }
}
