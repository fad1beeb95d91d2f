//! Nodes and constants of the written graph.

use super::super::super::fold;
use super::super::super::proto::attribute_proto::AttributeType;
use super::super::super::proto::tensor_proto::DataType;
use super::super::super::proto::{AttributeProto, NodeProto, TensorProto};
use super::super::algebra::Coef;
use super::super::arena::{Arena, Id, Stored};
use super::{Emitter, Stuck};

impl Emitter<'_, '_> {
    pub(super) fn binary(&mut self, k: usize, op: &str, x: String, coef: &Coef) -> Result<String, Stuck> {
        let values: Vec<f32> = coef.values.iter().map(|v| *v as f32).collect();
        let dims: Vec<i64> = coef.dims.iter().map(|d| *d as i64).collect();
        let constant = self.names.unique("constant");
        self.graph.initializer.push(TensorProto {
            name: constant.clone(),
            dims,
            data_type: DataType::Float as i32,
            float_data: values,
            ..TensorProto::default()
        });
        let name = self.fresh(k, "value");
        self.push(k, op, "", Vec::new(), vec![x, constant], &name);
        Ok(name)
    }

    pub(super) fn fresh(&mut self, k: usize, what: &str) -> String {
        self.names.unique(&format!("{what} {k}"))
    }

    pub(super) fn push(
        &mut self,
        k: usize,
        op_type: &str,
        domain: &str,
        attribute: Vec<AttributeProto>,
        input: Vec<String>,
        output: &str,
    ) {
        let example = self.algebra.graph.nodes[k].first;
        let name = match op_type {
            "Neuron" => self.names.scope(self.algebra.arena.origin_of(example)),
            _ => self.algebra.arena.origin_of(example).to_owned(),
        };
        self.graph.node.push(NodeProto {
            op_type: op_type.into(),
            domain: domain.into(),
            name,
            attribute,
            input,
            output: vec![output.to_owned()],
            ..NodeProto::default()
        });
    }

    pub(super) fn integers(&mut self, values: &[i64]) -> String {
        let name = self.names.unique("shape");
        self.graph.initializer.push(TensorProto {
            name: name.clone(),
            dims: vec![values.len() as i64],
            data_type: DataType::Int64 as i32,
            int64_data: values.to_vec(),
            ..TensorProto::default()
        });
        name
    }

    pub(super) fn constant(&mut self, id: Id, k: usize) -> Result<String, Stuck> {
        if let Some(name) = self.constants.get(&id) {
            return Ok(name.clone());
        }
        let tensor = tensor(self.algebra.arena, id)
            .ok_or_else(|| self.stuck(k, "a constant cannot be read".into(), "export the model again"))?;
        let wanted = if tensor.name.is_empty() { "constant" } else { &tensor.name };
        let name = self.names.unique(wanted);
        self.graph.initializer.push(TensorProto { name: name.clone(), ..tensor });
        self.constants.insert(id, name.clone());
        Ok(name)
    }
}

/// A constant as a tensor; one of the file shares its bytes.
fn tensor(arena: &Arena<'_>, id: Id) -> Option<TensorProto> {
    match arena.source(id)? {
        Stored::File(stored) => Some((*stored).clone()),
        Stored::Computed(constant) => fold::encode(constant).ok(),
    }
}

/// A list of integers as an attribute.
pub(super) fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        ints: values.to_vec(),
        r#type: AttributeType::Ints as i32,
        ..AttributeProto::default()
    }
}
