//! Two integer networks that must give the same, one some steps later.

use std::collections::{BTreeMap, VecDeque};

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::sim::{Execution, Simulator, Values};

use super::stimulus::{Stimulus, misfit};
use super::{Place, differs, outputs_kept};
use crate::phase::Phase;

/// What came of a comparison without a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equal {
    /// Populations and outputs that were compared.
    pub layers: usize,
    /// Layers of neurons of the network before the phase that gave out no event in any sample.
    pub silent: Vec<String>,
}

/// A node of the network before the phase with the one that stands for it afterwards.
struct Pair {
    before: NodeId,
    after: NodeId,
    lag: usize,
    /// What the first gave out in the last `lag` steps and this one.
    past: VecDeque<Values>,
    events: u64,
}

/// Runs the networks before and after a phase on every sample. Populations that keep their name give the
/// same, later by the steps by which the phase delays their start; outputs `latency` steps later.
///
/// # Errors
/// [`Code::PhaseDiffers`](snnc_ir::diag::Code::PhaseDiffers) with the first value that differs,
/// [`Code::BadSample`](snnc_ir::diag::Code::BadSample) when samples do not fit.
pub fn exact(
    phase: Phase,
    before: &Graph,
    after: &Graph,
    latency: u32,
    stimulus: &dyn Stimulus,
) -> Result<Equal, Diagnostic> {
    let mut pairs = pairs(before, after, latency);
    outputs_kept(phase, before, |id| pairs.iter().any(|p| p.before == id))?;
    let (mut old, mut new) =
        (Simulator::new(before, Execution::EventDriven), Simulator::new(after, Execution::EventDriven));
    for sample in 0..stimulus.samples() {
        old.reset();
        new.reset();
        pairs.iter_mut().for_each(|p| p.past.clear());
        for step in 0..stimulus.steps() + latency as usize {
            old.step(&stimulus.step(before, sample, step)).map_err(misfit)?;
            new.step(&stimulus.step(after, sample, step)).map_err(misfit)?;
            for pair in &mut pairs {
                pair.events += old.events(pair.before);
                pair.past.push_back(old.value(pair.before));
                if pair.past.len() <= pair.lag {
                    continue;
                }
                let (Some(Values::Integer(was)), Values::Integer(is)) =
                    (pair.past.pop_front(), new.value(pair.after))
                else {
                    continue;
                };
                if let Some(at) = was.iter().zip(&is).position(|(a, b)| a != b) {
                    let place = Place { graph: after, node: pair.after, at, sample, step, lag: pair.lag };
                    return Err(differs(phase, &place, was[at], is[at]));
                }
            }
        }
    }
    let silent = |p: &&Pair| p.events == 0 && matches!(before.node(p.before).op, Op::Neuron(_));
    Ok(Equal {
        layers: pairs.len(),
        silent: pairs.iter().filter(silent).map(|p| before.node(p.before).name.clone()).collect(),
    })
}

/// The populations and outputs with the same name, in the order of the network after the phase.
fn pairs(before: &Graph, after: &Graph, latency: u32) -> Vec<Pair> {
    let names: BTreeMap<&str, NodeId> = before.ids().map(|id| (before.node(id).name.as_str(), id)).collect();
    let pair = |id: NodeId| {
        let node = after.node(id);
        let same = *names.get(node.name.as_str())?;
        let was = before.node(same);
        let lag = match (&was.op, &node.op) {
            (Op::Input(_), Op::Input(_)) => 0,
            (Op::Neuron(a), Op::Neuron(b)) => b.start().saturating_sub(a.start()),
            (Op::Output, Op::Output) => latency,
            _ => return None,
        };
        let fits = was.shape.len() == node.shape.len();
        let lag = lag as usize;
        fits.then(|| Pair { before: same, after: id, lag, past: VecDeque::new(), events: 0 })
    };
    after.ids().filter_map(pair).collect()
}
