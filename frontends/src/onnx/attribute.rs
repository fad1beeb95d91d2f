//! Attributes of a node, each read once; what nobody read is refused.

use super::proto::{AttributeProto, NodeProto, TensorProto, attribute_proto::AttributeType};
use super::refusal::{Refusal, refuse};
use snnc_ir::diag::Code;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The attributes of a node.
#[derive(Debug)]
pub(crate) struct Attributes<'m> {
    node: &'m NodeProto,
    read: RefCell<BTreeSet<&'m str>>,
}

impl<'m> Attributes<'m> {
    pub(crate) fn new(node: &'m NodeProto) -> Self {
        Self { node, read: RefCell::default() }
    }

    fn find(&self, name: &str, ty: AttributeType) -> Result<Option<&'m AttributeProto>, Refusal> {
        let Some(found) = self.node.attribute.iter().find(|a| a.name == name) else { return Ok(None) };
        self.read.borrow_mut().insert(&found.name);
        if !found.ref_attr_name.is_empty() || found.r#type() != ty {
            let message = format!("attribute '{name}' is not of type {}", ty.as_str_name());
            return Err(refuse(Code::BadGraph, message));
        }
        Ok(Some(found))
    }

    /// Whether the node has the attribute.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.node.attribute.iter().any(|a| a.name == name)
    }

    /// An integer.
    pub(crate) fn int(&self, name: &str, default: i64) -> Result<i64, Refusal> {
        Ok(self.find(name, AttributeType::Int)?.map_or(default, |a| a.i))
    }

    /// A real number.
    pub(crate) fn float(&self, name: &str, default: f32) -> Result<f32, Refusal> {
        Ok(self.find(name, AttributeType::Float)?.map_or(default, |a| a.f))
    }

    /// A list of integers.
    pub(crate) fn ints(&self, name: &str) -> Result<Option<&'m [i64]>, Refusal> {
        Ok(self.find(name, AttributeType::Ints)?.map(|a| a.ints.as_slice()))
    }

    /// A string.
    pub(crate) fn string(&self, name: &str) -> Result<Option<&'m str>, Refusal> {
        let Some(found) = self.find(name, AttributeType::String)? else { return Ok(None) };
        let text = std::str::from_utf8(&found.s)
            .map_err(|_| refuse(Code::BadGraph, format!("attribute '{name}' is not UTF-8")))?;
        Ok(Some(text))
    }

    /// A tensor.
    pub(crate) fn tensor(&self, name: &str) -> Result<Option<&'m TensorProto>, Refusal> {
        Ok(self.find(name, AttributeType::Tensor)?.and_then(|a| a.t.as_ref()))
    }

    /// A list of real numbers.
    pub(crate) fn floats(&self, name: &str) -> Result<Option<&'m [f32]>, Refusal> {
        Ok(self.find(name, AttributeType::Floats)?.map(|a| a.floats.as_slice()))
    }

    /// An attribute that changes nothing here.
    pub(crate) fn ignore(&self, name: &'m str) {
        self.read.borrow_mut().insert(name);
    }

    /// Refuses the node when it has an attribute that was not read: it may change the meaning.
    pub(crate) fn all_read(&self) -> Result<(), Refusal> {
        let read = self.read.borrow();
        match self.node.attribute.iter().find(|a| !read.contains(a.name.as_str())) {
            None => Ok(()),
            Some(unread) => {
                let message = format!("{}: attribute '{}' is not supported", self.node.op_type, unread.name);
                Err(refuse(Code::UnsupportedAttribute, message))
            }
        }
    }
}
