//! Nodes and constants for tests.

use super::fold;
use crate::onnx::constant::{Constant, Data};
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::proto::{AttributeProto, NodeProto, attribute_proto::AttributeType};
use crate::onnx::refusal::Refusal;

pub(super) fn node(op_type: &str) -> NodeProto {
    NodeProto { op_type: op_type.into(), output: vec!["y".into()], ..NodeProto::default() }
}

fn attribute(name: &str, ty: AttributeType) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: ty as i32, ..AttributeProto::default() }
}

impl NodeProto {
    pub(super) fn int(mut self, name: &str, i: i64) -> Self {
        self.attribute.push(AttributeProto { i, ..attribute(name, AttributeType::Int) });
        self
    }

    pub(super) fn ints(mut self, name: &str, ints: &[i64]) -> Self {
        self.attribute.push(AttributeProto { ints: ints.to_vec(), ..attribute(name, AttributeType::Ints) });
        self
    }

    pub(super) fn float(mut self, name: &str, f: f32) -> Self {
        self.attribute.push(AttributeProto { f, ..attribute(name, AttributeType::Float) });
        self
    }

    pub(super) fn string(mut self, name: &str, s: &str) -> Self {
        let s = s.as_bytes().to_vec();
        self.attribute.push(AttributeProto { s, ..attribute(name, AttributeType::String) });
        self
    }

    pub(super) fn outputs(mut self, count: usize) -> Self {
        self.output = (0..count).map(|k| format!("y{k}")).collect();
        self
    }

    pub(super) fn run_all(&self, version: i64, inputs: &[&Constant]) -> Result<Vec<Constant>, Refusal> {
        let inputs: Vec<_> = inputs.iter().map(|c| Some(*c)).collect();
        fold(self, version, &inputs).unwrap()
    }

    pub(super) fn run(&self, version: i64, inputs: &[&Constant]) -> Result<Constant, Refusal> {
        self.run_all(version, inputs).map(|mut all| all.remove(0))
    }
}

/// A constant of FLOAT.
pub(super) fn real(dims: &[usize], values: &[f32]) -> Constant {
    Constant { dims: dims.to_vec(), ty: DataType::Float, data: Data::F32(values.into()), quant: None }
}

/// A constant of an integer type.
pub(super) fn whole(ty: DataType, dims: &[usize], values: &[i64]) -> Constant {
    super::values::integers(dims.to_vec(), ty, values.iter().copied()).unwrap()
}

/// A list of INT64.
pub(super) fn list(values: &[i64]) -> Constant {
    whole(DataType::Int64, &[values.len()], values)
}
