//! A node as the operators see it.

use super::attribute::Attributes;
use super::proto::NodeProto;
use super::refusal::{Refusal, refuse, refuse_with};
use snnc_ir::diag::{Code, Location};

/// Longest printed form of a node.
const LINE: usize = 120;

/// One node with its name and attributes.
#[derive(Debug)]
pub(crate) struct Call<'m> {
    pub node: &'m NodeProto,
    /// The ONNX name, or `<op>_<index>`.
    pub name: String,
    pub attributes: Attributes<'m>,
}

impl<'m> Call<'m> {
    pub(crate) fn new(node: &'m NodeProto, index: usize) -> Self {
        let name = match node.name.as_str() {
            "" => format!("{}_{index}", node.op_type),
            name => name.to_owned(),
        };
        Self { node, name, attributes: Attributes::new(node) }
    }

    /// The name of an input; `None` when it is left out.
    pub(crate) fn input(&self, k: usize) -> Option<&'m str> {
        self.node.input.get(k).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The name of an input that must be there.
    pub(crate) fn required(&self, k: usize) -> Result<&'m str, Refusal> {
        self.input(k).ok_or_else(|| {
            refuse(Code::BadGraph, format!("{} has no input number {}", self.node.op_type, k + 1))
        })
    }

    /// The name of an output; `None` when it is not wanted.
    pub(crate) fn output(&self, k: usize) -> Option<&'m str> {
        self.node.output.get(k).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The operator with its domain, the default domain left out.
    pub(crate) fn operator(&self) -> String {
        match self.node.domain.as_str() {
            "" | "ai.onnx" => self.node.op_type.clone(),
            domain => format!("{domain}::{}", self.node.op_type),
        }
    }

    /// This operator is not supported.
    pub(crate) fn unsupported(&self) -> Refusal {
        let message = format!("operator '{}' is not supported", self.operator());
        refuse_with(Code::UnsupportedOperator, message, super::ops::remedy(self.node))
    }

    /// This operator is not supported in the form of this node.
    pub(crate) fn form(&self, problem: impl std::fmt::Display) -> Refusal {
        refuse(Code::UnsupportedAttribute, format!("{}: {problem}", self.operator()))
    }

    /// A shape that this node cannot have.
    pub(crate) fn shape(&self, problem: impl std::fmt::Display) -> Refusal {
        refuse(Code::BadShape, format!("{}: {problem}", self.operator()))
    }

    /// Where the node is, with its printed form.
    pub(crate) fn location(&self) -> Location {
        let list = |names: &[String]| names.join(", ");
        let line = format!("{} = {}({})", list(&self.node.output), self.operator(), list(&self.node.input));
        let line = match line.char_indices().nth(LINE) {
            Some((cut, _)) => format!("{}...", line.get(..cut).unwrap_or_default()),
            None => line,
        };
        Location::node(&self.name).with_line(line)
    }
}
