//! How real samples become integers on their way in.

use snnc_ir::graph::op::{Input, Op, Values};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Activation, Model, Neuron, Spec};

use super::super::unit;

/// Parts of the step of a quantised activation in which its input is given.
const PARTS: f64 = 64.0;

/// Says of every real input what its integers stand for.
///
/// An input that only one quantised activation reads gives the activation's levels, and the activation is
/// done by whoever encodes the samples. One that is read by an activation, a delta or a sigma-delta unit
/// among others counts in a part of their step. Any other gives integer events, as the file has them.
/// Events have `payload_bits`; where that is none they are spikes, and stand for 1.
pub(super) fn encode(graph: &mut Graph, payload_bits: u32) {
    let half = 1i32 << (payload_bits.clamp(1, 31) - 1);
    let (lo, hi) = (-half, half - 1);
    for id in graph.inputs() {
        if !matches!(graph.node(id).op, Op::Input(Input { values: Values::Real })) {
            continue;
        }
        let values = match levels(graph, id) {
            Some((values, readers)) => {
                // A reshape to the same shape, which every later pass passes over.
                readers.into_iter().for_each(|r| graph.nodes[r.index()].op = Op::Reshape);
                values
            }
            None if payload_bits == 0 => Values::Binary,
            None => step(graph, id).map_or(Values::Integer { lo, hi }, |scale| Values::Quantised {
                lo,
                hi,
                scale,
                half_up: false,
            }),
        };
        graph.nodes[id.index()].op = Op::Input(Input { values });
    }
}

/// The levels of the one quantised activation that reads an input, and the nodes that are it.
fn levels(graph: &Graph, id: NodeId) -> Option<(Values, Vec<NodeId>)> {
    let readers = graph.consumers().swap_remove(id.index());
    let (first, others) = readers.split_first()?;
    let a = activation(graph, *first)?;
    if others.iter().any(|r| activation(graph, *r) != Some(a)) {
        return None;
    }
    let lo = a.lo.saturating_sub(a.zero_point);
    let hi = a.hi.saturating_sub(a.zero_point);
    // Negative samples become zero first: the least level is that of zero.
    let lo = if a.relu { lo.max(0.min(hi)) } else { lo };
    Some((Values::Quantised { lo, hi, scale: a.scale, half_up: a.half_up }, readers))
}

fn activation(graph: &Graph, id: NodeId) -> Option<&Activation<f32>> {
    match model(graph, id)? {
        Model::Activation(a) => Some(a),
        _ => None,
    }
}

fn model(graph: &Graph, id: NodeId) -> Option<&Model<f32>> {
    match &graph.node(id).op {
        Op::Neuron(n) => match n.as_ref() {
            Neuron::Real(Spec { model, .. }) => Some(model),
            Neuron::Integer(..) => None,
        },
        _ => None,
    }
}

/// The finest unit that a reader of the values asks for.
fn step(graph: &Graph, id: NodeId) -> Option<f32> {
    let consumers = graph.consumers();
    let mut seen = std::collections::BTreeSet::new();
    let mut stack = vec![id];
    let mut least: Option<f64> = None;
    while let Some(at) = stack.pop() {
        if !seen.insert(at) {
            continue;
        }
        for reader in &consumers[at.index()] {
            let asked = match (&graph.node(*reader).op, model(graph, *reader)) {
                (_, Some(Model::Activation(a))) => Some(f64::from(a.scale) / PARTS),
                (_, Some(Model::SigmaDelta(m))) if !unit::whole(&m.threshold) => {
                    Some(unit::of_threshold(&m.threshold))
                }
                (_, Some(Model::Delta(m))) if !unit::whole(&m.threshold) => {
                    Some(unit::of_threshold(&m.threshold))
                }
                (Op::Reshape | Op::Slice(_) | Op::Delay(_) | Op::Concat | Op::SumPool(_), _) => {
                    stack.push(*reader);
                    None
                }
                _ => None,
            };
            least = least.into_iter().chain(asked).reduce(f64::min);
        }
    }
    least.map(|l| l as f32).filter(|l| *l > 0.0 && l.is_finite())
}
