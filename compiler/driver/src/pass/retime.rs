//! Retiming: where on the chip a population is one step later than its sources.
//!
//! In ONNX a spike crosses all layers in one step. On a barrier-synchronised chip a population sees it
//! `edge_delay` steps after it was sent. Every population gets a lag: in step `t + lag` the chip
//! calculates what the graph calculates in step `t`. The lags are the least that leave every connection
//! a delay of at least `edge_delay`; what is left over on a shorter branch becomes a longer delay, so
//! that branches meet in the right step. A loop must hold as many delay steps as it passes populations.
//!
//! In the result every delay stands directly behind its source population, and every neuron layer
//! starts in the step of its lag.

use std::collections::{BTreeMap, BTreeSet};

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::{Bias, Conv2d, Delay, Linear, Op};
use snnc_ir::graph::{Graph, Node, NodeId};
use snnc_ir::text::print_node;

/// A retimed graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Retimed {
    /// The graph as the chip runs it.
    pub graph: Graph,
    /// Steps between an input and the outputs that belong to it.
    pub latency_steps: u32,
}

/// Retimes a verified graph for a chip on which a spike takes `edge_delay` steps.
///
/// # Errors
/// [`Code::LoopTooFast`] when a loop has too few delay steps, [`Code::UnsupportedLayer`] when a delay
/// stands behind a connection with a bias (its first outputs cannot be reproduced).
pub fn retime(graph: &Graph, edge_delay: u32) -> Result<Retimed, Vec<Diagnostic>> {
    let edges = edges(graph)?;
    let lags = lags(graph, &edges, edge_delay)?;
    let latency = graph.outputs().iter().map(|id| lags[id.index()]).max().unwrap_or(0);
    let mut rebuild = Rebuild {
        from: graph,
        to: Graph { nodes: Vec::new(), ..graph.clone() },
        lags: &lags,
        done: BTreeMap::new(),
        populations: BTreeMap::new(),
        names: graph.nodes.iter().map(|n| n.name.clone()).collect(),
    };
    rebuild.run(latency);
    Ok(Retimed { graph: rebuild.to, latency_steps: latency })
}

/// Whether events leave the node and travel on the chip's network.
fn is_population(op: &Op) -> bool {
    matches!(op, Op::Input(_) | Op::Neuron(_))
}

/// A connection from one population to another population or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: NodeId,
    to: NodeId,
    /// Delay steps of the graph along the way.
    delay: u32,
}

/// The connections into every population and output.
fn edges(graph: &Graph) -> Result<Vec<Edge>, Vec<Diagnostic>> {
    let mut edges = BTreeSet::new();
    let mut refused = Vec::new();
    let mut visited = 0usize;
    for to in graph.ids() {
        if !matches!(graph.node(to).op, Op::Neuron(_) | Op::Output) {
            continue;
        }
        // Depth first over (node, delay so far, a biased connection was passed on the way down).
        let mut seen = BTreeSet::new();
        let mut stack: Vec<(NodeId, u32)> = graph.node(to).inputs.iter().map(|id| (*id, 0)).collect();
        while let Some((id, delay)) = stack.pop() {
            if !seen.insert((id, delay)) {
                continue;
            }
            visited += 1;
            if visited > MAX_VISITED {
                return Err(vec![too_entangled(graph, to)]);
            }
            let node = graph.node(id);
            if is_population(&node.op) {
                edges.insert(Edge { from: id, to, delay });
                continue;
            }
            let more = if let Op::Delay(d) = &node.op { d.steps } else { 0 };
            if more > 0 && behind_bias(graph, node.inputs[0]) {
                refused.push(
                    Diagnostic::new(
                        Code::UnsupportedLayer,
                        "a delay behind a connection with a bias cannot be moved to its source",
                    )
                    .at(Location::node(&node.name).with_line(print_node(graph, id)))
                    .label("this delay")
                    .remedy("put the delay before the convolution or linear layer, or remove the bias"),
                );
                continue;
            }
            let delay = delay.saturating_add(more);
            // A cycle of delays without a population would never end.
            if delay > MAX_DELAY {
                refused.push(too_long(graph, id));
                continue;
            }
            stack.extend(node.inputs.iter().map(|i| (*i, delay)));
        }
    }
    if refused.is_empty() { Ok(edges.into_iter().collect()) } else { Err(refused) }
}

/// Greatest number of places, over all populations, that are looked at on the way to their sources.
const MAX_VISITED: usize = 1 << 22;

fn too_entangled(graph: &Graph, id: NodeId) -> Diagnostic {
    let node = graph.node(id);
    Diagnostic::new(Code::BudgetExceeded, "too many connections share too many delays")
        .at(Location::node(&node.name).with_line(print_node(graph, id)))
        .rule("nodes and delays between populations", MAX_VISITED, format!("more than {MAX_VISITED}"))
        .remedy("put layers of neurons between the connections, or use fewer delays")
}

/// Greatest number of delay steps along one connection that is followed.
const MAX_DELAY: u32 = 4096;

fn too_long(graph: &Graph, id: NodeId) -> Diagnostic {
    let node = graph.node(id);
    Diagnostic::new(Code::DelayTooLong, "a connection is delayed by too many steps")
        .at(Location::node(&node.name).with_line(print_node(graph, id)))
        .rule("delay steps on one connection", MAX_DELAY, format!("more than {MAX_DELAY}"))
        .remedy("shorten the delay, or break the loop of delays with a layer of neurons")
}

/// Whether a constant enters between the sources and this node.
fn behind_bias(graph: &Graph, from: NodeId) -> bool {
    let mut seen = BTreeSet::new();
    let mut stack = vec![from];
    while let Some(id) = stack.pop() {
        let node = graph.node(id);
        if is_population(&node.op) || !seen.insert(id) {
            continue;
        }
        let bias: Option<&Bias> = match &node.op {
            Op::Conv2d(Conv2d { bias, .. }) | Op::Linear(Linear { bias, .. }) => bias.as_ref(),
            _ => None,
        };
        if bias.is_some() {
            return true;
        }
        stack.extend(&node.inputs);
    }
    false
}

/// The least lag of every population and output.
fn lags(graph: &Graph, edges: &[Edge], edge_delay: u32) -> Result<Vec<u32>, Vec<Diagnostic>> {
    let mut lags = vec![0u32; graph.nodes.len()];
    // Longest paths; more rounds than populations means a loop that keeps growing.
    let rounds = graph.nodes.iter().filter(|n| is_population(&n.op) || matches!(n.op, Op::Output)).count();
    for _ in 0..=rounds {
        let mut changed = None;
        for e in edges {
            // The host takes what a population gives out in the same step.
            let need = if matches!(graph.node(e.to).op, Op::Output) { 0 } else { edge_delay };
            let least = (lags[e.from.index()] + need).saturating_sub(e.delay);
            if lags[e.to.index()] < least {
                lags[e.to.index()] = least;
                changed = Some(e.to);
            }
        }
        let Some(node) = changed else { return Ok(lags) };
        if lags[node.index()] > MAX_DELAY {
            break;
        }
    }
    Err(vec![loop_too_fast(graph, edges, edge_delay)])
}

/// Names a loop with too few delay steps.
fn loop_too_fast(graph: &Graph, edges: &[Edge], edge_delay: u32) -> Diagnostic {
    let (members, delay) = shortest_loop(graph, edges, edge_delay);
    let need = members.len() as u32 * edge_delay;
    let names: Vec<&str> = members.iter().map(|id| graph.node(*id).name.as_str()).collect();
    let mut diagnostic = Diagnostic::new(
        Code::LoopTooFast,
        format!("the loop through {} is too fast for the chip", names.join(", ")),
    )
    .label("a spike of this layer comes back to it")
    .rule("delay steps in the loop", format!("at least {need}"), delay)
    .remedy(format!(
        "add {} delay step(s) to the loop: on the chip each population of it takes {edge_delay} step(s)",
        need.saturating_sub(delay)
    ));
    if let Some(first) = members.first() {
        diagnostic =
            diagnostic.at(Location::node(&graph.node(*first).name).with_line(print_node(graph, *first)));
    }
    diagnostic
}

/// A loop whose delay is less than what its populations need: its members and its delay.
fn shortest_loop(graph: &Graph, edges: &[Edge], edge_delay: u32) -> (Vec<NodeId>, u32) {
    // Bellman-Ford with predecessors; after as many rounds as nodes a predecessor chain closes a loop.
    let mut weight = vec![0i64; graph.nodes.len()];
    let mut before: Vec<Option<Edge>> = vec![None; graph.nodes.len()];
    let mut last = None;
    for _ in 0..=graph.nodes.len() {
        last = None;
        for e in edges.iter().filter(|e| !matches!(graph.node(e.to).op, Op::Output)) {
            let w = weight[e.from.index()] + i64::from(edge_delay) - i64::from(e.delay);
            if w > weight[e.to.index()] {
                weight[e.to.index()] = w;
                before[e.to.index()] = Some(*e);
                last = Some(e.to);
            }
        }
        if last.is_none() {
            break;
        }
    }
    let mut at = last;
    for _ in 0..graph.nodes.len() {
        at = at.and_then(|id| before[id.index()]).map(|e| e.from).or(at);
    }
    let (mut members, mut delay) = (Vec::new(), 0);
    let mut walk = at;
    while let Some(id) = walk.filter(|id| !members.contains(id)) {
        members.push(id);
        let edge = before[id.index()];
        delay += edge.map_or(0, |e| e.delay);
        walk = edge.map(|e| e.from);
    }
    members.reverse();
    (members, delay)
}

/// Builds the retimed graph, population by population in the order of the source.
struct Rebuild<'a> {
    from: &'a Graph,
    to: Graph,
    lags: &'a [u32],
    /// Nodes that are no population, by the shift between the steps of the graph and of the chip.
    done: BTreeMap<(NodeId, u32), NodeId>,
    populations: BTreeMap<NodeId, NodeId>,
    /// Names in use.
    names: BTreeSet<String>,
}

impl Rebuild<'_> {
    fn run(&mut self, latency: u32) {
        // Populations get their place first, so that a loop can refer to a later one.
        let mut pending = Vec::new();
        for id in self.from.ids() {
            let node = self.from.node(id);
            if is_population(&node.op) {
                let mut copy = node.clone();
                if let Op::Neuron(neuron) = copy.op {
                    let start = neuron.start().saturating_add(self.lags[id.index()]);
                    copy.op = Op::Neuron(Box::new(neuron.with_start(start)));
                    pending.push(id);
                }
                let new = self.to.push(copy);
                self.populations.insert(id, new);
            }
        }
        for id in pending {
            let source = self.build(self.from.node(id).inputs[0], self.lags[id.index()]);
            if let Some(new) = self.populations.get(&id) {
                self.to.nodes[new.index()].inputs = vec![source];
            }
        }
        for id in self.from.outputs() {
            let node = self.from.node(id);
            let source = self.build(node.inputs[0], latency);
            self.to.push(Node { inputs: vec![source], ..node.clone() });
        }
        sort(&mut self.to);
    }

    /// The node that gives in step `t + shift` what `id` gives in step `t` of the graph.
    fn build(&mut self, id: NodeId, shift: u32) -> NodeId {
        let root = (id, shift);
        let mut stack = vec![root];
        while let Some(at) = stack.last().copied() {
            let needs: Vec<(NodeId, u32)> =
                self.needs(at).into_iter().filter(|need| !self.done.contains_key(need)).collect();
            if needs.is_empty() || self.done.contains_key(&at) {
                stack.pop();
                if !self.done.contains_key(&at) {
                    let new = self.make(at);
                    self.done.insert(at, new);
                }
            } else {
                stack.extend(needs);
            }
        }
        self.done[&root]
    }

    /// What must be built before that node.
    fn needs(&self, (id, shift): (NodeId, u32)) -> Vec<(NodeId, u32)> {
        let node = self.from.node(id);
        match &node.op {
            op if is_population(op) => Vec::new(),
            Op::Delay(d) => vec![(node.inputs[0], shift.saturating_add(d.steps))],
            _ => node.inputs.iter().map(|i| (*i, shift)).collect(),
        }
    }

    /// Builds a node whose needs are built.
    fn make(&mut self, at: (NodeId, u32)) -> NodeId {
        let (id, shift) = at;
        let node = self.from.node(id);
        if let Some(source) = self.populations.get(&id).copied() {
            let steps = shift.saturating_sub(self.lags[id.index()]);
            if steps == 0 {
                return source;
            }
            let name = self.free_name(format!("{}.delay{steps}", node.name));
            let op = Op::Delay(Delay { steps });
            return self.to.push(Node {
                name,
                op,
                inputs: vec![source],
                shape: node.shape,
                origin: node.origin.clone(),
            });
        }
        let inputs: Vec<NodeId> = self.needs(at).iter().map(|need| self.done[need]).collect();
        if matches!(node.op, Op::Delay(_)) {
            return inputs[0];
        }
        // A second copy of a node, for a branch with another delay, gets a name of its own.
        let copied = self.done.range((id, 0)..=(id, u32::MAX)).next().is_some();
        let name =
            if copied { self.free_name(format!("{}.shift{shift}", node.name)) } else { node.name.clone() };
        self.to.push(Node { name, inputs, ..node.clone() })
    }

    fn free_name(&mut self, wanted: String) -> String {
        let mut name = wanted.clone();
        let mut k = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{wanted}.{k}");
            k += 1;
        }
        name
    }
}

/// Puts nodes behind what they read, delays (which may read later nodes) excepted; stable otherwise.
fn sort(graph: &mut Graph) {
    let n = graph.nodes.len();
    let mut place: Vec<Option<u32>> = vec![None; n];
    let mut order: Vec<usize> = Vec::with_capacity(n);
    // Inputs first, so that their order stays; a delay waits for nothing.
    let is_input = |k: &usize| matches!(graph.nodes[*k].op, Op::Input(_));
    let inputs = (0..n).filter(is_input);
    let mut stack: Vec<(usize, bool)> =
        inputs.chain((0..n).filter(|k| !is_input(k))).map(|k| (k, false)).collect();
    stack.reverse();
    let mut open = vec![false; n];
    while let Some((k, ready)) = stack.pop() {
        if place[k].is_some() {
            continue;
        }
        if ready || matches!(graph.nodes[k].op, Op::Delay(_)) {
            place[k] = Some(order.len() as u32);
            order.push(k);
            continue;
        }
        if std::mem::replace(&mut open[k], true) {
            continue;
        }
        stack.push((k, true));
        stack.extend(graph.nodes[k].inputs.iter().rev().map(|i| (i.index(), false)));
    }
    let mut nodes: Vec<Node> = order.iter().map(|k| graph.nodes[*k].clone()).collect();
    for node in &mut nodes {
        for input in &mut node.inputs {
            *input = NodeId(place[input.index()].unwrap_or(0));
        }
    }
    graph.nodes = nodes;
}
