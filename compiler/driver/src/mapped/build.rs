//! Checks a manifest against its network, cuts the network to the parts of the cores, and finds where
//! events go.

use std::collections::BTreeMap;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::Neuron;
use snnc_machine::manifest::{Layer, Manifest, Role, Slice};
use snnc_machine::network::Block;

use super::cut::{Cutter, places};
use super::routes::Destination;
use super::wiring::Wiring;
use super::{Incoming, Part, Population, bad, neurons};

/// Most pairs of a neuron and a part that are looked at to find where events go.
const MAX_ROUTED: u64 = 1 << 34;

/// Whether the layers of the manifest are the populations of the network.
pub(super) fn fits(manifest: &Manifest, graph: &Graph, wiring: &Wiring) -> Result<(), Diagnostic> {
    if manifest.layers.len() != wiring.populations.len() {
        return Err(bad(format!(
            "it has {} layers, the network {} populations",
            manifest.layers.len(),
            wiring.populations.len()
        )));
    }
    let mut layers: BTreeMap<&str, &Layer> = BTreeMap::new();
    for layer in &manifest.layers {
        layers.insert(&layer.name, layer);
    }
    for population in &wiring.populations {
        let node = graph.node(population.node);
        let Some(layer) = layers.get(node.name.as_str()) else {
            return Err(bad(format!("population '{}' is not in it", node.name)));
        };
        let differs = |what: &str, own: String, network: String| {
            Err(bad(format!("layer '{}' has {what} {own}, the network {network}", node.name)))
        };
        let shape = [node.shape.c as u64, node.shape.h as u64, node.shape.w as u64];
        if layer.shape != shape {
            return differs("shape", format!("{:?}", layer.shape), format!("{shape:?}"));
        }
        if (layer.op == "input") != matches!(node.op, Op::Input(_)) {
            return differs("op", layer.op.clone(), node.op.mnemonic().to_owned());
        }
        let inputs: Vec<(&str, u32, u64)> =
            layer.inputs.iter().map(|i| (i.layer.as_str(), i.delay, i.fan_in)).collect();
        let network: Vec<(&str, u32, u64)> = population
            .projections
            .iter()
            .map(|p| {
                let source = graph.node(wiring.populations[p.source].node).name.as_str();
                (source, p.delay, fan_in(graph, p.connection) as u64)
            })
            .collect();
        if inputs != network {
            return differs("inputs", format!("{inputs:?}"), format!("{network:?}"));
        }
    }
    Ok(())
}

fn fan_in(graph: &Graph, connection: NodeId) -> usize {
    graph.node(connection).op.weights().map_or(0, |w| graph.weights(w).row())
}

/// The parts of every core, in the order of the populations.
pub(super) fn parts(manifest: &Manifest, graph: &Graph, wiring: &Wiring) -> Result<Vec<Part>, Diagnostic> {
    let index: BTreeMap<&str, usize> =
        wiring.populations.iter().enumerate().map(|(k, p)| (graph.node(p.node).name.as_str(), k)).collect();
    let mut cutter = Cutter::default();
    let mut out = Vec::new();
    for (core, part) in
        manifest.cores.iter().enumerate().flat_map(|(k, c)| c.parts.iter().map(move |p| (k as u32, p)))
    {
        if part.role != Role::Compute {
            return Err(bad(format!(
                "core {core} has a part of layer '{}' with another role than compute; no target makes such parts, and \
                 they cannot be run",
                part.layer
            )));
        }
        let Some(population) = index.get(part.layer.as_str()).copied() else {
            return Err(bad(format!("core {core} has a part of '{}', which is no population", part.layer)));
        };
        out.push(make(core, population, &block(&part.slice), graph, wiring, &mut cutter)?);
    }
    // Stable: the cores of a population stay in order.
    out.sort_by_key(|p| p.population);
    Ok(out)
}

fn block(slice: &Slice) -> Block {
    // They were found to lie inside the population.
    let range = |[lo, hi]: [u64; 2]| lo as usize..hi as usize;
    Block {
        channels: range(slice.channels),
        rows: range(slice.rows),
        cols: range(slice.cols),
        fan_in: range(slice.fan_in),
    }
}

fn make(
    core: u32,
    population: usize,
    block: &Block,
    graph: &Graph,
    wiring: &Wiring,
    cutter: &mut Cutter,
) -> Result<Part, Diagnostic> {
    let from = &wiring.populations[population];
    let node = graph.node(from.node);
    let places = places(node.shape, block);
    let mut projections = Vec::with_capacity(from.projections.len());
    for p in &from.projections {
        let connection = graph.node(p.connection);
        let (Op::Conv2d(Conv2d { weights, bias, .. }) | Op::Linear(Linear { weights, bias, .. })) =
            &connection.op
        else {
            return Err(bad(format!("'{}' is no connection with weights", connection.name)));
        };
        if matches!(connection.op, Op::Conv2d(_)) && connection.shape != node.shape {
            return Err(bad(format!(
                "convolution '{}' has not the shape of its population",
                connection.name
            )));
        }
        let plane = connection.shape.plane();
        let bias = match bias {
            Some(Bias::Integer(p)) => Some(places.iter().map(|at| p.at(*at as usize, plane)).collect()),
            _ => None,
        };
        let shapes = [p.source_shape, node.shape];
        let cut = cutter.cut(p.connection.0, &connection.op, graph.weights(*weights), shapes, block)?;
        projections.push(Incoming { cut, delay: p.delay, bias });
    }
    let neurons = match &node.op {
        Op::Neuron(neuron) => match neuron.as_ref() {
            Neuron::Integer(spec, fixed) => neurons::network(spec, *fixed, &places, node.shape.plane()),
            Neuron::Real(_) => return Err(bad(format!("layer '{}' is not in integers", node.name))),
        },
        _ => return Err(bad(format!("core {core} computes '{}', which has no neurons", node.name))),
    };
    let start = match &node.op {
        Op::Neuron(neuron) => u64::from(neuron.start()),
        _ => 0,
    };
    Ok(Part { core, population, block: block.clone(), places, projections, neurons, start })
}

/// Sends the events of every population to the connections that read it.
pub(super) fn route(
    populations: &mut [Population],
    parts: &[Part],
    wiring: &Wiring,
) -> Result<(), Diagnostic> {
    let mut work = 0u64;
    for (k, part) in parts.iter().enumerate() {
        for (j, (projection, incoming)) in
            wiring.populations[part.population].projections.iter().zip(&part.projections).enumerate()
        {
            let source = &mut populations[projection.source];
            work = work.saturating_add(source.shape.len() as u64);
            if work > MAX_ROUTED {
                return Err(Diagnostic::new(
                    Code::BudgetExceeded,
                    "too many cores read too many neurons to run them here",
                )
                .rule(
                    "pairs of a neuron and a core that may read it",
                    MAX_ROUTED,
                    format!("over {MAX_ROUTED}"),
                )
                .remedy("run the network itself: name network.snn of the bundle's folder"));
            }
            let to = Destination { part: k as u32, projection: j as u32 };
            source.routes.add(to, part.core, |neuron| incoming.cut.reads(neuron));
        }
    }
    Ok(())
}
