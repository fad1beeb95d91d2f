//! What is known of values before the importer reads them: constants, producers, readers, whole numbers.

use crate::onnx::budget::MAX_ELEMENTS;
use crate::onnx::constant::Constant;
use crate::onnx::dims;
use crate::onnx::file::ExternalData;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::proto::{AttributeProto, GraphProto, NodeProto, TensorProto, type_proto};
use crate::onnx::tensor;
use std::collections::BTreeMap;

/// Most nodes that are looked at for one answer.
const STEPS: usize = 256;

/// The values of a graph.
pub(super) struct Values<'g> {
    graph: &'g GraphProto,
    external: &'g ExternalData,
    constants: BTreeMap<&'g str, &'g TensorProto>,
    producers: BTreeMap<&'g str, usize>,
    readers: BTreeMap<&'g str, Vec<usize>>,
    left: usize,
}

impl<'g> Values<'g> {
    pub(super) fn new(graph: &'g GraphProto, external: &'g ExternalData) -> Self {
        let mut values = Self {
            graph,
            external,
            constants: graph.initializer.iter().map(|t| (t.name.as_str(), t)).collect(),
            producers: BTreeMap::new(),
            readers: BTreeMap::new(),
            left: MAX_ELEMENTS,
        };
        for (k, node) in graph.node.iter().enumerate() {
            for output in &node.output {
                values.producers.insert(output, k);
            }
            for input in &node.input {
                values.readers.entry(input).or_default().push(k);
            }
        }
        // The graph's outputs are read too, by a node that is none.
        for output in &graph.output {
            values.readers.entry(&output.name).or_default().push(usize::MAX);
        }
        values
    }

    /// The index of the node that gives a value, of any domain.
    pub(super) fn source(&self, name: &str) -> Option<usize> {
        self.producers.get(name).copied()
    }

    /// The standard node that gives a value.
    pub(super) fn producer(&self, name: &str) -> Option<(usize, &'g NodeProto)> {
        let k = *self.producers.get(name)?;
        let node = self.graph.node.get(k)?;
        matches!(node.domain.as_str(), "" | "ai.onnx").then_some((k, node))
    }

    /// The nodes that read a value; `usize::MAX` for the graph itself.
    pub(super) fn readers(&self, name: &str) -> &[usize] {
        self.readers.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn node(&self, k: usize) -> Option<&'g NodeProto> {
        self.graph.node.get(k)
    }

    fn stored(&self, name: &str) -> Option<TensorProto> {
        if let Some(tensor) = self.constants.get(name) {
            return Some((*tensor).clone());
        }
        let (_, node) = self.producer(name).filter(|(_, n)| n.op_type == "Constant")?;
        let attribute: &AttributeProto = node.attribute.first()?;
        let float_data = match attribute.name.as_str() {
            "value" => return attribute.t.clone(),
            "value_float" => vec![attribute.f],
            _ => return None,
        };
        Some(TensorProto { data_type: DataType::Float as i32, float_data, ..TensorProto::default() })
    }

    /// A constant, also one that is cast to real numbers.
    pub(super) fn constant(&mut self, name: &str) -> Option<(Vec<i64>, Vec<f64>)> {
        if let Some((_, node)) = self.producer(name)
            && node.op_type == "Cast"
        {
            return self.decoded(node.input.first()?);
        }
        self.decoded(name)
    }

    fn decoded(&mut self, name: &str) -> Option<(Vec<i64>, Vec<f64>)> {
        let stored = self.stored(name)?;
        let (_, count) = tensor::count(name, &stored.dims).ok()?;
        self.left = self.left.checked_sub(count)?;
        let constant: Constant = tensor::decode(&stored, self.external).ok()?;
        let values = match constant.integers() {
            Ok(values) => values.iter().map(|v| *v as f64).collect(),
            Err(_) => constant.reals().ok()?.iter().map(|v| f64::from(*v)).collect(),
        };
        Some((stored.dims.clone(), values))
    }

    fn is_integer_constant(&self, name: &str) -> bool {
        let code = self.constants.get(name).map(|t| t.data_type);
        code.and_then(|c| DataType::try_from(c).ok()).is_some_and(is_integer)
    }

    /// Whether a value is of an integer type.
    fn is_integer(&self, name: &str) -> bool {
        if self.is_integer_constant(name) {
            return true;
        }
        let Some((_, node)) = self.producer(name) else {
            let input = self.graph.input.iter().find(|i| i.name == name);
            let ty = input.and_then(|i| i.r#type.as_ref()).and_then(|t| t.value.as_ref());
            let Some(type_proto::Value::TensorType(t)) = ty else { return false };
            return DataType::try_from(t.elem_type).is_ok_and(is_integer);
        };
        match node.op_type.as_str() {
            "QuantizeLinear" => true,
            "Cast" => {
                let to = node.attribute.iter().find(|a| a.name == "to").map_or(0, |a| a.i);
                i32::try_from(to).ok().and_then(|t| DataType::try_from(t).ok()).is_some_and(is_integer)
            }
            _ => false,
        }
    }

    /// Whether every element of a real value is a whole number.
    pub(super) fn is_whole(&mut self, name: &str) -> bool {
        let mut left = STEPS;
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            let Some(rest) = left.checked_sub(1) else { return false };
            left = rest;
            let Some((_, node)) = self.producer(&name) else {
                match self.decoded(&name) {
                    Some((_, values)) if values.iter().all(|v| v.fract() == 0.0) => continue,
                    _ => return false,
                }
            };
            let inputs = match node.op_type.as_str() {
                "Cast" if node.input.first().is_some_and(|x| self.is_integer(x)) => continue,
                "Conv" | "MatMul" | "Add" | "Sub" | "Mul" => node.input.as_slice(),
                "Gemm" if node.attribute.iter().all(|a| a.f.fract() == 0.0) => node.input.as_slice(),
                "Relu" | "MaxPool" | "Flatten" | "Reshape" | "Unsqueeze" | "Squeeze" | "Identity" | "Pad"
                | "ReduceSum" | "Transpose" => node.input.get(..1).unwrap_or_default(),
                _ => return false,
            };
            open.extend(inputs.iter().filter(|i| !i.is_empty()).cloned());
        }
        true
    }
}

fn is_integer(ty: DataType) -> bool {
    matches!(
        ty,
        DataType::Int8
            | DataType::Uint8
            | DataType::Int16
            | DataType::Uint16
            | DataType::Int32
            | DataType::Int64
            | DataType::Int4
            | DataType::Uint4
            | DataType::Int2
            | DataType::Uint2
    )
}

/// Elements of two constants side by side: of the same dimensions, or one of them alone.
pub(super) fn zip(a: &(Vec<i64>, Vec<f64>), b: &(Vec<i64>, Vec<f64>)) -> Option<(Vec<i64>, Vec<f64>)> {
    let product = |many: &(Vec<i64>, Vec<f64>), one: f64| {
        (many.0.clone(), many.1.iter().map(|v| v * one).collect::<Vec<f64>>())
    };
    match (a.1.as_slice(), b.1.as_slice()) {
        (_, [one]) => Some(product(a, *one)),
        ([one], _) => Some(product(b, *one)),
        (x, y) if a.0 == b.0 => Some((a.0.clone(), x.iter().zip(y).map(|(x, y)| x * y).collect())),
        _ => None,
    }
}

/// Whether dimensions are those of one value per channel, or of one value.
pub(super) fn is_plain(dims: &[i64]) -> bool {
    let sizes: Vec<usize> = dims.iter().map(|d| usize::try_from(*d).unwrap_or(0)).collect();
    dims::elements(&sizes).is_some_and(|n| n > 0)
}
