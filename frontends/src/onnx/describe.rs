//! Names with a type and a shape, for graphs that are written here.

use super::proto::tensor_proto::DataType;
use super::proto::tensor_shape_proto::{Dimension, dimension};
use super::proto::{TensorShapeProto, TypeProto, ValueInfoProto, type_proto};

/// A graph input.
pub(crate) fn described(name: &str, ty: DataType, dims: &[usize]) -> ValueInfoProto {
    let size =
        |d: &usize| Dimension { value: Some(dimension::Value::DimValue(*d as i64)), ..Dimension::default() };
    let shape = Some(TensorShapeProto { dim: dims.iter().map(size).collect() });
    let tensor = type_proto::Tensor { elem_type: ty as i32, shape };
    let value = Some(type_proto::Value::TensorType(tensor));
    let name = name.to_owned();
    ValueInfoProto {
        name,
        r#type: Some(TypeProto { value, ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}
