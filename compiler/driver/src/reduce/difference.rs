//! Runs of a network that must agree, on made-up input.

use snnc_eqsat::space::normalise;
use snnc_ir::diag::Diagnostics;
use snnc_ir::graph::op::{Input, Op, Values as Range};
use snnc_ir::graph::weights::Seeded;
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::sim::{Execution, SimError, Simulator, Values};
use snnc_machine::target::Target;

use crate::pass::{fold, retime};

/// Most steps that are compared.
const STEPS: u32 = 64;

/// Two runs that do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The runs, e.g. "event-driven against dense".
    pub of: String,
    /// The layer of the first difference.
    pub layer: String,
    /// Flat position of the neuron in it.
    pub neuron: usize,
    /// Step of the reference.
    pub step: usize,
    /// What the reference gives and what the other gives.
    pub values: String,
}

/// The first difference between runs of a verified network that must be equal: dense and event-driven
/// execution of every layer, and with a target its quantised, retimed and normalised forms at the outputs.
///
/// # Errors
/// When the target refuses the network.
pub fn find(
    graph: &Graph,
    target: Option<&dyn Target>,
    seed: u64,
) -> Result<Option<Difference>, Diagnostics> {
    if let Some(found) = executions(graph, seed) {
        return Ok(Some(found));
    }
    let Some(target) = target else { return Ok(None) };
    let quantised = target.quantise(&fold::fold_for(graph, target.averages()))?.graph;
    if let Some(found) = executions(&quantised, seed) {
        return Ok(Some(found));
    }
    let retimed = retime::retime(&quantised, target.edge_delay())?;
    if let Some(found) =
        outputs("retimed against quantised", &quantised, &retimed.graph, retimed.latency_steps, seed)
    {
        return Ok(Some(found));
    }
    let lowered = normalise(&retimed.graph)?.network.to_graph();
    Ok(outputs("normalised against retimed", &retimed.graph, &lowered, 0, seed))
}

/// Dense against event-driven, at every node.
fn executions(graph: &Graph, seed: u64) -> Option<Difference> {
    let of = "event-driven against dense";
    let at: Vec<(NodeId, NodeId)> = graph.ids().map(|id| (id, id)).collect();
    compare(of, (graph, Execution::Dense), (graph, Execution::EventDriven), 0, &at, seed)
}

/// Two forms of a network at their outputs, the second `late` steps after the first.
fn outputs(of: &str, reference: &Graph, other: &Graph, late: u32, seed: u64) -> Option<Difference> {
    let at: Vec<_> = reference.outputs().into_iter().zip(other.outputs()).collect();
    compare(of, (reference, Execution::Dense), (other, Execution::EventDriven), late, &at, seed)
}

fn compare(
    of: &str,
    (reference, first): (&Graph, Execution),
    (other, second): (&Graph, Execution),
    late: u32,
    at: &[(NodeId, NodeId)],
    seed: u64,
) -> Option<Difference> {
    let mut one = Simulator::new(reference, first);
    let mut two = Simulator::new(other, second);
    let none = |layer: &str, values: String, step| Difference {
        of: of.to_owned(),
        layer: layer.to_owned(),
        neuron: 0,
        step,
        values,
    };
    let failed = |e: SimError, step| Some(none("", e.to_string(), step));
    let steps = reference.steps.min(STEPS) as usize;
    let late = late as usize;
    for step in 0..steps + late {
        if let Err(e) = two.step(&inputs(other, step, steps, seed)) {
            return failed(e, step);
        }
        let Some(step) = step.checked_sub(late) else { continue };
        if let Err(e) = one.step(&inputs(reference, step, steps, seed)) {
            return failed(e, step);
        }
        for (a, b) in at {
            let layer = &reference.node(*a).name;
            if let Some((neuron, values)) = unlike(&one.value(*a), &two.value(*b)) {
                return Some(Difference { neuron, ..none(layer, values, step) });
            }
        }
    }
    None
}

/// The first element that differs, bit for bit but for the sign of zero, and both values.
fn unlike(a: &Values, b: &Values) -> Option<(usize, String)> {
    let differs = match (a, b) {
        (Values::Integer(a), Values::Integer(b)) if a.len() == b.len() => {
            a.iter().zip(b).position(|(a, b)| a != b)?
        }
        (Values::Real(a), Values::Real(b)) if a.len() == b.len() => {
            a.iter().zip(b).position(|(a, b)| a != b && !(a.is_nan() && b.is_nan()))?
        }
        _ => return Some((0, format!("{} elements and {}", a.len(), b.len()))),
    };
    let shown = |v: &Values| v.to_f64().get(differs).copied().unwrap_or_default();
    Some((differs, format!("{} and {}", shown(a), shown(b))))
}

/// Values for every input in a step: drawn from what the input promises, a fifth of the elements not zero;
/// zeros after the last step. They depend on the seed and the input's position only.
fn inputs(graph: &Graph, step: usize, steps: usize, seed: u64) -> Vec<Values> {
    let draw = |(k, id): (usize, NodeId)| {
        let node = graph.node(id);
        let Op::Input(Input { values }) = node.op else { return Values::Integer(Vec::new()) };
        let (lo, hi) = match values {
            Range::Binary => (1, 1),
            Range::Integer { lo, hi } | Range::Quantised { lo, hi, .. } => (lo, hi),
            Range::Real => (-32, 32),
        };
        let density_ppm = if step < steps { 200_000 } else { 0 };
        let seeded = Seeded { seed: seed.wrapping_add(k as u64), lo, hi, density_ppm };
        let len = node.shape.len() as u64;
        let numbers = (0..len).map(|n| seeded.value((step as u64).wrapping_mul(len).wrapping_add(n)));
        match graph.number {
            Number::Integer => Values::Integer(numbers.collect()),
            Number::Real if values == Range::Real => Values::Real(numbers.map(|v| v as f32 / 16.0).collect()),
            Number::Real => Values::Real(numbers.map(|v| v as f32).collect()),
        }
    };
    graph.inputs().into_iter().enumerate().map(draw).collect()
}
