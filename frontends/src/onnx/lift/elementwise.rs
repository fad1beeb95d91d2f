//! Operators that give each element from the elements at its place, with what they do to constants.

use super::super::proto::AttributeProto;
use super::super::proto::attribute_proto::AttributeType;
use super::super::proto::tensor_proto::DataType;
use super::super::refusal::{Refusal, refuse};
use super::arena::{Arena, Id, Op};
use snnc_ir::diag::Code;

/// An operator on elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Elementwise {
    /// An operator by its ONNX name.
    Named(&'static str),
    /// A change of type.
    Cast(i32),
    /// `BitShift` to the right, or to the left.
    Shift { right: bool },
    /// The nearest of the levels in the second input (the first of equals).
    Nearest,
}

/// Operators whose name says all.
const NAMED: &[&str] = &[
    "Abs",
    "Add",
    "And",
    "BitwiseAnd",
    "BitwiseOr",
    "BitwiseXor",
    "Ceil",
    "Div",
    "Equal",
    "Exp",
    "Floor",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "Log",
    "Max",
    "Min",
    "Mod",
    "Mul",
    "Neg",
    "Not",
    "Or",
    "Pow",
    "Reciprocal",
    "Relu",
    "Round",
    "Sigmoid",
    "Sign",
    "Sqrt",
    "Sub",
    "Tanh",
    "Where",
    "Xor",
];

impl Elementwise {
    /// The operator of that ONNX name, where its name says all.
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMED.iter().find(|n| **n == name).map(|n| Self::Named(n))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Named(name) => name,
            Self::Cast(_) => "Cast",
            Self::Shift { .. } => "BitShift",
            Self::Nearest => "Gather",
        }
    }

    /// Type of the result.
    fn result(self, ty: DataType) -> DataType {
        match self {
            Self::Cast(to) => DataType::try_from(to).unwrap_or(ty),
            Self::Named(
                "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "Not" | "And" | "Or"
                | "Xor",
            ) => DataType::Bool,
            _ => ty,
        }
    }

    fn attributes(self) -> Vec<AttributeProto> {
        match self {
            Self::Cast(to) => vec![int("to", i64::from(to))],
            Self::Shift { right } => vec![AttributeProto {
                name: "direction".into(),
                s: bytes::Bytes::from_static(if right { b"RIGHT" } else { b"LEFT" }).into(),
                r#type: AttributeType::String as i32,
                ..AttributeProto::default()
            }],
            Self::Named(_) | Self::Nearest => Vec::new(),
        }
    }
}

/// An integer attribute.
pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        i: value,
        r#type: AttributeType::Int as i32,
        ..AttributeProto::default()
    }
}

/// Dimensions of the result of an operator on elements, by ONNX's rules of broadcasting.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at =
        |d: &[usize], k: usize| (k + d.len()).checked_sub(rank).and_then(|k| d.get(k)).copied().unwrap_or(1);
    (0..rank)
        .map(|k| match (at(a, k), at(b, k)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

impl Arena<'_> {
    /// An operator on elements, simplified where a constant allows it.
    pub(super) fn elementwise(&mut self, e: Elementwise, inputs: &[Id]) -> Result<Id, Refusal> {
        if e == Elementwise::Nearest {
            return self.nearest(inputs);
        }
        let mut dims: Vec<usize> = Vec::new();
        for input in inputs {
            dims = broadcast(&dims, self.dims(*input)).ok_or_else(|| {
                let shapes: Vec<&[usize]> = inputs.iter().map(|i| self.dims(*i)).collect();
                refuse(Code::BadShape, format!("{}: {shapes:?} do not broadcast", e.name()))
            })?;
        }
        let typed = if e == Elementwise::Named("Where") { inputs.get(1) } else { inputs.first() };
        let ty = typed.map_or(DataType::Float, |i| self.node(*i).ty);
        if inputs.iter().all(|i| self.is_constant(*i))
            && let Some(id) = self.evaluate(e.name(), e.attributes(), inputs)?
        {
            return Ok(id);
        }
        if let Some(id) = self.simpler(e, inputs, &dims, ty)? {
            return Ok(id);
        }
        if let Some((k, source)) = self.reshaped_alone(inputs, &dims) {
            let mut inner = inputs.to_vec();
            inner[k] = source;
            let id = self.elementwise(e, &inner)?;
            return self.reshape(id, dims);
        }
        self.intern(Op::Elementwise(e), inputs.to_vec(), dims, e.result(ty))
    }

    /// The nearest of levels; of what is one of them already, itself. Reshapes are taken outside.
    fn nearest(&mut self, inputs: &[Id]) -> Result<Id, Refusal> {
        let (Some(&x), Some(&levels)) = (inputs.first(), inputs.get(1)) else {
            return Err(refuse(Code::BadGraph, "a choice among levels without them"));
        };
        let node = self.node(x).clone();
        match (&node.op, node.inputs.first()) {
            (Op::Reshape, Some(&source)) => {
                let inner = self.nearest(&[source, levels])?;
                self.reshape(inner, node.dims)
            }
            (Op::Elementwise(Elementwise::Nearest), _) if node.inputs.get(1) == Some(&levels) => Ok(x),
            _ => {
                let e = Op::Elementwise(Elementwise::Nearest);
                self.intern(e, vec![x, levels], node.dims, DataType::Float)
            }
        }
    }

    /// The one input that is a reshaped value while all others are single numbers: the operator is taken on the
    /// value, so that neurons are not cut by reshapes that move nothing.
    fn reshaped_alone(&self, inputs: &[Id], dims: &[usize]) -> Option<(usize, Id)> {
        let single = |id: Id| self.is_constant(id) && self.dims(id).iter().product::<usize>() == 1;
        let mut others = inputs.iter().enumerate().filter(|(_, id)| !single(**id));
        let (k, &id) = others.next()?;
        let node = self.node(id);
        let source = match node.op {
            Op::Reshape => *node.inputs.first()?,
            _ => return None,
        };
        let rank = self.dims(source).len();
        let fits = inputs.iter().all(|i| *i == id || self.dims(*i).len() <= rank);
        (others.next().is_none() && node.dims == dims && fits).then_some((k, source))
    }

    /// What needs no operator: `x + 0`, `x · 1`, `x · 0`, a cast to the same type.
    fn simpler(
        &mut self,
        e: Elementwise,
        inputs: &[Id],
        dims: &[usize],
        ty: DataType,
    ) -> Result<Option<Id>, Refusal> {
        if let (Elementwise::Cast(_), [x]) = (e, inputs) {
            let real = |ty| matches!(ty, DataType::Float | DataType::Double | DataType::Float16);
            let to = e.result(ty);
            return Ok((to == ty || (real(to) && real(ty))).then_some(*x));
        }
        let (Elementwise::Named(name), [a, b]) = (e, inputs) else { return Ok(None) };
        let whole = |arena: &Self, id: Id| arena.dims(id) == dims;
        let (ca, cb) = (self.uniform(*a), self.uniform(*b));
        Ok(match (name, ca, cb) {
            ("Add", Some(0.0), _) if whole(self, *b) => Some(*b),
            ("Add" | "Sub", _, Some(0.0)) if whole(self, *a) => Some(*a),
            ("Mul", Some(1.0), _) if whole(self, *b) => Some(*b),
            ("Mul" | "Div" | "Pow", _, Some(1.0)) if whole(self, *a) => Some(*a),
            ("Mul", Some(0.0), _) | ("Mul", _, Some(0.0)) => Some(self.filled(0.0, dims)?),
            _ => None,
        })
    }

    /// A named operator on two values.
    pub(super) fn binary(&mut self, name: &'static str, a: Id, b: Id) -> Result<Id, Refusal> {
        self.elementwise(Elementwise::Named(name), &[a, b])
    }
}
