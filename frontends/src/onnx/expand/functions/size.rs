//! How many nodes a graph has when every call is replaced, found without replacing any.

use super::MAX_DEPTH;
use super::library::{Key, Library, key, subgraphs};
use crate::onnx::budget::Budget;
use crate::onnx::proto::{FunctionProto, NodeProto};
use crate::onnx::refusal::{Refusal, refuse, refuse_with};
use snnc_ir::diag::{Code, Location};
use std::collections::BTreeMap;

/// Nodes of a body, and how deep calls and subgraphs lie within each other in it.
#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    depth: usize,
}

struct Sizes<'l, 'f> {
    library: &'l Library<'f>,
    /// Sizes of functions; `None` while one is being counted.
    known: BTreeMap<Key<'f>, Option<Size>>,
}

/// Checks that the nodes can be expanded within the budget.
pub(super) fn check(library: &Library<'_>, nodes: &[NodeProto]) -> Result<(), Refusal> {
    let size = Sizes { library, known: BTreeMap::new() }.nodes(nodes, 0)?;
    Budget::nodes(size.nodes)
}

impl<'f> Sizes<'_, 'f> {
    fn nodes(&mut self, nodes: &[NodeProto], above: usize) -> Result<Size, Refusal> {
        let mut size = Size { nodes: 0, depth: 0 };
        for node in nodes {
            let part = match self.library.find(node) {
                Some(function) => self.function(function, node, above + 1)?,
                None => self.subgraphs(node, above)?,
            };
            size.nodes = size.nodes.saturating_add(part.nodes);
            size.depth = size.depth.max(part.depth);
        }
        if above + size.depth > MAX_DEPTH { Err(too_deep()) } else { Ok(size) }
    }

    fn subgraphs(&mut self, node: &NodeProto, above: usize) -> Result<Size, Refusal> {
        let mut size = Size { nodes: 1, depth: 0 };
        for graph in subgraphs(node) {
            let part = self.nodes(&graph.node, above + 1)?;
            size.nodes = size.nodes.saturating_add(part.nodes);
            size.depth = size.depth.max(part.depth + 1);
        }
        Ok(size)
    }

    fn function(
        &mut self,
        function: &'f FunctionProto,
        call: &NodeProto,
        above: usize,
    ) -> Result<Size, Refusal> {
        let key = key(function);
        match self.known.get(&key) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(cycle(function, call)),
            None if above > MAX_DEPTH => return Err(too_deep()),
            None => {}
        }
        self.known.insert(key, None);
        let body = self.nodes(&function.node, above)?;
        // An output that is an input becomes a node of its own.
        let nodes = body.nodes.saturating_add(function.output.len());
        let size = Size { nodes, depth: body.depth + 1 };
        self.known.insert(key, Some(size));
        Ok(size)
    }
}

fn cycle(function: &FunctionProto, call: &NodeProto) -> Refusal {
    let name = format!("{}::{}", super::library::domain(&function.domain), function.name);
    let message = format!("the function '{name}' calls itself, directly or through others");
    let mut refusal = refuse(Code::BadGraph, message);
    let node = if call.name.is_empty() { &call.op_type } else { &call.name };
    *refusal = refusal.clone().at(Location::node(node));
    refusal
}

fn too_deep() -> Refusal {
    let message = format!("calls of functions lie more than {MAX_DEPTH} deep within each other");
    refuse_with(Code::BudgetExceeded, message, "inline the functions before the export")
}
