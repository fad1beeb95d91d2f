//! Connections found by evaluation: a linear map is known by what it does to unit inputs.

use std::collections::BTreeMap;

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::{Input, Linear, Op, Values as Range};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::weights::{WeightId, Weights};
use snnc_ir::graph::{Graph, Node, NodeId, Number};
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_ir::text::print_node;
use snnc_machine::network::Projection;

use super::{MAX_EVALUATED, compose, cone};

/// A piece of the graph with its sources as inputs.
struct Piece {
    graph: Graph,
    /// Per input: the source layer and the delay.
    sources: Vec<(usize, u32)>,
    output: NodeId,
}

/// Cuts out the nodes between the sources and `end`; delays become part of the sources.
fn piece(graph: &Graph, layer_of: &[Option<usize>], end: NodeId, nodes: &[NodeId]) -> Piece {
    let mut out = Graph::new("piece", 1, Number::Integer);
    out.weights.clone_from(&graph.weights);
    let mut sources: Vec<(usize, u32)> = Vec::new();
    let mut inputs: BTreeMap<(usize, u32), NodeId> = BTreeMap::new();
    let mut place: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    // In a retimed graph a delay stands directly behind its population and may come later in order.
    let mut resolve = |id: NodeId, out: &mut Graph| -> Option<NodeId> {
        let (mut at, mut delay) = (id, 0u32);
        loop {
            if let Some(layer) = layer_of[at.index()] {
                let key = (layer, delay);
                return Some(*inputs.entry(key).or_insert_with(|| {
                    sources.push(key);
                    out.push(Node {
                        name: format!("source{layer}.{delay}"),
                        op: Op::Input(Input { values: Range::Integer { lo: 0, hi: 1 } }),
                        inputs: Vec::new(),
                        shape: graph.node(at).shape,
                        origin: Vec::new(),
                    })
                }));
            }
            let Op::Delay(d) = &graph.node(at).op else { return None };
            delay = delay.saturating_add(d.steps);
            at = graph.node(at).inputs[0];
        }
    };
    for id in nodes.iter().filter(|id| !matches!(graph.node(**id).op, Op::Delay(_))) {
        let node = graph.node(*id);
        let ids = node.inputs.iter().map(|i| place.get(i).copied().or_else(|| resolve(*i, &mut out)));
        let ids: Vec<NodeId> = ids.map(|i| i.unwrap_or(NodeId(0))).collect();
        let new = out.push(Node { inputs: ids, ..node.clone() });
        place.insert(*id, new);
    }
    let output = place.get(&end).copied().or_else(|| resolve(end, &mut out)).unwrap_or(NodeId(0));
    Piece { graph: out, sources, output }
}

impl Piece {
    /// What the piece gives when the input `k` has a one at `position` and everything else is zero.
    fn respond(&self, sim: &mut Simulator<'_>, hot: Option<(usize, usize)>) -> Vec<i32> {
        let inputs: Vec<Values> = self
            .graph
            .inputs()
            .iter()
            .enumerate()
            .map(|(k, id)| {
                let mut values = vec![0; self.graph.node(*id).shape.len()];
                if let Some((_, position)) = hot.filter(|(input, _)| *input == k) {
                    values[position] = 1;
                }
                Values::Integer(values)
            })
            .collect();
        match sim.step(&inputs) {
            Ok(()) => match sim.value(self.output) {
                Values::Integer(v) => v,
                Values::Real(_) => Vec::new(),
            },
            Err(_) => Vec::new(),
        }
    }
}

/// What enters without any event, as a parameter of the population.
pub(super) fn constant(
    graph: &Graph,
    layer_of: &[Option<usize>],
    end: NodeId,
    nodes: &[NodeId],
) -> Option<Param<i32>> {
    let piece = piece(graph, layer_of, end, nodes);
    let mut sim = Simulator::new(&piece.graph, Execution::EventDriven);
    cone::compress(piece.respond(&mut sim, None), graph.node(end).shape.plane())
}

/// One linear layer per source.
pub(super) fn projections(
    graph: &Graph,
    layer_of: &[Option<usize>],
    end: NodeId,
    nodes: &[NodeId],
) -> Result<Vec<Projection>, Diagnostic> {
    let piece = piece(graph, layer_of, end, nodes);
    let outputs = graph.node(end).shape.len();
    let refuse = |found: String| {
        Diagnostic::new(Code::UnsupportedLayer, "a chain of connections is too large to be merged into one")
            .at(Location::node(&graph.node(end).name).with_line(print_node(graph, end)))
            .label("this chain has no structured form")
            .rule("weights of a merged connection", MAX_EVALUATED, found)
            .remedy("put a layer of neurons between the connections, or use one convolution instead of two")
    };
    let mut sim = Simulator::new(&piece.graph, Execution::EventDriven);
    let base = piece.respond(&mut sim, None);
    let mut out = Vec::with_capacity(piece.sources.len());
    for (k, (layer, delay)) in piece.sources.iter().enumerate() {
        let shape = piece.graph.node(piece.graph.inputs()[k]).shape;
        let inputs = shape.len();
        let size = inputs.saturating_mul(outputs);
        if size > MAX_EVALUATED {
            return Err(refuse(size.to_string()));
        }
        let mut values = vec![0i64; size];
        for position in 0..inputs {
            let response = piece.respond(&mut sim, Some((k, position)));
            for (o, (v, b)) in response.iter().zip(&base).enumerate() {
                values[o * inputs + position] = i64::from(*v) - i64::from(*b);
            }
        }
        let storage = compose::pack(&values).ok_or_else(|| refuse("weights beyond 32 bits".into()))?;
        let op = Op::Linear(Linear { weights: WeightId(0), outputs, inputs, bias: None });
        let weights = Weights { shape: [outputs, inputs, 1, 1], storage, scale: None };
        out.push(Projection::new(*layer, *delay, shape, op, weights));
    }
    Ok(out)
}
