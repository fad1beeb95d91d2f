//! Moves on an ONNX message, for files that are not read as a network.

mod body;
mod defects;
mod lists;
mod nodes;
mod tensors;
mod words;

use prost::Message;
use snnc_frontends::onnx::proto::{ModelProto, NodeProto, TensorProto};

use super::search::{Kind, Subject};

/// A message in the search.
#[derive(Clone, Debug)]
pub struct File(pub ModelProto);

/// Every kind of move, in the order in which they are tried.
pub const KINDS: &[Kind<File>] = &[
    Kind { name: "outputs", moves: nodes::behind },
    Kind { name: "nodes", moves: nodes::drop },
    Kind { name: "bypass", moves: nodes::bypass },
    Kind { name: "lists", moves: lists::moves },
    Kind { name: "sizes", moves: tensors::everywhere },
    Kind { name: "tensors", moves: tensors::single },
    Kind { name: "words", moves: words::moves },
];

impl Subject for File {
    /// Rules of ONNX that are broken; nodes, those of subgraphs and functions too; bytes.
    type Measure = (usize, usize, usize);

    fn measure(&self) -> (usize, usize, usize) {
        (defects::count(&self.0), nodes(&self.0), self.0.encoded_len())
    }

    fn digest(&self) -> [u8; 32] {
        *blake3::hash(&self.0.encode_to_vec()).as_bytes()
    }
}

/// The number of nodes, those of subgraphs and functions too.
pub fn nodes(model: &ModelProto) -> usize {
    fn of(nodes: &[NodeProto]) -> usize {
        let attributes = nodes.iter().flat_map(|n| &n.attribute);
        nodes.len() + attributes.flat_map(|a| a.g.iter().chain(&a.graphs)).map(|g| of(&g.node)).sum::<usize>()
    }
    let functions: usize = model.functions.iter().map(|f| of(&f.node)).sum();
    functions + model.graph.as_ref().map_or(0, |g| of(&g.node))
}

/// The number of values of initialisers.
pub fn weights(model: &ModelProto) -> u64 {
    let count =
        |t: &TensorProto| t.dims.iter().fold(1u64, |n, d| n.saturating_mul(u64::try_from(*d).unwrap_or(0)));
    model.graph.iter().flat_map(|g| &g.initializer).map(count).fold(0, u64::saturating_add)
}

/// Inputs, nodes and outputs of the top level, one line each, to look at.
pub fn listing(model: &ModelProto) -> String {
    let mut out = String::new();
    if let Some(graph) = &model.graph {
        let initializers: Vec<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        let inputs = graph.input.iter().map(|i| i.name.as_str()).filter(|i| !initializers.contains(i));
        let inputs: Vec<&str> = inputs.collect();
        out.push_str(&format!("inputs: {}\n", inputs.join(", ")));
        for node in &graph.node {
            let domain = if node.domain.is_empty() { String::new() } else { format!("{}::", node.domain) };
            let (outputs, inputs) = (node.output.join(", "), node.input.join(", "));
            out.push_str(&format!("{outputs} = {domain}{}({inputs})\n", node.op_type));
        }
        let outputs: Vec<&str> = graph.output.iter().map(|o| o.name.as_str()).collect();
        out.push_str(&format!("outputs: {}\n", outputs.join(", ")));
    }
    out
}
