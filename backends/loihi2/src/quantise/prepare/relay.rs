//! Populations that pass weighted sums on.

use std::collections::BTreeMap;

use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Integrator, Model, Neuron, Spec};

use super::{gives_events, push_behind};

/// Whether an integrator keeps nothing: what it gives out is what comes in.
pub(in super::super) fn is_relay(m: &Integrator<f32>) -> bool {
    m.decay.as_ref().and_then(Param::uniform) == Some(0.0)
        && m.gain.is_none()
        && m.rest.is_none()
        && m.initial.is_none()
}

/// Puts a relay behind every sum that a connection or an output reads.
pub(super) fn insert(graph: &mut Graph) {
    let mut relays: BTreeMap<String, NodeId> = BTreeMap::new();
    let mut at = 0;
    while at < graph.nodes.len() {
        let id = NodeId(at as u32);
        at += 1;
        let Some(sum) = sum_before(graph, id) else { continue };
        let name = graph.node(sum).name.clone();
        let known = relays.get(&name).copied();
        let relay = known.unwrap_or_else(|| {
            let relay = push_behind(graph, sum, "relay", neuron());
            relays.values_mut().filter(|r| **r >= relay).for_each(|r| r.0 += 1);
            at += usize::from(relay.index() <= id.index());
            relays.insert(name, relay);
            relay
        });
        let reader = NodeId(at as u32 - 1);
        redirect(graph, reader, sum, relay);
    }
}

fn neuron() -> Op {
    let decay = Some(Param::Scalar(0.0));
    let model = Model::Integrator(Integrator { decay, gain: None, rest: None, initial: None });
    Op::Neuron(Box::new(Neuron::Real(Spec { model, start: 0 })))
}

/// The sum that a node reads, behind reshapes and delays, where it must read a population.
fn sum_before(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    let events = gives_events(graph);
    let output = match node.op {
        Op::Conv2d(_) | Op::Linear(_) => false,
        Op::Output => true,
        _ => return None,
    };
    let mut source = *node.inputs.first()?;
    // A cycle of delays alone has no population either.
    for _ in 0..graph.nodes.len() {
        match graph.node(source).op {
            Op::Reshape | Op::Delay(_) => source = graph.node(source).inputs[0],
            Op::Input(_) | Op::Neuron(_) => return None,
            _ => break,
        }
    }
    // What is no weighted sum is read by a connection as it is: pools, parts, concatenations.
    (output || !events[source.index()]).then_some(source)
}

/// Makes a reader, through the reshapes and delays that lead to it, read the relay.
fn redirect(graph: &mut Graph, reader: NodeId, sum: NodeId, relay: NodeId) {
    let mut at = reader;
    for _ in 0..graph.nodes.len() {
        let source = graph.node(at).inputs[0];
        if source == sum {
            graph.nodes[at.index()].inputs[0] = relay;
            return;
        }
        at = source;
    }
}
