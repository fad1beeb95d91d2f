//! The graph as it is rewritten: constants that can be looked at, and nodes that are written.

use super::super::names::Prefixes;
use super::super::stored;
use super::is_quantize;
use crate::onnx::budget::MAX_ELEMENTS;
use crate::onnx::constant::Constant;
use crate::onnx::dims;
use crate::onnx::file::ExternalData;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::proto::{AttributeProto, GraphProto, NodeProto, TensorProto};
use crate::onnx::tensor;
use std::collections::BTreeMap;

/// What integers stand for: names of the scale and of the zero point, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Levels {
    pub scale: String,
    pub zero: String,
}

/// A graph under reconstruction.
pub(super) struct Rewriter<'g> {
    constants: BTreeMap<&'g str, &'g TensorProto>,
    external: &'g ExternalData,
    names: Prefixes,
    nodes: Vec<NodeProto>,
    made: Vec<TensorProto>,
    /// Integers that quantisers make of layers.
    levels: BTreeMap<String, Levels>,
    /// Names of dequantised integers.
    reals: BTreeMap<(String, Levels), String>,
    /// Elements that may still be decoded.
    left: usize,
    changed: bool,
}

impl<'g> Rewriter<'g> {
    pub(super) fn new(graph: &'g GraphProto, external: &'g ExternalData) -> Self {
        let mut constants: BTreeMap<&str, &TensorProto> =
            graph.initializer.iter().map(|t| (t.name.as_str(), t)).collect();
        for node in graph.node.iter().filter(|n| n.op_type == "Constant" && n.domain.is_empty()) {
            let value = node.attribute.iter().find(|a| a.name == "value").and_then(|a| a.t.as_ref());
            if let (Some(output), Some(tensor)) = (node.output.first(), value) {
                constants.insert(output, tensor);
            }
        }
        Self {
            constants,
            external,
            names: Prefixes::of(graph),
            nodes: Vec::with_capacity(graph.node.len()),
            made: Vec::new(),
            levels: BTreeMap::new(),
            reals: BTreeMap::new(),
            left: MAX_ELEMENTS,
            changed: false,
        }
    }

    /// The nodes and the new initialisers; `None` when nothing was rewritten.
    pub(super) fn finish(self) -> Option<(Vec<NodeProto>, Vec<TensorProto>)> {
        self.changed.then_some((self.nodes, self.made))
    }

    /// Writes a node as it was.
    pub(super) fn keep(&mut self, node: &NodeProto) {
        let first = |k: usize| node.input.get(k).map_or("", String::as_str);
        let scalar = |name: &str| self.size(name) == Some(1);
        if is_quantize(node) && !self.is_constant(first(0)) && scalar(first(1)) {
            self.mark(node, Levels { scale: first(1).into(), zero: first(2).into() });
        } else if let ("Clip", Some(levels)) = (node.op_type.as_str(), self.levels(first(0))) {
            self.mark(node, levels);
        }
        self.nodes.push(node.clone());
    }

    fn mark(&mut self, node: &NodeProto, levels: Levels) {
        if let Some(output) = node.output.first() {
            self.levels.insert(output.clone(), levels);
        }
    }

    /// What integers of a layer stand for.
    pub(super) fn levels(&self, name: &str) -> Option<Levels> {
        self.levels.get(name).cloned()
    }

    pub(super) fn is_constant(&self, name: &str) -> bool {
        self.constants.contains_key(name)
    }

    /// Type of a constant.
    pub(super) fn ty(&self, name: &str) -> Option<DataType> {
        DataType::try_from(self.constants.get(name)?.data_type).ok()
    }

    /// Dimensions of a constant.
    pub(super) fn dims(&self, name: &str) -> Option<Vec<usize>> {
        let (dims, _) = tensor::count(name, &self.constants.get(name)?.dims).ok()?;
        Some(dims)
    }

    /// Number of elements of a constant.
    pub(super) fn size(&self, name: &str) -> Option<usize> {
        dims::elements(&self.dims(name)?)
    }

    /// A constant, within the budget.
    pub(super) fn constant(&mut self, name: &str) -> Option<Constant> {
        self.left = self.left.checked_sub(self.size(name)?)?;
        tensor::decode(self.constants.get(name)?, self.external).ok()
    }

    /// The real values of a constant.
    pub(super) fn reals(&mut self, name: &str) -> Option<Vec<f32>> {
        self.constant(name)?.reals().ok()
    }

    /// Whether two names are one value: the same constant, or constants with the same elements.
    pub(super) fn same(&mut self, a: &str, b: &str) -> bool {
        if a == b {
            return true;
        }
        let (a, b) = (self.constant(a), self.constant(b));
        a.zip(b).is_some_and(|(a, b)| a.len() == 1 && a.data == b.data)
    }

    /// A new name.
    pub(super) fn name(&mut self, wanted: &str) -> String {
        self.names.value(wanted)
    }

    /// A new initialiser.
    pub(super) fn initializer(&mut self, wanted: &str, ty: DataType, dims: &[i64], raw: Vec<u8>) -> String {
        let name = self.names.value(wanted);
        stored(&mut self.made, name, ty, dims, raw)
    }

    /// A new initialiser of one dimension, or of none when there is one value.
    pub(super) fn floats(&mut self, wanted: &str, values: &[f32]) -> String {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let dims: &[i64] = if values.len() == 1 { &[] } else { &[values.len() as i64] };
        self.initializer(wanted, DataType::Float, dims, raw)
    }

    /// A new initialiser with one integer of 8, 16 or 32 bits.
    pub(super) fn integer(&mut self, wanted: &str, ty: DataType, value: i32) -> String {
        let bytes = value.to_le_bytes();
        let size = match ty {
            DataType::Int8 | DataType::Uint8 => 1,
            DataType::Int16 | DataType::Uint16 => 2,
            _ => 4,
        };
        self.initializer(wanted, ty, &[], bytes.into_iter().take(size).collect())
    }

    /// Writes a node that stands for `origin`, or for a part of it.
    pub(super) fn node(
        &mut self,
        origin: &NodeProto,
        part: &str,
        op: &str,
        input: Vec<String>,
        output: &str,
        attribute: Vec<AttributeProto>,
    ) {
        self.changed = true;
        let own = if origin.name.is_empty() { origin.output.first() } else { Some(&origin.name) };
        let own = own.map_or("", String::as_str);
        let name = if part.is_empty() { own.to_owned() } else { format!("{own}/{part}") };
        self.nodes.push(NodeProto {
            name,
            op_type: op.into(),
            input,
            output: vec![output.into()],
            attribute,
            metadata_props: origin.metadata_props.clone(),
            ..NodeProto::default()
        });
    }

    /// The real values that integers stand for, of a layer or of a constant with a scale per `axis`.
    pub(super) fn dequantise(
        &mut self,
        origin: &NodeProto,
        integers: &str,
        of: &Levels,
        axis: i64,
    ) -> String {
        let key = (integers.to_owned(), of.clone());
        if let Some(known) = self.reals.get(&key) {
            return known.clone();
        }
        let real = self.names.value(&format!("{integers}/real"));
        let metadata_props = origin.metadata_props.clone();
        let named = NodeProto { name: integers.to_owned(), metadata_props, ..NodeProto::default() };
        let attribute = if self.size(&of.scale) == Some(1) { vec![] } else { vec![int("axis", axis)] };
        let mut input = vec![integers.to_owned(), of.scale.clone()];
        input.extend(Some(of.zero.clone()).filter(|z| !z.is_empty()));
        self.node(&named, "dequantize", "DequantizeLinear", input, &real, attribute);
        self.reals.insert(key, real.clone());
        real
    }

    /// Makes integers of real values.
    pub(super) fn quantise(&mut self, origin: &NodeProto, real: &str, to: &Levels, output: &str) {
        let mut input = vec![real.to_owned(), to.scale.clone()];
        input.extend(Some(to.zero.clone()).filter(|z| !z.is_empty()));
        self.node(origin, "quantize", "QuantizeLinear", input, output, vec![]);
        self.levels.insert(output.to_owned(), to.clone());
    }
}

/// An integer attribute.
pub(super) fn int(name: &str, i: i64) -> AttributeProto {
    use crate::onnx::proto::attribute_proto::AttributeType;
    AttributeProto { name: name.into(), i, r#type: AttributeType::Int as i32, ..AttributeProto::default() }
}
