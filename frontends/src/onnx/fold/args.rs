//! A node with the constants that it gets.

use super::limit;
use crate::onnx::attribute::Attributes;
use crate::onnx::constant::{Constant, Data};
use crate::onnx::dims;
use crate::onnx::proto::NodeProto;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::{Refusal, refuse};
use snnc_ir::diag::Code;
use std::borrow::Cow;
use std::fmt::Display;

/// A node, its opset version and its inputs.
#[derive(Debug)]
pub(super) struct Args<'a> {
    pub node: &'a NodeProto,
    pub attributes: Attributes<'a>,
    pub version: i64,
    inputs: Vec<Option<Cow<'a, Constant>>>,
}

impl<'a> Args<'a> {
    /// Checks the sizes of the inputs; unless `keep_scale`, integers with a scale become reals.
    pub(super) fn new(
        node: &'a NodeProto,
        version: i64,
        inputs: &[Option<&'a Constant>],
        keep_scale: bool,
    ) -> Result<Self, Refusal> {
        let mut held = Vec::with_capacity(inputs.len());
        for input in inputs {
            if let Some(constant) = input {
                limit::rank(constant.dims.len())?;
                if !keep_scale {
                    limit::elements(&constant.dims)?;
                }
            }
            held.push(match input {
                Some(c) if c.quant.is_some() && !keep_scale => {
                    let data = Data::F32(c.reals()?.into());
                    Some(Cow::Owned(Constant { dims: c.dims.clone(), ty: c.ty, data, quant: None }))
                }
                other => other.map(Cow::Borrowed),
            });
        }
        Ok(Self { node, attributes: Attributes::new(node), version, inputs: held })
    }

    /// An input; `None` when it is left out.
    pub(super) fn input(&self, k: usize) -> Option<&Constant> {
        self.inputs.get(k)?.as_deref()
    }

    /// An input that must be there.
    pub(super) fn required(&self, k: usize) -> Result<&Constant, Refusal> {
        self.input(k).ok_or_else(|| {
            refuse(Code::BadGraph, format!("{} has no input number {}", self.node.op_type, k + 1))
        })
    }

    /// All inputs of an operator that takes any number of them, at least one.
    pub(super) fn all(&self) -> Result<Vec<&Constant>, Refusal> {
        (0..self.inputs.len().max(1)).map(|k| self.required(k)).collect()
    }

    /// Integers that were an attribute before opset `since` and are an input from then on.
    pub(super) fn list(&self, since: i64, k: usize, attribute: &str) -> Result<Option<Vec<i64>>, Refusal> {
        if self.version < since {
            return Ok(self.attributes.ints(attribute)?.map(<[i64]>::to_vec));
        }
        self.input(k).map(Constant::integers).transpose()
    }

    /// As [`Self::list`], for integers that must be there.
    pub(super) fn needed(&self, since: i64, k: usize, attribute: &str) -> Result<Vec<i64>, Refusal> {
        self.list(since, k, attribute)?.ok_or_else(|| self.malformed(format!("'{attribute}' is missing")))
    }

    /// The axis that an attribute names.
    pub(super) fn axis(&self, default: i64, rank: usize) -> Result<usize, Refusal> {
        dims::axis(self.attributes.int("axis", default)?, rank)
    }

    /// Checks that two operands have one type.
    pub(super) fn same_type(&self, a: &Constant, b: &Constant) -> Result<(), Refusal> {
        if a.ty == b.ty {
            return Ok(());
        }
        Err(self.unlike(format!("{} beside {}", a.ty.as_str_name(), b.ty.as_str_name())))
    }

    /// This operator has no such type.
    pub(super) fn no_type(&self, ty: DataType) -> Refusal {
        self.unlike(format!("{} is not folded", ty.as_str_name()))
    }

    fn unlike(&self, problem: impl Display) -> Refusal {
        refuse(Code::UnsupportedType, format!("{}: {problem}", self.node.op_type))
    }

    /// A form of the operator that is not folded.
    pub(super) fn form(&self, problem: impl Display) -> Refusal {
        refuse(Code::UnsupportedAttribute, format!("{}: {problem}", self.node.op_type))
    }

    /// A shape that the operator cannot have.
    pub(super) fn shape(&self, problem: impl Display) -> Refusal {
        refuse(Code::BadShape, format!("{}: {problem}", self.node.op_type))
    }

    /// A node that ONNX does not allow.
    pub(super) fn malformed(&self, problem: impl Display) -> Refusal {
        refuse(Code::BadGraph, format!("{}: {problem}", self.node.op_type))
    }
}
