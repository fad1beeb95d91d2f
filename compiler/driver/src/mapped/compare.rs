//! The mapped network beside the unmapped one.

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::sim::{Counts, Execution, SimError, Simulator, Values};
use snnc_ir::text::print_node;
use snnc_machine::manifest::Manifest;

use super::{MappedNetwork, MappedSimulator};
use crate::sample::Source;
use crate::simulate::{Fold, Machine, Taken, Threads, fold};
use crate::verify::Stimulus;

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Cores of the mapped network.
    pub cores: usize,
    /// Samples that were run to their end.
    pub samples: usize,
    /// Steps per sample, latency included.
    pub steps: usize,
    /// Messages that reached a core.
    pub messages: u64,
    /// The first value that differs.
    pub difference: Option<Difference>,
}

/// A value that differs between the mapped and the unmapped network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The core that computes it; `None` for an output.
    pub core: Option<u32>,
    /// Name of the population or output.
    pub layer: String,
    /// Its line in the text form.
    pub line: String,
    /// Channel, row and column.
    pub neuron: [usize; 3],
    /// Sample, from 0.
    pub sample: usize,
    /// Step, from 0.
    pub step: usize,
    /// What the mapped network gave out.
    pub mapped: i32,
    /// What the unmapped network gave out.
    pub unmapped: i32,
}

/// Runs every sample through both networks, for its steps and `latency` more, up to the first difference:
/// step by step, populations in graph order, then outputs. `progress` is told the number of samples done.
///
/// The graph is the one that the mapped network was made of.
///
/// # Errors
/// [`Code::BadSample`] when the samples do not fit the network.
pub fn compare(
    network: &MappedNetwork,
    graph: &Graph,
    stimulus: &dyn Stimulus,
    latency: u32,
    progress: &mut dyn FnMut(usize),
) -> Result<Comparison, Diagnostic> {
    let steps = stimulus.steps() + latency as usize;
    let mut out = Comparison { cores: network.cores(), samples: 0, steps, messages: 0, difference: None };
    let watched: Vec<NodeId> = network.populations().chain(graph.outputs()).collect();
    let mut mapped = network.simulator();
    let mut unmapped = Simulator::new(graph, Execution::EventDriven);
    for sample in 0..stimulus.samples() {
        mapped.reset();
        unmapped.reset();
        for step in 0..steps {
            let inputs = stimulus.step(graph, sample, step);
            unmapped.step(&inputs).map_err(crate::verify::misfit)?;
            mapped.step(&inputs).map_err(crate::verify::misfit)?;
            out.messages += mapped.counts().iter().map(|c| c.messages_in).sum::<u64>();
            if let Some(difference) = first(network, graph, &watched, &mapped, &unmapped) {
                out.difference = Some(Difference { sample, step, ..difference });
                return Ok(out);
            }
        }
        out.samples += 1;
        progress(out.samples);
    }
    Ok(out)
}

/// Runs a bundle beside its own network on all samples of a source, on so many threads (0: all). The
/// difference is the first of the first sample that has one. `progress` is told the steps done.
///
/// # Errors
/// As [`MappedNetwork::new`], and samples that do not fit.
pub fn check(
    manifest: &Manifest,
    graph: &Graph,
    samples: &dyn Source,
    threads: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Comparison, Diagnostic> {
    let network = MappedNetwork::new(manifest, graph)?;
    let latency = manifest.bounds.latency_steps as usize;
    let steps = samples.steps() + latency;
    let mut out = Comparison { cores: network.cores(), samples: 0, steps, messages: 0, difference: None };
    let watched = network.populations().chain(graph.outputs()).collect();
    let pair = Pair { mapped: network.simulator(), unmapped: Simulator::new(graph, Execution::EventDriven) };
    let differing = Differing { network: &network, graph, watched };
    let mut take = |taken: Taken, found: &mut Found| {
        out.messages += std::mem::take(&mut found.messages);
        if let Some((step, difference)) = found.difference.take().filter(|_| out.difference.is_none()) {
            out.difference = Some(Difference { sample: taken.sample, step, ..difference });
        }
        out.samples += usize::from(taken.last);
        Ok(())
    };
    fold(graph, &pair, samples, Threads { threads, latency }, &differing, &mut take, progress)?;
    Ok(out)
}

/// Both networks, step by step.
struct Pair<'m, 'g> {
    mapped: MappedSimulator<'m>,
    unmapped: Simulator<'g>,
}

impl Machine for Pair<'_, '_> {
    fn fork(&self) -> Self {
        Self { mapped: self.mapped.fork(), unmapped: self.unmapped.fork() }
    }

    fn reset(&mut self) {
        self.mapped.reset();
        self.unmapped.reset();
    }

    fn step(&mut self, inputs: &[Values]) -> Result<(), SimError> {
        self.unmapped.step(inputs)?;
        self.mapped.step(inputs)
    }

    fn value(&self, id: NodeId) -> Values {
        self.unmapped.value(id)
    }

    fn counts(&self, id: NodeId) -> Counts {
        self.unmapped.counts(id)
    }
}

/// Looks for the first difference of each sample.
struct Differing<'a> {
    network: &'a MappedNetwork,
    graph: &'a Graph,
    watched: Vec<NodeId>,
}

/// What was found in a sample so far.
#[derive(Default)]
struct Found {
    step: usize,
    messages: u64,
    difference: Option<(usize, Difference)>,
}

impl Fold<Pair<'_, '_>> for Differing<'_> {
    type State = Found;

    fn start(&self) -> Found {
        Found::default()
    }

    fn step(&self, found: &mut Found, pair: &Pair<'_, '_>, _inputs: &[Values]) {
        found.messages += pair.mapped.counts().iter().map(|c| c.messages_in).sum::<u64>();
        if found.difference.is_none() {
            let first = first(self.network, self.graph, &self.watched, &pair.mapped, &pair.unmapped);
            found.difference = first.map(|difference| (found.step, difference));
        }
        found.step += 1;
    }
}

/// The first value of a step that differs.
fn first(
    network: &MappedNetwork,
    graph: &Graph,
    watched: &[NodeId],
    mapped: &MappedSimulator<'_>,
    unmapped: &Simulator<'_>,
) -> Option<Difference> {
    watched.iter().find_map(|id| {
        let (Values::Integer(own), Values::Integer(whole)) = (mapped.value(*id)?, unmapped.value(*id)) else {
            return None;
        };
        let (at, (mapped, unmapped)) = own.into_iter().zip(whole).enumerate().find(|(_, (a, b))| a != b)?;
        let node = graph.node(*id);
        let rest = at % node.shape.plane();
        Some(Difference {
            core: network.core_of(*id, at),
            layer: node.name.clone(),
            line: print_node(graph, *id),
            neuron: [at / node.shape.plane(), rest / node.shape.w, rest % node.shape.w],
            sample: 0,
            step: 0,
            mapped,
            unmapped,
        })
    })
}

impl Difference {
    /// The difference as a diagnostic of a bundle.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::new(Code::MappedDiffers, "the mapped network does not compute what the network computes")
            .at(Location::node(&self.layer).with_line(&self.line))
            .label(self.label())
            .remedy(
                "compile the model again and run the new bundle; if it differs too, that is a bug of snnc: please report \
                 it with the model and the sample",
            )
    }

    /// Where and what, on one line.
    pub fn label(&self) -> String {
        let [c, y, x] = self.neuron;
        let core = self.core.map_or_else(String::new, |core| format!(" on core {core}"));
        format!(
            "neuron (channel {c}, row {y}, column {x}){core} gives {} in step {} of sample {}, the unmapped network {}",
            self.mapped, self.step, self.sample, self.unmapped
        )
    }
}
