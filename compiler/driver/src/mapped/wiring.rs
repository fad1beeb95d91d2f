//! What flows into every population of a lowered network, and into its outputs.

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::{Graph, NodeId, Number};

use super::bad;

/// The populations of a lowered network, in graph order.
pub(super) struct Wiring {
    pub(super) populations: Vec<Population>,
    pub(super) outputs: Vec<Port>,
}

pub(super) struct Population {
    pub(super) node: NodeId,
    /// In the order of the fan-in; empty for an input.
    pub(super) projections: Vec<Projection>,
}

/// One connection into a population.
pub(super) struct Projection {
    /// Index of the source population.
    pub(super) source: usize,
    /// Steps between an event and its arrival.
    pub(super) delay: u32,
    /// The convolution or linear layer.
    pub(super) connection: NodeId,
    /// Shape of the source as the connection reads it.
    pub(super) source_shape: Shape,
}

/// An output with the population that it shows.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) node: NodeId,
    pub(super) source: usize,
    pub(super) delay: u32,
}

impl Wiring {
    /// Reads the form that `snnc_machine::network::Network::to_graph` gives.
    pub(super) fn of(graph: &Graph) -> Result<Self, Diagnostic> {
        if graph.number != Number::Integer {
            return Err(bad("the network is not in integers"));
        }
        let is_population = |id: &NodeId| matches!(graph.node(*id).op, Op::Input(_) | Op::Neuron(_));
        let nodes: Vec<NodeId> = graph.ids().filter(is_population).collect();
        let mut index = vec![None; graph.nodes.len()];
        for (k, id) in nodes.iter().enumerate() {
            index[id.index()] = Some(k);
        }
        let populations = nodes
            .iter()
            .map(|node| {
                let projections = match graph.node(*node).op {
                    Op::Neuron(_) => projections(graph, *node, &index)?,
                    _ => Vec::new(),
                };
                Ok(Population { node: *node, projections })
            })
            .collect::<Result<_, _>>()?;
        let outputs = graph
            .outputs()
            .into_iter()
            .map(|node| {
                let (source, delay) = source(graph, graph.node(node).inputs[0], &index)?;
                Ok(Port { node, source, delay })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { populations, outputs })
    }
}

fn projections(graph: &Graph, layer: NodeId, index: &[Option<usize>]) -> Result<Vec<Projection>, Diagnostic> {
    let end = behind_reshapes(graph, graph.node(layer).inputs[0]);
    let terms = match graph.node(end).op {
        Op::Add => graph.node(end).inputs.clone(),
        _ => vec![end],
    };
    terms
        .into_iter()
        .map(|term| {
            let connection = behind_reshapes(graph, term);
            let node = graph.node(connection);
            if !matches!(node.op, Op::Conv2d(_) | Op::Linear(_)) {
                return Err(bad(format!(
                    "layer '{}' reads '{}', which is no connection with weights",
                    graph.node(layer).name,
                    node.name
                )));
            }
            let (source, delay) = source(graph, node.inputs[0], index)?;
            let source_shape = graph.node(node.inputs[0]).shape;
            Ok(Projection { source, delay, connection, source_shape })
        })
        .collect()
}

fn behind_reshapes(graph: &Graph, mut id: NodeId) -> NodeId {
    while matches!(graph.node(id).op, Op::Reshape) {
        id = graph.node(id).inputs[0];
    }
    id
}

/// The population behind delays and reshapes, with the sum of the delays.
fn source(graph: &Graph, from: NodeId, index: &[Option<usize>]) -> Result<(usize, u32), Diagnostic> {
    let (mut id, mut delay) = (from, 0u32);
    // Delays may form a loop without a population.
    for _ in 0..=graph.nodes.len() {
        if let Some(population) = index[id.index()] {
            return Ok((population, delay));
        }
        let node = graph.node(id);
        match &node.op {
            Op::Delay(d) => delay = delay.saturating_add(d.steps),
            Op::Reshape => {}
            _ => break,
        }
        id = node.inputs[0];
    }
    Err(bad(format!("no population gives the events of '{}'", graph.node(from).name)))
}
