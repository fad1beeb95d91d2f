//! The functions of a model, by what calls them.

use crate::onnx::ai_snnc;
use crate::onnx::proto::{FunctionProto, GraphProto, NodeProto};
use std::collections::BTreeMap;

pub(super) use crate::onnx::importer::domain;

/// Domain, name and overload.
pub(super) type Key<'f> = (&'f str, &'f str, &'f str);

/// Every function that is inlined; of two with the same name the first.
pub(super) struct Library<'f> {
    functions: BTreeMap<Key<'f>, &'f FunctionProto>,
    kept: Vec<&'f FunctionProto>,
}

impl<'f> Library<'f> {
    pub(super) fn new(all: &'f [FunctionProto]) -> Self {
        let mut library = Self { functions: BTreeMap::new(), kept: Vec::new() };
        for function in all {
            if is_known(function) {
                library.kept.push(function);
            } else {
                library.functions.entry(key(function)).or_insert(function);
            }
        }
        library
    }

    /// The function that a node calls.
    pub(super) fn find(&self, node: &NodeProto) -> Option<&'f FunctionProto> {
        let key = (domain(&node.domain), node.op_type.as_str(), node.overload.as_str());
        self.functions.get(&key).copied()
    }

    /// The functions whose calls stay.
    pub(super) fn kept(&self) -> Vec<FunctionProto> {
        self.kept.iter().map(|f| (*f).clone()).collect()
    }
}

pub(super) fn key(function: &FunctionProto) -> Key<'_> {
    (domain(&function.domain), &function.name, &function.overload)
}

/// Whether its name says what a function does.
fn is_known(function: &FunctionProto) -> bool {
    let (domain, op_type) = (function.domain.clone(), function.name.clone());
    let call = NodeProto { domain, op_type, ..NodeProto::default() };
    ai_snnc::is_known(&call) || super::super::is_quantiser(&call)
}

/// The subgraphs of a node.
pub(super) fn subgraphs(node: &NodeProto) -> impl Iterator<Item = &GraphProto> {
    node.attribute.iter().flat_map(|a| a.g.iter().chain(&a.graphs))
}
