//! Operators without bodies: taken apart, moved through, folded or kept.

use super::super::super::attribute::Attributes;
use super::super::super::dims;
use super::super::super::importer::domain;
use super::super::super::proto::NodeProto;
use super::super::super::proto::tensor_proto::DataType;
use super::super::super::refusal::{Refusal, refuse};
use super::super::arena::Id;
use super::super::elementwise::Elementwise;
use super::super::layers;
use super::Builder;
use snnc_ir::diag::Code;

impl<'m> Builder<'m> {
    /// A true constant.
    pub(super) fn yes(&mut self) -> Result<Id, Refusal> {
        let one = self.arena.int(1)?;
        self.arena.elementwise(Elementwise::Cast(DataType::Bool as i32), &[one])
    }

    /// The values that a node gives; `None` when its operator is not known here.
    pub(super) fn convert(
        &mut self,
        node: &'m NodeProto,
        inputs: &[Option<Id>],
    ) -> Result<Option<Vec<Id>>, Refusal> {
        let name = domain(&node.domain);
        let one = |id: Option<Id>| id.map(|id| vec![id]);
        if name == "ai.onnx" {
            match node.op_type.as_str() {
                "Constant" => return Ok(one(self.constant_node(node)?)),
                "Split" => return self.split(node, inputs),
                "Dropout" => return Ok(one(inputs.first().copied().flatten())),
                _ => {}
            }
            if let Some(id) = self.simple(node, inputs)? {
                return Ok(Some(vec![id]));
            }
        }
        self.folded_or_kept(node, name, inputs)
    }

    /// Constants of other operators, and operators that stay.
    fn folded_or_kept(
        &mut self,
        node: &'m NodeProto,
        name: &str,
        inputs: &[Option<Id>],
    ) -> Result<Option<Vec<Id>>, Refusal> {
        let known: Option<Vec<Id>> = inputs.iter().copied().collect();
        let constant = known.as_ref().is_some_and(|k| k.iter().all(|id| self.arena.is_constant(*id)));
        // Integers that stand for real numbers stay as they are, so that their bits can be seen.
        let quantised = matches!(node.op_type.as_str(), "DequantizeLinear" | "QuantizeLinear");
        if let (Some(known), true, false) = (&known, constant, quantised)
            && let Some(ids) = self.arena.evaluate_node(node, self.version(&node.domain), known)?
        {
            return Ok(Some(ids));
        }
        let kept = layers::is_kept(name, &node.op_type) || node.op_type == "ArgMin";
        // Inputs that are left out at the end only.
        let given: Vec<Id> = inputs.iter().map_while(|i| *i).collect();
        if !kept || node.output.len() != 1 || inputs.iter().skip(given.len()).any(Option::is_some) {
            return Ok(None);
        }
        if node.op_type == "ArgMin" {
            return self.arg_min(node, &given).map(|id| id.map(|id| vec![id]));
        }
        self.arena.layer(node, name, &given).map(|id| Some(vec![id]))
    }

    /// `ArgMin` is only read as part of the choice of the nearest level.
    fn arg_min(&mut self, node: &NodeProto, given: &[Id]) -> Result<Option<Id>, Refusal> {
        let attributes = Attributes::new(node);
        let &[x] = given else { return Ok(None) };
        let mut to = self.arena.dims(x).to_vec();
        let axis = dims::axis(attributes.int("axis", 0)?, to.len())?;
        if attributes.int("keepdims", 1)? != 0 {
            to[axis] = 1;
        } else {
            to.remove(axis);
        }
        let template = self.arena.template("ai.onnx", "ArgMin", Vec::new());
        self.arena.intern(super::super::arena::Op::Layer(template), vec![x], to, DataType::Int64).map(Some)
    }

    fn constant_node(&mut self, node: &'m NodeProto) -> Result<Option<Id>, Refusal> {
        if let Some(stored) = Attributes::new(node).tensor("value")? {
            return self.arena.stored(stored).map(Some);
        }
        let version = self.version("");
        Ok(self.arena.evaluate_node(node, version, &[])?.and_then(|ids| ids.first().copied()))
    }

    /// Operators with one result.
    fn simple(&mut self, node: &'m NodeProto, inputs: &[Option<Id>]) -> Result<Option<Id>, Refusal> {
        let Some(x) = inputs.first().copied().flatten() else { return Ok(None) };
        let given: Vec<Id> = inputs.iter().copied().flatten().collect();
        let attributes = Attributes::new(node);
        let shape = self.arena.dims(x).to_vec();
        match node.op_type.as_str() {
            "Identity" => Ok(Some(x)),
            "Cast" => self.cast(x, attributes.int("to", 1)?),
            "CastLike" => {
                let Some(&like) = given.get(1) else { return Ok(None) };
                self.cast(x, i64::from(self.arena.node(like).ty as i32))
            }
            "Clip" => self.clip(x, inputs, &attributes).map(Some),
            "Max" | "Min" if given.len() != 2 => {
                let name = if node.op_type == "Max" { "Max" } else { "Min" };
                let mut out = x;
                for other in given.iter().skip(1) {
                    out = self.arena.binary(name, out, *other)?;
                }
                Ok(Some(out))
            }
            "BitShift" => {
                let right = attributes.string("direction")? == Some("RIGHT");
                self.arena.elementwise(Elementwise::Shift { right }, &given).map(Some)
            }
            "Shape" => {
                let rank = shape.len() as i64;
                let at = |v: i64| (if v < 0 { v.saturating_add(rank) } else { v }).clamp(0, rank) as usize;
                let (start, end) = (at(attributes.int("start", 0)?), at(attributes.int("end", rank)?));
                let sizes: Vec<i64> = shape.iter().map(|d| *d as i64).collect();
                self.arena.ints(sizes.get(start..end).unwrap_or_default()).map(Some)
            }
            "Size" => self.arena.int(dims::product(&shape) as i64).map(Some),
            "Flatten" => {
                let axis = attributes.int("axis", 1)?;
                let axis =
                    if axis == shape.len() as i64 { shape.len() } else { dims::axis(axis, shape.len())? };
                let (outer, inner) = shape.split_at_checked(axis).unwrap_or_default();
                self.arena.reshape(x, vec![dims::product(outer), dims::product(inner)]).map(Some)
            }
            "Reshape" => self.reshaped(x, inputs, node),
            "Squeeze" => {
                let axes = self.listed(node, "axes", inputs, 1)?;
                let axes = axes
                    .map(|a| a.iter().map(|a| dims::axis(*a, shape.len())).collect::<Result<Vec<_>, _>>());
                let axes = axes.transpose()?;
                let dropped = |k: usize, d: usize| axes.as_ref().map_or(d == 1, |a| a.contains(&k));
                let to =
                    shape.iter().enumerate().filter(|(k, d)| !dropped(*k, **d)).map(|(_, d)| *d).collect();
                self.arena.reshape(x, to).map(Some)
            }
            "Unsqueeze" => {
                let Some(axes) = self.listed(node, "axes", inputs, 1)? else { return Ok(None) };
                let rank = shape.len() + axes.len();
                let mut axes = axes.iter().map(|a| dims::axis(*a, rank)).collect::<Result<Vec<_>, _>>()?;
                axes.sort_unstable();
                axes.dedup();
                let mut to = shape;
                for axis in axes {
                    to.insert(axis.min(to.len()), 1);
                }
                self.arena.reshape(x, to).map(Some)
            }
            "Transpose" => {
                let perm = match attributes.ints("perm")? {
                    Some(perm) => {
                        perm.iter().map(|p| dims::axis(*p, shape.len())).collect::<Result<Vec<_>, _>>()?
                    }
                    None => (0..shape.len()).rev().collect(),
                };
                self.arena.transpose(x, &perm).map(Some)
            }
            "Expand" => {
                let Some(to) = self.known(inputs, 1)? else { return Ok(None) };
                let to: Vec<usize> = to.iter().map(|d| usize::try_from(*d).unwrap_or(usize::MAX)).collect();
                match super::super::elementwise::broadcast(&shape, &to) {
                    Some(to) => self.arena.expand(x, to).map(Some),
                    None => Err(refuse(Code::BadShape, format!("Expand of {shape:?} to {to:?}"))),
                }
            }
            "Tile" => {
                let Some(repeats) = self.known(inputs, 1)? else { return Ok(None) };
                let whole = repeats.len() == shape.len()
                    && shape.iter().zip(&repeats).all(|(d, r)| *r >= 1 && (*d == 1 || *r == 1));
                if self.arena.is_constant(x) || !whole {
                    return Ok(None);
                }
                let to = shape.iter().zip(&repeats).map(|(d, r)| d.saturating_mul(*r as usize)).collect();
                self.arena.expand(x, to).map(Some)
            }
            "Concat" => {
                let axis = dims::axis(attributes.int("axis", 0)?, shape.len())?;
                self.arena.concat(&given, axis).map(Some)
            }
            "Gather" => self.gather(node, inputs),
            "Slice" => self.part(node, inputs),
            "ScatterND" if !self.all_constant(&given) => self.scatter_nd(inputs),
            "ScatterElements" if !self.all_constant(&given) => self.scatter_elements(node, inputs),
            "Mod" if attributes.int("fmod", 0)? != 0 => Ok(None),
            other => match Elementwise::named(other) {
                Some(e) => self.arena.elementwise(e, &given).map(Some),
                None => Ok(None),
            },
        }
    }

    fn all_constant(&self, given: &[Id]) -> bool {
        given.iter().all(|id| self.arena.is_constant(*id))
    }

    fn cast(&mut self, x: Id, to: i64) -> Result<Option<Id>, Refusal> {
        let to = i32::try_from(to).unwrap_or(0);
        self.arena.elementwise(Elementwise::Cast(to), &[x]).map(Some)
    }

    fn clip(&mut self, x: Id, inputs: &[Option<Id>], attributes: &Attributes<'_>) -> Result<Id, Refusal> {
        let mut bounds = [inputs.get(1).copied().flatten(), inputs.get(2).copied().flatten()];
        for (bound, name) in bounds.iter_mut().zip(["min", "max"]) {
            if bound.is_none() && attributes.has(name) {
                *bound = Some(self.arena.filled(attributes.float(name, 0.0)?, &[])?);
            }
        }
        let mut out = x;
        if let Some(low) = bounds[0] {
            out = self.arena.binary("Max", out, low)?;
        }
        if let Some(high) = bounds[1] {
            out = self.arena.binary("Min", out, high)?;
        }
        Ok(out)
    }

    fn reshaped(&mut self, x: Id, inputs: &[Option<Id>], node: &'m NodeProto) -> Result<Option<Id>, Refusal> {
        let Some(to) = self.listed(node, "shape", inputs, 1)? else { return Ok(None) };
        let zero = Attributes::new(node).int("allowzero", 0)? != 0;
        let shape = self.arena.dims(x).to_vec();
        let total = dims::product(&shape);
        let mut sizes = Vec::with_capacity(to.len());
        let mut open = None;
        for (k, size) in to.iter().enumerate() {
            sizes.push(match *size {
                0 if !zero => shape.get(k).copied().unwrap_or(0),
                -1 if open.is_none() => {
                    open = Some(k);
                    1
                }
                s => usize::try_from(s).map_err(|_| refuse(Code::BadShape, format!("Reshape to {to:?}")))?,
            });
        }
        if let Some(k) = open {
            let rest = dims::product(&sizes).max(1);
            sizes[k] = total / rest;
        }
        self.arena.reshape(x, sizes).map(Some)
    }
}
