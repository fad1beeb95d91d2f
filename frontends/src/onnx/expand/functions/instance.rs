//! One body in place of one call.

use super::super::names::Prefixes;
use super::library::{Library, domain, subgraphs};
use crate::onnx::proto::{AttributeProto, FunctionProto, GraphProto, NodeProto, OperatorSetIdProto};
use crate::onnx::refusal::{Refusal, refuse, refuse_with};
use prost::Message;
use snnc_ir::diag::{Code, Location};
use std::collections::BTreeMap;

/// Greatest size of everything that bodies are copied to: 256 MiB.
const MAX_BYTES: usize = 1 << 28;

/// Replaces calls, outermost first.
pub(super) struct Inliner<'l, 'f> {
    library: &'l Library<'f>,
    prefixes: Prefixes,
    imports: BTreeMap<(String, i64), OperatorSetIdProto>,
    bytes: usize,
}

/// What names and attributes of a body stand for in one call.
struct Scope<'c> {
    prefix: String,
    values: BTreeMap<&'c str, String>,
    attributes: BTreeMap<&'c str, &'c AttributeProto>,
}

impl<'l, 'f> Inliner<'l, 'f> {
    pub(super) fn new(library: &'l Library<'f>, graph: &GraphProto) -> Self {
        Self { library, prefixes: Prefixes::of(graph), imports: BTreeMap::new(), bytes: 0 }
    }

    /// Operator sets that the inlined functions import.
    pub(super) fn into_imports(self) -> impl Iterator<Item = OperatorSetIdProto> {
        self.imports.into_values()
    }

    /// Replaces every call in a graph and its subgraphs.
    pub(super) fn graph(&mut self, graph: &mut GraphProto) -> Result<(), Refusal> {
        let nodes = std::mem::take(&mut graph.node);
        graph.node.reserve(nodes.len());
        for (k, node) in nodes.into_iter().enumerate() {
            self.node(node, k, &mut graph.node)?;
        }
        Ok(())
    }

    fn node(&mut self, mut node: NodeProto, index: usize, out: &mut Vec<NodeProto>) -> Result<(), Refusal> {
        if let Some(function) = self.library.find(&node) {
            return self.call(function, &node, index, out);
        }
        for attribute in &mut node.attribute {
            for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                self.graph(graph)?;
            }
        }
        out.push(node);
        Ok(())
    }

    fn call(
        &mut self,
        function: &'f FunctionProto,
        call: &NodeProto,
        index: usize,
        out: &mut Vec<NodeProto>,
    ) -> Result<(), Refusal> {
        let wanted = match call.name.as_str() {
            "" => format!("{}_{index}", call.op_type),
            name => name.to_owned(),
        };
        check(function, call, &wanted)?;
        for import in &function.opset_import {
            let key = (domain(&import.domain).to_owned(), import.version);
            self.imports.entry(key).or_insert_with(|| import.clone());
        }
        let prefix = self.prefixes.take(&wanted);
        let scope = self.scope(function, call, prefix, out);
        let locals = function.node.iter().flat_map(outputs);
        let locals: Vec<String> = locals.map(|name| scope.value(name)).collect();
        self.prefixes.register(locals);
        for (k, body) in function.node.iter().enumerate() {
            self.spend(body, &scope)?;
            let node = scope.instance(body, k);
            self.node(node, k, out)?;
        }
        Ok(())
    }

    /// Names inputs and outputs as the call does. An output that is an input, or another output, gets a
    /// node.
    fn scope<'c>(
        &mut self,
        function: &'c FunctionProto,
        call: &'c NodeProto,
        prefix: String,
        out: &mut Vec<NodeProto>,
    ) -> Scope<'c> {
        let mut values: BTreeMap<&str, String> = BTreeMap::new();
        for (k, name) in function.input.iter().enumerate() {
            values.insert(name, call.input.get(k).cloned().unwrap_or_default());
        }
        for (k, name) in function.output.iter().enumerate() {
            let Some(given) = call.output.get(k).filter(|given| !given.is_empty()) else { continue };
            match values.get(name.as_str()) {
                None => {
                    values.insert(name, given.clone());
                }
                Some(source) => out.push(NodeProto {
                    name: format!("{prefix}/{name}"),
                    op_type: "Identity".into(),
                    input: vec![source.clone()],
                    output: vec![given.clone()],
                    ..NodeProto::default()
                }),
            }
        }
        let defaults = function.attribute_proto.iter().map(|a| (a.name.as_str(), a));
        let mut attributes: BTreeMap<&str, &AttributeProto> = defaults.collect();
        // What the function does not declare it cannot refer to: notes of the exporter.
        let given = call.attribute.iter().map(|a| (a.name.as_str(), a));
        attributes.extend(given.filter(|(_, a)| a.ref_attr_name.is_empty()));
        Scope { prefix, values, attributes }
    }

    /// Takes what a copy of a node needs out of the budget.
    fn spend(&mut self, node: &NodeProto, scope: &Scope<'_>) -> Result<(), Refusal> {
        let attributes = node.attribute.iter().filter_map(|a| scope.attributes.get(a.ref_attr_name.as_str()));
        let given: usize = attributes.map(|a| a.encoded_len()).fold(0, usize::saturating_add);
        let names = count_names(node).saturating_mul(scope.prefix.len() + 1);
        let size = node.encoded_len().saturating_add(names).saturating_add(given);
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes <= MAX_BYTES {
            return Ok(());
        }
        let mut refusal = refuse_with(
            Code::BudgetExceeded,
            "the bodies of all calls of functions together are larger than allowed",
            "keep constants as initialisers of the graph, not in the bodies of functions",
        );
        *refusal = refusal.clone().rule("bytes of bodies of functions", MAX_BYTES, self.bytes);
        Err(refusal)
    }
}

impl Scope<'_> {
    /// What a value of the body is called in the graph.
    fn value(&self, name: &str) -> String {
        match self.values.get(name) {
            _ if name.is_empty() => String::new(),
            Some(given) => given.clone(),
            None => format!("{}/{name}", self.prefix),
        }
    }

    /// A node of the body in the graph.
    fn instance(&self, body: &NodeProto, index: usize) -> NodeProto {
        let name = match body.name.as_str() {
            "" => format!("{}/{}_{index}", self.prefix, body.op_type),
            name => format!("{}/{}", self.prefix, name.trim_start_matches('/')),
        };
        NodeProto {
            name,
            input: body.input.iter().map(|v| self.value(v)).collect(),
            output: body.output.iter().map(|v| self.value(v)).collect(),
            attribute: body.attribute.iter().filter_map(|a| self.attribute(a)).collect(),
            op_type: body.op_type.clone(),
            domain: body.domain.clone(),
            overload: body.overload.clone(),
            metadata_props: body.metadata_props.clone(),
            ..NodeProto::default()
        }
    }

    /// An attribute of a node of the body: as it is there, or the one of the call that it refers to;
    /// `None` when the call and the function leave that one out.
    fn attribute(&self, attribute: &AttributeProto) -> Option<AttributeProto> {
        let mut own = match attribute.ref_attr_name.as_str() {
            "" => attribute.clone(),
            referred => (*self.attributes.get(referred)?).clone(),
        };
        own.name.clone_from(&attribute.name);
        if attribute.ref_attr_name.is_empty() {
            own.g.iter_mut().chain(&mut own.graphs).for_each(|g| self.rename(g));
        }
        Some(own)
    }

    /// Names everything in a subgraph of the body.
    fn rename(&self, graph: &mut GraphProto) {
        let values = graph.input.iter_mut().chain(&mut graph.output);
        values.for_each(|v| v.name = self.value(&v.name));
        graph.initializer.iter_mut().for_each(|t| t.name = self.value(&t.name));
        for sparse in graph.sparse_initializer.iter_mut().filter_map(|s| s.values.as_mut()) {
            sparse.name = self.value(&sparse.name);
        }
        graph.value_info.clear();
        graph.quantization_annotation.clear();
        graph.node = graph.node.iter().enumerate().map(|(k, n)| self.instance(n, k)).collect();
    }
}

/// Names that a node and its subgraphs give to values.
fn outputs(node: &NodeProto) -> Vec<&str> {
    let mut out: Vec<&str> = node.output.iter().map(String::as_str).collect();
    for graph in subgraphs(node) {
        out.extend(graph.input.iter().map(|v| v.name.as_str()));
        out.extend(graph.initializer.iter().map(|t| t.name.as_str()));
        out.extend(graph.node.iter().flat_map(outputs));
    }
    out
}

/// Number of names in a node and its subgraphs.
fn count_names(node: &NodeProto) -> usize {
    let own = 1 + node.input.len() + node.output.len();
    let inner = subgraphs(node).map(|g| {
        let values = g.input.len() + g.output.len() + g.initializer.len();
        g.node.iter().map(count_names).fold(values, usize::saturating_add)
    });
    inner.fold(own, usize::saturating_add)
}

fn check(function: &FunctionProto, call: &NodeProto, name: &str) -> Result<(), Refusal> {
    let too_many = |what: &str, given: &[String], declared: &[String]| {
        let surplus = given.get(declared.len()..).unwrap_or_default().iter().any(|n| !n.is_empty());
        let message = format!(
            "a call of '{}::{}' has {} {what} and the function has {}",
            domain(&function.domain),
            function.name,
            given.len(),
            declared.len()
        );
        surplus.then_some(message)
    };
    let problem = too_many("inputs", &call.input, &function.input)
        .or_else(|| too_many("outputs", &call.output, &function.output));
    let Some(problem) = problem else { return Ok(()) };
    let mut refusal = refuse(Code::BadGraph, problem);
    *refusal = refusal.clone().at(Location::node(name));
    Err(refusal)
}
