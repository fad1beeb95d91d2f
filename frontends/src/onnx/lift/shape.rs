//! Operators that only move elements: reshapes, transposes, parts of axes and their joining.
//!
//! A part of an axis is taken as early as possible: through a convolution along its batch, through a
//! concatenation into the piece that holds it. That is how one step is taken out of a network that
//! computes all of them at once.

use super::super::dims;
use super::super::proto::tensor_proto::DataType;
use super::super::refusal::{Refusal, refuse};
use super::arena::{Arena, Id, Op};
use super::elementwise::Elementwise;
use super::layers;
use snnc_ir::diag::Code;

/// How deep a part is taken through operators.
const MAX_DEPTH: usize = 4_000;

impl Arena<'_> {
    /// The same elements with other dimensions.
    pub(super) fn reshape(&mut self, x: Id, to: Vec<usize>) -> Result<Id, Refusal> {
        if self.dims(x) == to {
            return Ok(x);
        }
        if dims::elements(self.dims(x)) != dims::elements(&to) {
            let message = format!("a value of shape {:?} cannot have the shape {to:?}", self.dims(x));
            return Err(refuse(Code::BadShape, message));
        }
        if let Some(constant) = self.value(x)? {
            return self.constant(constant.reshaped(to)?);
        }
        let node = self.node(x);
        let (ty, first) = (node.ty, node.inputs.first().copied());
        match (&node.op, first) {
            (Op::Reshape, Some(source)) => self.reshape(source, to),
            _ => self.intern(Op::Reshape, vec![x], to, ty),
        }
    }

    /// The axes in another order.
    pub(super) fn transpose(&mut self, x: Id, perm: &[usize]) -> Result<Id, Refusal> {
        if let Some(constant) = self.value(x)? {
            return self.constant(constant.transposed(perm)?);
        }
        let old = self.dims(x).to_vec();
        let mut sorted = perm.to_vec();
        sorted.sort_unstable();
        if sorted.iter().enumerate().any(|(k, p)| k != *p) || perm.len() != old.len() {
            return Err(refuse(Code::BadShape, format!("{perm:?} is no order of {} axes", old.len())));
        }
        let to: Vec<usize> = perm.iter().filter_map(|p| old.get(*p).copied()).collect();
        // Moving axes of length 1 moves no element.
        let moved: Vec<usize> = perm.iter().copied().filter(|p| old.get(*p) != Some(&1)).collect();
        if moved.is_sorted() {
            return self.reshape(x, to);
        }
        let ty = self.node(x).ty;
        self.intern(Op::Transpose(perm.to_vec()), vec![x], to, ty)
    }

    /// Repeats along axes of length 1.
    pub(super) fn expand(&mut self, x: Id, to: Vec<usize>) -> Result<Id, Refusal> {
        if self.dims(x) == to {
            return Ok(x);
        }
        if self.is_constant(x) {
            self.take(dims::product(&to))?;
            let shape = to.iter().map(|d| *d as i64).collect::<Vec<_>>();
            let shape = self.ints(&shape)?;
            if let Some(id) = self.evaluate("Expand", Vec::new(), &[x, shape])? {
                return Ok(id);
            }
        }
        let ty = self.node(x).ty;
        self.intern(Op::Expand, vec![x], to, ty)
    }

    /// Values laid one after the other along an axis.
    pub(super) fn concat(&mut self, parts: &[Id], axis: usize) -> Result<Id, Refusal> {
        let mut flat: Vec<Id> = Vec::new();
        for part in parts {
            let node = self.node(*part);
            if node.dims.get(axis) == Some(&0) {
                continue;
            }
            match node.op {
                Op::Concat(inner) if inner == axis => flat.extend(&node.inputs),
                _ => flat.push(*part),
            }
        }
        let Some(first) = flat.first().or(parts.first()).copied() else {
            return Err(refuse(Code::BadGraph, "Concat has no input"));
        };
        if flat.len() <= 1 {
            return Ok(first);
        }
        let mut to = self.dims(first).to_vec();
        let total: usize = flat.iter().filter_map(|p| self.dims(*p).get(axis)).sum();
        let matches = |d: &[usize]| {
            d.len() == to.len() && d.iter().zip(&to).enumerate().all(|(k, (a, b))| k == axis || a == b)
        };
        if axis >= to.len() || !flat.iter().all(|p| matches(self.dims(*p))) {
            let shapes: Vec<&[usize]> = flat.iter().map(|p| self.dims(*p)).take(4).collect();
            return Err(refuse(Code::BadShape, format!("Concat along axis {axis} of {shapes:?}")));
        }
        to[axis] = total;
        if flat.iter().all(|p| self.is_constant(*p)) {
            let axis = super::elementwise::int("axis", axis as i64);
            if let Some(id) = self.evaluate("Concat", vec![axis], &flat)? {
                return Ok(id);
            }
        }
        let ty = self.node(first).ty;
        self.intern(Op::Concat(axis), flat, to, ty)
    }

    /// Values stacked along a new axis.
    pub(super) fn stack(&mut self, parts: &[Id], axis: usize) -> Result<Id, Refusal> {
        let mut wide = Vec::with_capacity(parts.len());
        for part in parts {
            let mut to = self.dims(*part).to_vec();
            to.insert(axis.min(to.len()), 1);
            wide.push(self.reshape(*part, to)?);
        }
        self.concat(&wide, axis)
    }

    /// One place of an axis, without the axis.
    pub(super) fn select(&mut self, x: Id, axis: usize, at: usize) -> Result<Id, Refusal> {
        let part = self.slice(x, axis, at, 1)?;
        let mut to = self.dims(part).to_vec();
        if axis < to.len() {
            to.remove(axis);
        }
        self.reshape(part, to)
    }

    /// A part of an axis.
    pub(super) fn slice(&mut self, x: Id, axis: usize, start: usize, len: usize) -> Result<Id, Refusal> {
        self.slice_at(x, axis, start, len, 0)
    }

    fn slice_at(
        &mut self,
        x: Id,
        axis: usize,
        start: usize,
        len: usize,
        depth: usize,
    ) -> Result<Id, Refusal> {
        let Some(whole) = self.dims(x).get(axis).copied() else {
            return Err(refuse(Code::BadShape, format!("there is no axis {axis} in {:?}", self.dims(x))));
        };
        if start.saturating_add(len) > whole {
            let message = format!("a part {start}..{} of an axis of {whole}", start.saturating_add(len));
            return Err(refuse(Code::BadShape, message));
        }
        if start == 0 && len == whole {
            return Ok(x);
        }
        if depth > MAX_DEPTH {
            return Err(refuse(Code::BudgetExceeded, "the graph is too deep to take its steps apart"));
        }
        let key = (x, axis, start, len);
        if let Some(id) = self.slice_memo().get(&key) {
            return Ok(*id);
        }
        // A part comes from where the whole does.
        let own = self.node(x).origin;
        let outer = std::mem::replace(&mut self.origin, own);
        let pushed = self.pushed(x, axis, start, len, depth + 1);
        self.origin = outer;
        let id = match pushed? {
            Some(id) => id,
            None => {
                let node = self.node(x);
                let (mut to, ty) = (node.dims.clone(), node.ty);
                to[axis] = len;
                self.intern(Op::Slice { axis, start }, vec![x], to, ty)?
            }
        };
        self.slice_memo().insert(key, id);
        Ok(id)
    }

    /// The part, taken from the inputs of the operator; `None` where that is not possible.
    fn pushed(
        &mut self,
        x: Id,
        axis: usize,
        start: usize,
        len: usize,
        depth: usize,
    ) -> Result<Option<Id>, Refusal> {
        let node = self.node(x).clone();
        let first = node.inputs.first().copied();
        match (&node.op, first) {
            (Op::Constant(_), _) => {
                let Some(constant) = self.value(x)? else { return Ok(None) };
                let (inner, outer) = (
                    node.dims.iter().skip(axis + 1).product::<usize>(),
                    node.dims.iter().take(axis).product::<usize>(),
                );
                let whole = node.dims.get(axis).copied().unwrap_or(1);
                let positions = (0..outer).flat_map(|o| {
                    let from = (o * whole + start) * inner;
                    from..from + len * inner
                });
                let mut to = node.dims.clone();
                to[axis] = len;
                let data = constant.data.gather(positions);
                let part = super::super::constant::Constant { dims: to, data, ..constant };
                self.constant(part).map(Some)
            }
            (Op::Slice { axis: inner, start: from }, Some(source)) if *inner == axis => {
                self.slice_at(source, axis, from + start, len, depth).map(Some)
            }
            (Op::Reshape, Some(source)) => self.through_reshape(source, &node.dims, axis, start, len, depth),
            (Op::Transpose(perm), Some(source)) => {
                let Some(old) = perm.get(axis) else { return Ok(None) };
                let part = self.slice_at(source, *old, start, len, depth)?;
                self.transpose(part, perm).map(Some)
            }
            (Op::Expand, Some(source)) => {
                let shift = node.dims.len() - self.dims(source).len();
                let own = axis.checked_sub(shift).and_then(|a| Some((a, *self.dims(source).get(a)?)));
                let part = match own {
                    Some((a, size)) if size != 1 => self.slice_at(source, a, start, len, depth)?,
                    _ => source,
                };
                let mut to = node.dims.clone();
                to[axis] = len;
                self.expand(part, to).map(Some)
            }
            (Op::Concat(along), _) if *along == axis => {
                let (mut at, mut pieces) = (0, Vec::new());
                for part in &node.inputs {
                    let size = self.dims(*part).get(axis).copied().unwrap_or(0);
                    let (from, to) = (start.max(at), (start + len).min(at + size));
                    if from < to {
                        pieces.push(self.slice_at(*part, axis, from - at, to - from, depth)?);
                    }
                    at += size;
                }
                self.concat(&pieces, axis).map(Some)
            }
            (Op::Concat(along), _) => {
                let parts = node.inputs.iter().map(|p| self.slice_at(*p, axis, start, len, depth));
                let parts = parts.collect::<Result<Vec<_>, _>>()?;
                self.concat(&parts, *along).map(Some)
            }
            (Op::Elementwise(Elementwise::Nearest), Some(source)) => {
                let part = self.slice_at(source, axis, start, len, depth)?;
                let inputs = [&[part][..], node.inputs.get(1..).unwrap_or_default()].concat();
                self.elementwise(Elementwise::Nearest, &inputs).map(Some)
            }
            (Op::Elementwise(e), _) => {
                let rank = node.dims.len();
                let mut inputs = Vec::with_capacity(node.inputs.len());
                for input in &node.inputs {
                    let own = (axis + self.dims(*input).len()).checked_sub(rank);
                    let size = own.and_then(|a| self.dims(*input).get(a)).copied().unwrap_or(1);
                    inputs.push(match own {
                        Some(a) if size != 1 => self.slice_at(*input, a, start, len, depth)?,
                        _ => *input,
                    });
                }
                self.elementwise(*e, &inputs).map(Some)
            }
            (Op::Layer(template), Some(source)) => {
                let Some(template) = self.templates.get(*template as usize).cloned() else { return Ok(None) };
                if !layers::is_parallel(self, &template, &node, axis) {
                    return Ok(None);
                }
                let part = self.slice_at(source, axis, start, len, depth)?;
                let inputs = [&[part][..], node.inputs.get(1..).unwrap_or_default()].concat();
                let mut to = node.dims.clone();
                to[axis] = len;
                let key = match node.op {
                    Op::Layer(k) => k,
                    _ => return Ok(None),
                };
                self.intern(Op::Layer(key), inputs, to, node.ty).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// A part of an axis of a reshaped value: the part of the axis it was, where there is one.
    fn through_reshape(
        &mut self,
        source: Id,
        to: &[usize],
        axis: usize,
        start: usize,
        len: usize,
        depth: usize,
    ) -> Result<Option<Id>, Refusal> {
        let from = self.dims(source).to_vec();
        let (outer, size) = (dims::product(to.get(..axis).unwrap_or_default()), to[axis]);
        let inner = dims::product(to.get(axis + 1..).unwrap_or_default());
        for (b, own) in from.iter().enumerate() {
            let (before, after) = (dims::product(&from[..b]), dims::product(&from[b + 1..]));
            // `size` places of this axis are `own` places of that one, in blocks of equal size.
            if before != outer || own % size.max(1) != 0 || own * after != size * inner || *own == 0 {
                continue;
            }
            let block = own / size;
            let part = self.slice_at(source, b, start * block, len * block, depth)?;
            let mut shape = to.to_vec();
            shape[axis] = len;
            return self.reshape(part, shape).map(Some);
        }
        Ok(None)
    }

    /// A value with the places of an axis from `start` on replaced.
    pub(super) fn replaced(&mut self, x: Id, axis: usize, start: usize, with: Id) -> Result<Id, Refusal> {
        let whole = self.dims(x).get(axis).copied().unwrap_or(0);
        let len = self.dims(with).get(axis).copied().unwrap_or(0);
        let rest = whole.checked_sub(start + len).ok_or_else(|| {
            refuse(Code::BadShape, format!("an update beyond the end of an axis of {whole}"))
        })?;
        let mut parts = Vec::new();
        if start > 0 {
            parts.push(self.slice(x, axis, 0, start)?);
        }
        parts.push(with);
        if rest > 0 {
            parts.push(self.slice(x, axis, start + len, rest)?);
        }
        self.concat(&parts, axis)
    }
}

/// Whether a type holds real numbers.
pub(super) fn is_real(ty: DataType) -> bool {
    matches!(ty, DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16)
}
