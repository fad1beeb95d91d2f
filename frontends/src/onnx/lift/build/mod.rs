//! From ONNX nodes to the arena: names resolved, calls inlined, loops unrolled.

mod control;
mod convert;
mod index;

use super::super::file::Model;
use super::super::importer::domain;
use super::super::order;
use super::super::proto::tensor_shape_proto::dimension::Value as Dim;
use super::super::proto::{GraphProto, NodeProto, ValueInfoProto, type_proto};
use super::super::refusal::{Refusal, refuse, refuse_with};
use super::super::tensor;
use super::arena::{Arena, Id};
use snnc_ir::diag::{Code, Location};
use std::collections::{BTreeMap, HashMap};

/// How deep graphs and calls may lie in one another.
const MAX_NESTING: usize = 32;

/// Why a graph has no arena.
pub(in super::super) enum Stop {
    /// An operator that is neither taken apart nor kept: the importer says more.
    Unknown,
    /// A node that cannot be what it claims.
    Refused(Refusal, Location),
}

/// The values of a graph.
pub(in super::super) struct Built<'m> {
    pub(super) arena: Arena<'m>,
    /// Names of the graph inputs that are no constants, with their values.
    pub(super) inputs: Vec<(&'m str, Id)>,
    /// Names of the graph outputs, with their values.
    pub(super) outputs: Vec<(&'m str, Id)>,
}

struct Builder<'m> {
    model: &'m Model,
    arena: Arena<'m>,
    scopes: Vec<Scope<'m>>,
    versions: BTreeMap<&'m str, i64>,
    /// Name of the call or loop that nodes are taken from.
    path: String,
    symbols: &'m BTreeMap<String, usize>,
}

#[derive(Default)]
struct Scope<'m> {
    names: HashMap<&'m str, Id>,
    /// Whether names outside are not seen.
    closed: bool,
}

/// Makes the arena of a model. `symbols` gives the sizes of symbolic dimensions; others count as 1.
pub(super) fn build<'m>(
    model: &'m Model,
    source: &'m GraphProto,
    shapes: &BTreeMap<String, Vec<u64>>,
    symbols: &'m BTreeMap<String, usize>,
) -> Result<Built<'m>, Stop> {
    let versions = model.proto().opset_import.iter().map(|o| (domain(&o.domain), o.version)).collect();
    let mut builder = Builder {
        model,
        arena: Arena::new(&model.external),
        scopes: vec![Scope::default()],
        versions,
        path: String::new(),
        symbols,
    };
    builder.run(source, shapes)
}

impl<'m> Builder<'m> {
    fn run(
        &mut self,
        source: &'m GraphProto,
        shapes: &BTreeMap<String, Vec<u64>>,
    ) -> Result<Built<'m>, Stop> {
        let at = |name: &str| Location::node(name);
        self.constants(source)?;
        let mut inputs = Vec::new();
        for info in &source.input {
            if self.get(&info.name).is_some() {
                continue;
            }
            let (dims, ty) = self.described(info, shapes).map_err(|r| Stop::Refused(r, at(&info.name)))?;
            let id =
                self.arena.input(inputs.len(), dims, ty).map_err(|r| Stop::Refused(r, at(&info.name)))?;
            inputs.push((info.name.as_str(), id));
            self.define(&info.name, id);
        }
        self.nodes(&source.node)?;
        let mut outputs = Vec::new();
        for info in &source.output {
            let Some(id) = self.get(&info.name) else { return Err(Stop::Unknown) };
            outputs.push((info.name.as_str(), id));
        }
        let arena = std::mem::replace(&mut self.arena, Arena::new(&self.model.external));
        Ok(Built { arena, inputs, outputs })
    }

    /// The initialisers of a graph.
    fn constants(&mut self, source: &'m GraphProto) -> Result<(), Stop> {
        if !source.sparse_initializer.is_empty() {
            return Err(Stop::Unknown);
        }
        for stored in &source.initializer {
            let id = self.arena.stored(stored);
            let id = id.map_err(|r| Stop::Refused(r, Location::node(&stored.name)))?;
            self.define(&stored.name, id);
        }
        Ok(())
    }

    fn described(
        &self,
        info: &ValueInfoProto,
        shapes: &BTreeMap<String, Vec<u64>>,
    ) -> Result<(Vec<usize>, super::super::proto::tensor_proto::DataType), Refusal> {
        let Some(type_proto::Value::TensorType(tensor)) = info.r#type.as_ref().and_then(|t| t.value.as_ref())
        else {
            return Err(refuse(Code::UnsupportedType, format!("input '{}' is not a tensor", info.name)));
        };
        let given = shapes.get(&info.name);
        let Some(shape) = &tensor.shape else {
            let given = given.ok_or_else(|| {
                refuse_with(
                    Code::BadShape,
                    format!("input '{}' has no shape", info.name),
                    format!("give it, for example --shape {}=1,2,34,34", info.name),
                )
            })?;
            return Ok((given.iter().map(|d| *d as usize).collect(), tensor::data_type(tensor.elem_type)?));
        };
        let dims = shape.dim.iter().enumerate().map(|(k, d)| match &d.value {
            Some(Dim::DimValue(v)) if *v >= 0 => *v as usize,
            value => match (given.and_then(|g| g.get(k)), value) {
                (Some(size), _) => *size as usize,
                (None, Some(Dim::DimParam(name))) => self.symbols.get(name).copied().unwrap_or(1),
                _ => 1,
            },
        });
        Ok((dims.collect(), tensor::data_type(tensor.elem_type)?))
    }

    fn get(&self, name: &str) -> Option<Id> {
        for scope in self.scopes.iter().rev() {
            if let Some(id) = scope.names.get(name) {
                return Some(*id);
            }
            if scope.closed {
                return None;
            }
        }
        None
    }

    fn define(&mut self, name: &'m str, id: Id) {
        if let Some(scope) = self.scopes.last_mut()
            && !name.is_empty()
        {
            scope.names.insert(name, id);
        }
    }

    fn nodes(&mut self, nodes: &'m [NodeProto]) -> Result<(), Stop> {
        let (sorted, stuck) = order::order(nodes);
        if !stuck.is_empty() {
            return Err(Stop::Unknown);
        }
        for k in sorted {
            let Some(node) = nodes.get(k) else { continue };
            let own = if node.name.is_empty() { format!("{}_{k}", node.op_type) } else { node.name.clone() };
            let name = if self.path.is_empty() { own } else { format!("{}/{own}", self.path) };
            self.arena.origin = self.arena.origins.len() as u32;
            self.arena.origins.push(name.clone());
            self.node(node, &name)?;
        }
        Ok(())
    }

    fn node(&mut self, node: &'m NodeProto, name: &str) -> Result<(), Stop> {
        let mut inputs = Vec::with_capacity(node.input.len());
        for input in &node.input {
            inputs.push(match self.get(input) {
                Some(id) => Some(id),
                None if input.is_empty() => None,
                None => return Err(Stop::Unknown),
            });
        }
        let location = || Location::node(name);
        let results = match control::find(self, node) {
            Some(control) => control(self, node, &inputs, name)?,
            None => {
                self.convert(node, &inputs).map_err(|r| Stop::Refused(r, location()))?.ok_or(Stop::Unknown)?
            }
        };
        for (output, id) in node.output.iter().zip(results) {
            self.define(output, id);
        }
        Ok(())
    }

    /// The version of a domain's operators.
    fn version(&self, name: &str) -> i64 {
        self.versions.get(domain(name)).copied().unwrap_or(1)
    }
}
