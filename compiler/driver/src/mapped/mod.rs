//! Running a mapped network core by core.
//!
//! [`MappedNetwork`] is a bundle made ready to run: each core has the weights and the neurons of its slice
//! and nothing else. [`MappedSimulator`] steps it: an event of a neuron becomes a message to every core
//! that reads it, arrives after the delay of the connection, is added up there, and the core updates its
//! neurons. A neuron that is missing, computed twice or fed from the wrong place shows as a value that
//! differs from the network's own ([`compare`]).

mod compare;
mod cut;
mod neurons;
mod routes;
mod simulator;
mod wiring;

pub use compare::{Comparison, Difference, check, compare};
pub use simulator::{CoreCounts, MappedSimulator};

use std::collections::BTreeMap;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op};
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::Neuron;
use snnc_machine::manifest::{self, Manifest, Role, Slice, check_coverage};
use snnc_machine::network::Block;

use cut::{Cut, Cutter, places};
use routes::{Destination, Routes};
use wiring::{Port, Wiring};

/// Most cores of a manifest that is run.
const MAX_CORES: usize = 1 << 15;

/// Most pairs of a neuron and a part that are looked at to find where events go.
const MAX_ROUTED: u64 = 1 << 34;

/// A bundle made ready to run; [`simulator`](Self::simulator) runs it.
#[derive(Debug)]
pub struct MappedNetwork {
    cores: usize,
    populations: Vec<Population>,
    /// In the order of the populations.
    parts: Vec<Part>,
    outputs: Vec<Port>,
}

#[derive(Debug)]
struct Population {
    node: NodeId,
    name: String,
    shape: Shape,
    is_input: bool,
    routes: Routes,
    /// Outputs that show it, as indices.
    shown: Vec<usize>,
}

/// A slice of a population on its core.
#[derive(Debug)]
struct Part {
    core: u32,
    population: usize,
    block: Block,
    /// Flat position in the population of every neuron.
    places: Vec<u32>,
    projections: Vec<Incoming>,
    neurons: Graph,
    /// First step in which the neurons are updated.
    start: u64,
}

/// A connection into a part.
#[derive(Debug)]
struct Incoming {
    cut: Cut,
    delay: u32,
    /// One value per neuron of the part, where there is a bias.
    bias: Option<Vec<i32>>,
}

impl MappedNetwork {
    /// Checks that the manifest maps the network, and cuts the network as it says.
    ///
    /// The graph is verified and is the lowered network of the manifest's bundle.
    ///
    /// # Errors
    /// [`Code::BadMapping`] when layers, shapes, connections or slices do not fit the network or leave out
    /// a neuron, [`Code::BudgetExceeded`] when the cores together are too large to run.
    pub fn new(manifest: &Manifest, graph: &Graph) -> Result<Self, Diagnostic> {
        if manifest.cores.len() > MAX_CORES {
            return Err(Diagnostic::new(Code::BudgetExceeded, "the manifest has too many cores")
                .rule("cores", MAX_CORES, manifest.cores.len())
                .remedy("run the network itself: name network.snn of the bundle's folder"));
        }
        let wiring = Wiring::of(graph)?;
        fits(manifest, graph, &wiring)?;
        check_coverage(manifest).map_err(bad)?;
        let mut populations: Vec<Population> =
            wiring.populations.iter().map(|p| Population::new(graph, p.node)).collect();
        for (k, port) in wiring.outputs.iter().enumerate() {
            populations[port.source].shown.push(k);
        }
        let parts = parts(manifest, graph, &wiring)?;
        route(&mut populations, &parts, &wiring)?;
        Ok(Self { cores: manifest.cores.len(), populations, parts, outputs: wiring.outputs })
    }

    /// Number of cores.
    pub fn cores(&self) -> usize {
        self.cores
    }

    /// The populations, inputs included, in graph order, as nodes of the lowered network.
    pub fn populations(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.populations.iter().map(|p| p.node)
    }

    /// The core that computes the neuron at a flat position (C, H, W order) of a population; `None` for an
    /// input, and for a node that is no population.
    pub fn core_of(&self, population: NodeId, neuron: usize) -> Option<u32> {
        let index = self.populations.iter().position(|p| p.node == population)?;
        let shape = self.populations[index].shape;
        let (c, rest) = (neuron / shape.plane(), neuron % shape.plane());
        let (y, x) = (rest / shape.w, rest % shape.w);
        let holds = |b: &Block| b.channels.contains(&c) && b.rows.contains(&y) && b.cols.contains(&x);
        self.parts.iter().find(|p| p.population == index && holds(&p.block)).map(|p| p.core)
    }

    /// A simulator in its initial state.
    pub fn simulator(&self) -> MappedSimulator<'_> {
        MappedSimulator::new(self)
    }
}

impl Population {
    fn new(graph: &Graph, id: NodeId) -> Self {
        let node = graph.node(id);
        Self {
            node: id,
            name: node.name.clone(),
            shape: node.shape,
            is_input: matches!(node.op, Op::Input(_)),
            routes: Routes::new(node.shape.len()),
            shown: Vec::new(),
        }
    }
}

fn bad(what: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::BadMapping, format!("the manifest does not map the network: {}", what.into()))
        .remedy("write the bundle again with `snnc compile -o`, and do not change its files")
}

/// Whether the layers of the manifest are the populations of the network.
fn fits(manifest: &Manifest, graph: &Graph, wiring: &Wiring) -> Result<(), Diagnostic> {
    if manifest.layers.len() != wiring.populations.len() {
        return Err(bad(format!(
            "it has {} layers, the network {} populations",
            manifest.layers.len(),
            wiring.populations.len()
        )));
    }
    let mut layers: BTreeMap<&str, &manifest::Layer> = BTreeMap::new();
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
fn parts(manifest: &Manifest, graph: &Graph, wiring: &Wiring) -> Result<Vec<Part>, Diagnostic> {
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

fn route(populations: &mut [Population], parts: &[Part], wiring: &Wiring) -> Result<(), Diagnostic> {
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
