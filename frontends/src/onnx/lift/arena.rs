//! The values of a graph, loops unrolled and calls inlined: one node a value, equal values once.
//!
//! Because equal values are one node, a weight shared by all steps is known by its identity, and what
//! an exporter computes twice (snnTorch's reset repeats the comparison of the step before) is computed
//! once.

use super::super::budget::Budget;
use super::super::constant::{Constant, Data};
use super::super::file::ExternalData;
use super::super::fold;
use super::super::proto::tensor_proto::DataType;
use super::super::proto::{AttributeProto, NodeProto, TensorProto};
use super::super::refusal::{Refusal, refuse};
use super::super::{dims, tensor};
use super::elementwise::Elementwise;
use prost::Message;
use snnc_ir::diag::Code;
use std::collections::HashMap;

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id(pub u32);

impl Id {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a value comes about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    /// A graph input, by its position among those that are no constants.
    Input(u32),
    /// A constant, by its position in the arena.
    Constant(u32),
    /// A part of an axis, as long as the shape says.
    Slice { axis: usize, start: usize },
    /// The same elements in the same order.
    Reshape,
    /// The axes in another order.
    Transpose(Vec<usize>),
    /// Repeated along axes of length 1.
    Expand,
    /// Laid one after the other along an axis.
    Concat(usize),
    /// Each element from the elements at its place.
    Elementwise(Elementwise),
    /// An operator that is kept as it is, by its position among the templates.
    Layer(u32),
}

/// A value with its type.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub op: Op,
    pub inputs: Vec<Id>,
    pub dims: Vec<usize>,
    pub ty: DataType,
    /// The ONNX node that gave it first.
    pub origin: u32,
}

/// An operator without its inputs.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub domain: String,
    pub op_type: String,
    pub attributes: Vec<AttributeProto>,
}

/// Where the elements of a constant are.
#[derive(Clone, Debug)]
pub(super) enum Stored<'m> {
    /// In the file; not decoded yet.
    File(&'m TensorProto),
    Computed(Constant),
}

/// Greatest number of elements of a constant that is compared by its elements.
const SMALL: usize = 1 << 16;

/// Greatest number of nodes.
const MAX_NODES: usize = 400_000;

/// All values.
pub(super) struct Arena<'m> {
    pub nodes: Vec<Node>,
    pub templates: Vec<Template>,
    /// Names of ONNX nodes.
    pub origins: Vec<String>,
    /// What new nodes come from.
    pub origin: u32,
    constants: Vec<Stored<'m>>,
    external: &'m ExternalData,
    budget: Budget,
    interned: HashMap<(Op, Vec<Id>, Vec<usize>), Id>,
    template_keys: HashMap<Vec<u8>, u32>,
    constant_keys: HashMap<Vec<u8>, Id>,
    stored_keys: HashMap<*const TensorProto, Id>,
    slices: HashMap<(Id, usize, usize, usize), Id>,
}

impl<'m> Arena<'m> {
    pub(super) fn new(external: &'m ExternalData) -> Self {
        Self {
            nodes: Vec::new(),
            templates: Vec::new(),
            origins: vec![String::new()],
            origin: 0,
            constants: Vec::new(),
            external,
            budget: Budget::new(external.size()),
            interned: HashMap::new(),
            template_keys: HashMap::new(),
            constant_keys: HashMap::new(),
            stored_keys: HashMap::new(),
            slices: HashMap::new(),
        }
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.index()]
    }

    pub(super) fn dims(&self, id: Id) -> &[usize] {
        &self.node(id).dims
    }

    /// Takes elements out of the budget of the import.
    pub(super) fn take(&mut self, elements: usize) -> Result<(), Refusal> {
        self.budget.take(elements)
    }

    /// The place of a slice among those that were taken before.
    pub(super) fn slice_memo(&mut self) -> &mut HashMap<(Id, usize, usize, usize), Id> {
        &mut self.slices
    }

    fn push(&mut self, op: Op, inputs: Vec<Id>, dims: Vec<usize>, ty: DataType) -> Result<Id, Refusal> {
        if self.nodes.len() >= MAX_NODES {
            let message = format!("the graph has more than {MAX_NODES} values when its loops are unrolled");
            return Err(refuse(Code::BudgetExceeded, message));
        }
        let id = Id(self.nodes.len() as u32);
        self.nodes.push(Node { op, inputs, dims, ty, origin: self.origin });
        Ok(id)
    }

    /// A value as it is given; the simplifications are elsewhere.
    pub(super) fn intern(
        &mut self,
        op: Op,
        inputs: Vec<Id>,
        dims: Vec<usize>,
        ty: DataType,
    ) -> Result<Id, Refusal> {
        if dims::elements(&dims).is_none() {
            return Err(refuse(Code::BadShape, format!("a value of shape {dims:?} is too large")));
        }
        let key = (op, inputs, dims);
        if let Some(id) = self.interned.get(&key) {
            return Ok(*id);
        }
        let (op, inputs, dims) = key.clone();
        let id = self.push(op, inputs, dims, ty)?;
        self.interned.insert(key, id);
        Ok(id)
    }

    /// A graph input.
    pub(super) fn input(&mut self, k: usize, dims: Vec<usize>, ty: DataType) -> Result<Id, Refusal> {
        self.intern(Op::Input(k as u32), Vec::new(), dims, ty)
    }

    /// A tensor of the file.
    pub(super) fn stored(&mut self, stored: &'m TensorProto) -> Result<Id, Refusal> {
        if let Some(id) = self.stored_keys.get(&std::ptr::from_ref(stored)) {
            return Ok(*id);
        }
        let (dims, count) = tensor::count(&stored.name, &stored.dims)?;
        let id = if count <= SMALL {
            let constant = self.decoded(stored)?;
            self.constant(constant)?
        } else {
            let ty = tensor::data_type(stored.data_type)?;
            self.constants.push(Stored::File(stored));
            self.push(Op::Constant(self.constants.len() as u32 - 1), Vec::new(), dims, ty)?
        };
        self.stored_keys.insert(std::ptr::from_ref(stored), id);
        Ok(id)
    }

    /// A small tensor; the masks of bits that exporters write as UINT64 are kept as what they are in INT64.
    fn decoded(&self, stored: &TensorProto) -> Result<Constant, Refusal> {
        if stored.data_type != DataType::Uint64 as i32 || stored.raw_data.is_empty() {
            return tensor::decode(stored, self.external);
        }
        let signed = TensorProto { data_type: DataType::Int64 as i32, ..stored.clone() };
        Ok(Constant { ty: DataType::Uint64, ..tensor::decode(&signed, self.external)? })
    }

    /// A computed constant.
    pub(super) fn constant(&mut self, constant: Constant) -> Result<Id, Refusal> {
        self.budget.take(constant.len())?;
        let key = (constant.len() <= SMALL).then(|| key(&constant));
        if let Some(id) = key.as_ref().and_then(|k| self.constant_keys.get(k)) {
            return Ok(*id);
        }
        let (dims, ty) = (constant.dims.clone(), constant.ty);
        self.constants.push(Stored::Computed(constant));
        let id = self.push(Op::Constant(self.constants.len() as u32 - 1), Vec::new(), dims, ty)?;
        if let Some(key) = key {
            self.constant_keys.insert(key, id);
        }
        Ok(id)
    }

    /// A constant of one element for each place.
    pub(super) fn filled(&mut self, value: f32, dims: &[usize]) -> Result<Id, Refusal> {
        let count = dims::elements(dims).unwrap_or(usize::MAX);
        self.budget.take(count)?;
        let data = Data::F32(vec![value; count].into());
        self.constant(Constant { dims: dims.to_vec(), ty: DataType::Float, data, quant: None })
    }

    /// A scalar of 64 bits.
    pub(super) fn int(&mut self, value: i64) -> Result<Id, Refusal> {
        self.constant(Constant {
            dims: Vec::new(),
            ty: DataType::Int64,
            data: Data::I64([value].into()),
            quant: None,
        })
    }

    /// A list of numbers of 64 bits.
    pub(super) fn ints(&mut self, values: &[i64]) -> Result<Id, Refusal> {
        self.constant(Constant {
            dims: vec![values.len()],
            ty: DataType::Int64,
            data: Data::I64(values.into()),
            quant: None,
        })
    }

    pub(super) fn is_constant(&self, id: Id) -> bool {
        matches!(self.node(id).op, Op::Constant(_))
    }

    /// Where a constant's elements are; `None` for what is no constant.
    pub(super) fn source(&self, id: Id) -> Option<&Stored<'m>> {
        match self.node(id).op {
            Op::Constant(k) => self.constants.get(k as usize),
            _ => None,
        }
    }

    /// The elements of a constant; `None` for what is no constant.
    pub(super) fn value(&self, id: Id) -> Result<Option<Constant>, Refusal> {
        Ok(match self.source(id) {
            Some(Stored::Computed(constant)) => Some(constant.clone()),
            Some(Stored::File(stored)) => Some(tensor::decode(stored, self.external)?),
            None => None,
        })
    }

    /// The integers of a constant.
    pub(super) fn integers(&self, id: Id) -> Result<Option<Vec<i64>>, Refusal> {
        if self.dims(id).iter().product::<usize>() > SMALL {
            return Ok(None);
        }
        self.value(id)?.map(|c| c.integers()).transpose()
    }

    /// The one real number that a small constant holds everywhere.
    pub(super) fn uniform(&self, id: Id) -> Option<f32> {
        match self.source(id) {
            Some(Stored::Computed(Constant { data: Data::F32(values), .. })) if values.len() <= SMALL => {
                let first = *values.first()?;
                values.iter().all(|v| *v == first).then_some(first)
            }
            _ => None,
        }
    }

    /// Evaluates an operator on constants.
    pub(super) fn evaluate(
        &mut self,
        op_type: &str,
        attributes: Vec<AttributeProto>,
        inputs: &[Id],
    ) -> Result<Option<Id>, Refusal> {
        let mut results = self.evaluate_node(&proto(op_type, attributes), 21, inputs)?;
        Ok(results.as_mut().and_then(|r| (!r.is_empty()).then(|| r.swap_remove(0))))
    }

    /// Evaluates a node on constants; `None` when it is not one that is folded.
    pub(super) fn evaluate_node(
        &mut self,
        node: &NodeProto,
        version: i64,
        inputs: &[Id],
    ) -> Result<Option<Vec<Id>>, Refusal> {
        let values = inputs.iter().map(|id| self.value(*id)).collect::<Result<Vec<_>, _>>()?;
        let borrowed: Vec<Option<&Constant>> = values.iter().map(Option::as_ref).collect();
        if borrowed.iter().any(Option::is_none) {
            return Ok(None);
        }
        match fold::fold(node, version, &borrowed) {
            None => Ok(None),
            Some(results) => {
                Ok(Some(results?.into_iter().map(|c| self.constant(c)).collect::<Result<_, _>>()?))
            }
        }
    }

    /// The position of an operator among the templates.
    pub(super) fn template(&mut self, domain: &str, op_type: &str, attributes: Vec<AttributeProto>) -> u32 {
        let mut attributes = attributes;
        attributes.sort_by(|a, b| a.name.cmp(&b.name));
        attributes.iter_mut().for_each(|a| a.doc_string.clear());
        let node = NodeProto {
            op_type: op_type.to_owned(),
            domain: domain.to_owned(),
            attribute: attributes,
            ..NodeProto::default()
        };
        let key = node.encode_to_vec();
        if let Some(k) = self.template_keys.get(&key) {
            return *k;
        }
        let k = self.templates.len() as u32;
        self.templates.push(Template {
            domain: node.domain,
            op_type: node.op_type,
            attributes: node.attribute,
        });
        self.template_keys.insert(key, k);
        k
    }

    /// The operator of a value by its ONNX name, for messages.
    pub(super) fn operator(&self, id: Id) -> &str {
        match &self.node(id).op {
            Op::Input(_) => "an input",
            Op::Constant(_) => "a constant",
            Op::Slice { .. } => "Slice",
            Op::Reshape => "Reshape",
            Op::Transpose(_) => "Transpose",
            Op::Expand => "Expand",
            Op::Concat(_) => "Concat",
            Op::Elementwise(e) => e.name(),
            Op::Layer(t) => self.templates.get(*t as usize).map_or("", |t| &t.op_type),
        }
    }

    /// The ONNX node that a value comes from.
    pub(super) fn origin_of(&self, id: Id) -> &str {
        self.origins.get(self.node(id).origin as usize).map_or("", String::as_str)
    }
}

/// A node with one output, its inputs left open.
pub(super) fn proto(op_type: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    let output = vec!["y".to_owned()];
    NodeProto { op_type: op_type.to_owned(), attribute: attributes, output, ..NodeProto::default() }
}

/// The bytes by which equal constants are found.
fn key(c: &Constant) -> Vec<u8> {
    let mut out = (c.ty as i32).to_le_bytes().to_vec();
    out.extend(c.dims.iter().flat_map(|d| (*d as u64).to_le_bytes()));
    out.push(0xFF);
    match &c.data {
        Data::F32(v) => out.extend(v.iter().flat_map(|v| v.to_bits().to_le_bytes())),
        Data::I8(v) => out.extend(v.iter().map(|v| *v as u8)),
        Data::I32(v) => out.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Data::I64(v) => out.extend(v.iter().flat_map(|v| v.to_le_bytes())),
    }
    out
}
