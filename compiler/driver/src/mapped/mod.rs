//! Running a mapped network core by core.
//!
//! [`MappedNetwork`] is a bundle made ready to run: each core has the weights and the neurons of its slice
//! and nothing else. [`MappedSimulator`] steps it: an event of a neuron becomes a message to every core
//! that reads it, arrives after the delay of the connection, is added up there, and the core updates its
//! neurons. A neuron that is missing, computed twice or fed from the wrong place shows as a value that
//! differs from the network's own ([`compare`]).

mod build;
mod compare;
mod cut;
mod neurons;
mod routes;
mod simulator;
mod wiring;

pub use compare::{Comparison, Difference, check, compare};
pub use simulator::{CoreCounts, MappedSimulator};

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::{Graph, NodeId};
use snnc_machine::manifest::{Manifest, check_coverage};
use snnc_machine::network::Block;

use cut::Cut;
use routes::Routes;
use wiring::{Port, Wiring};

/// Most cores of a manifest that is run.
const MAX_CORES: usize = 1 << 15;

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
        build::fits(manifest, graph, &wiring)?;
        check_coverage(manifest).map_err(bad)?;
        let mut populations: Vec<Population> =
            wiring.populations.iter().map(|p| Population::new(graph, p.node)).collect();
        for (k, port) in wiring.outputs.iter().enumerate() {
            populations[port.source].shown.push(k);
        }
        let parts = build::parts(manifest, graph, &wiring)?;
        build::route(&mut populations, &parts, &wiring)?;
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
