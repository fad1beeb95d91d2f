//! The network graph: nodes in the order of the source file, weights in an arena beside them.

pub mod op;
pub mod param;
pub mod shape;
pub mod verify;
pub mod weights;

use op::Op;
use shape::Shape;
use weights::{WeightId, Weights};

/// Index of a node in [`Graph::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Position in [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The number system of a graph. A front end makes either; quantisation turns `Real` into `Integer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// 32-bit floating point, each operation rounded once, equal to ONNX Runtime.
    Real,
    /// Exact integers: weights and activations are integers, neurons carry their fixed-point arithmetic.
    Integer,
}

/// One node: an operator, where its inputs come from and the shape of its one output.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique in the graph; taken from the source file where it has a name.
    pub name: String,
    /// The operator with its attributes.
    pub op: Op,
    /// Producers, in the operator's order.
    pub inputs: Vec<NodeId>,
    /// Shape of the output, without batch and time.
    pub shape: Shape,
    /// Names of the nodes of the source file that this node stands for; never empty after import.
    pub origin: Vec<String>,
}

/// A network: a step function with state, run for [`steps`](Graph::steps) steps per inference.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Name of the network.
    pub name: String,
    /// Steps per inference (T); 1 for a frame-based network.
    pub steps: u32,
    /// Real or integer.
    pub number: Number,
    /// Nodes in source order. An input refers to an earlier node, or to any node through a [`op::Delay`].
    pub nodes: Vec<Node>,
    /// Weight arena; nodes refer to it by [`WeightId`].
    pub weights: Vec<Weights>,
}

impl Graph {
    /// An empty graph.
    pub fn new(name: impl Into<String>, steps: u32, number: Number) -> Self {
        Self { name: name.into(), steps, number, nodes: Vec::new(), weights: Vec::new() }
    }

    /// Appends a node and returns its id. The verifier, not this call, checks it.
    pub fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() as u32 - 1)
    }

    /// Puts a node at a position; the nodes from there on move back by one, and what refers to them follows.
    /// The inputs of the new node count in the graph as it then is.
    pub fn insert(&mut self, at: usize, node: Node) -> NodeId {
        for input in self.nodes.iter_mut().flat_map(|n| &mut n.inputs) {
            if input.index() >= at {
                input.0 += 1;
            }
        }
        self.nodes.insert(at, node);
        NodeId(at as u32)
    }

    /// Takes out a node that nothing reads; the nodes behind it move up by one.
    pub fn remove(&mut self, id: NodeId) {
        self.nodes.remove(id.index());
        for input in self.nodes.iter_mut().flat_map(|n| &mut n.inputs) {
            if *input > id {
                input.0 -= 1;
            }
        }
    }

    /// Appends weights to the arena.
    pub fn push_weights(&mut self, weights: Weights) -> WeightId {
        self.weights.push(weights);
        WeightId(self.weights.len() as u32 - 1)
    }

    /// The node with that id.
    ///
    /// # Panics
    /// If the id is not of this graph; ids of a verified graph always are.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The weights with that id.
    ///
    /// # Panics
    /// If the id is not of this graph.
    pub fn weights(&self, id: WeightId) -> &Weights {
        &self.weights[id.0 as usize]
    }

    /// Ids in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// For each node the nodes that read it, in node order.
    pub fn consumers(&self) -> Vec<Vec<NodeId>> {
        let mut out = vec![Vec::new(); self.nodes.len()];
        for id in self.ids() {
            for input in &self.node(id).inputs {
                out[input.index()].push(id);
            }
        }
        out
    }

    /// The nodes whose operator is `Input`, in order.
    pub fn inputs(&self) -> Vec<NodeId> {
        self.ids().filter(|&id| matches!(self.node(id).op, Op::Input(_))).collect()
    }

    /// The nodes whose operator is `Output`, in order.
    pub fn outputs(&self) -> Vec<NodeId> {
        self.ids().filter(|&id| matches!(self.node(id).op, Op::Output)).collect()
    }
}
