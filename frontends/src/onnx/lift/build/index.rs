//! Operators that take places out of a value or put them in.

use super::super::super::attribute::Attributes;
use super::super::super::dims;
use super::super::super::proto::NodeProto;
use super::super::super::refusal::{Refusal, refuse};
use super::super::arena::{Id, Op};
use super::super::elementwise::Elementwise;
use super::Builder;
use snnc_ir::diag::Code;

/// Greatest number of places that are taken one by one.
const MAX_PLACES: usize = 4096;

impl<'m> Builder<'m> {
    /// The integers of an input that must be constant.
    pub(super) fn known(&self, inputs: &[Option<Id>], k: usize) -> Result<Option<Vec<i64>>, Refusal> {
        match inputs.get(k).copied().flatten() {
            Some(id) => self.arena.integers(id),
            None => Ok(None),
        }
    }

    /// Integers that are an attribute in old versions and an input in new ones.
    pub(super) fn listed(
        &self,
        node: &NodeProto,
        name: &str,
        inputs: &[Option<Id>],
        k: usize,
    ) -> Result<Option<Vec<i64>>, Refusal> {
        match self.known(inputs, k)? {
            Some(values) => Ok(Some(values)),
            None => Ok(Attributes::new(node).ints(name)?.map(<[i64]>::to_vec)),
        }
    }

    /// `Gather` at constant places, or of the nearest of a list of levels.
    pub(super) fn gather(&mut self, node: &NodeProto, inputs: &[Option<Id>]) -> Result<Option<Id>, Refusal> {
        let &[Some(x), Some(at)] = inputs else { return Ok(None) };
        let shape = self.arena.dims(x).to_vec();
        let axis = dims::axis(Attributes::new(node).int("axis", 0)?, shape.len())?;
        let Some(places) = self.arena.integers(at)? else { return Ok(self.nearest(x, at)) };
        let size = shape.get(axis).copied().unwrap_or(0);
        let places = places.iter().map(|p| dims::axis(*p, size)).collect::<Result<Vec<_>, _>>()?;
        if let (true, [place]) = (self.arena.dims(at).is_empty(), &places[..]) {
            return self.arena.select(x, axis, *place).map(Some);
        }
        if places.len() > MAX_PLACES || places.is_empty() || self.arena.dims(at).len() != 1 {
            return Ok(None);
        }
        let parts = places.iter().map(|p| self.arena.slice(x, axis, *p, 1)).collect::<Result<Vec<_>, _>>()?;
        self.arena.concat(&parts, axis).map(Some)
    }

    /// `levels[argmin(|levels - x|)]`: the nearest level (snnTorch's quantised state).
    fn nearest(&mut self, levels: Id, at: Id) -> Option<Id> {
        if !self.arena.is_constant(levels) || self.arena.dims(levels).len() != 1 {
            return None;
        }
        let mut found = at;
        // Reshapes of the index move nothing.
        while matches!(self.arena.node(found).op, Op::Reshape) {
            found = *self.arena.node(found).inputs.first()?;
        }
        let Op::Layer(template) = self.arena.node(found).op else { return None };
        if self.arena.templates.get(template as usize)?.op_type != "ArgMin" {
            return None;
        }
        let distance = self.arena.node(*self.arena.node(found).inputs.first()?);
        let Op::Elementwise(Elementwise::Named("Abs")) = distance.op else { return None };
        let difference = self.arena.node(*distance.inputs.first()?);
        let Op::Elementwise(Elementwise::Named("Sub")) = difference.op else { return None };
        let (a, b) = (*difference.inputs.first()?, *difference.inputs.get(1)?);
        let mut x = if self.arena.is_constant(a) { b } else { a };
        let places = self.arena.dims(levels).to_vec();
        let wanted: usize = self.arena.dims(at).iter().product();
        // The value is repeated once for each level before it is compared.
        while self.arena.dims(x).iter().product::<usize>() != wanted {
            match self.arena.node(x).op {
                Op::Expand | Op::Reshape => x = *self.arena.node(x).inputs.first()?,
                _ => return None,
            }
        }
        let to = self.arena.dims(at).to_vec();
        let other = if self.arena.is_constant(a) { a } else { b };
        let count = places.first().copied().unwrap_or(0);
        let compared = self.arena.value(other).ok()??.reals().ok()?;
        let levels_are = self.arena.value(levels).ok()??.reals().ok()?;
        let repeats = compared.len() == count && compared == levels_are;
        let x = if repeats { self.arena.reshape(x, to).ok()? } else { return None };
        self.arena.elementwise(Elementwise::Nearest, &[x, levels]).ok()
    }

    /// `Slice` with steps of 1.
    pub(super) fn part(&mut self, node: &NodeProto, inputs: &[Option<Id>]) -> Result<Option<Id>, Refusal> {
        let Some(x) = inputs.first().copied().flatten() else { return Ok(None) };
        let (Some(starts), Some(ends)) =
            (self.listed(node, "starts", inputs, 1)?, self.listed(node, "ends", inputs, 2)?)
        else {
            return Ok(None);
        };
        let axes = self.listed(node, "axes", inputs, 3)?;
        let steps = self.known(inputs, 4)?;
        let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
        if steps.is_some_and(|s| s.iter().any(|s| *s != 1))
            || axes.len() != starts.len()
            || ends.len() != starts.len()
        {
            return Ok(None);
        }
        let mut part = x;
        for ((axis, start), end) in axes.iter().zip(&starts).zip(&ends) {
            let shape = self.arena.dims(part);
            let axis = dims::axis(*axis, shape.len())?;
            let size = shape.get(axis).copied().unwrap_or(0) as i64;
            let clamp = |v: i64| if v < 0 { v.saturating_add(size) } else { v }.clamp(0, size);
            let (start, end) = (clamp(*start), clamp(*end));
            part = self.arena.slice(part, axis, start as usize, (end - start).max(0) as usize)?;
        }
        Ok(Some(part))
    }

    /// `Split` along an axis.
    pub(super) fn split(
        &mut self,
        node: &NodeProto,
        inputs: &[Option<Id>],
    ) -> Result<Option<Vec<Id>>, Refusal> {
        let Some(x) = inputs.first().copied().flatten() else { return Ok(None) };
        let shape = self.arena.dims(x);
        let axis = dims::axis(Attributes::new(node).int("axis", 0)?, shape.len())?;
        let size = shape.get(axis).copied().unwrap_or(0);
        let count = node.output.len().max(1);
        let sizes: Vec<usize> = match self.listed(node, "split", inputs, 1)? {
            Some(sizes) => sizes.iter().map(|s| usize::try_from(*s).unwrap_or(usize::MAX)).collect(),
            None => {
                let each = size.div_ceil(count);
                (0..count).map(|k| each.min(size.saturating_sub(k * each))).collect()
            }
        };
        if dims::elements(&sizes).is_none() || sizes.iter().fold(0usize, |n, s| n.saturating_add(*s)) != size
        {
            return Err(refuse(Code::BadShape, format!("Split of {size} places into {sizes:?}")));
        }
        let mut at = 0;
        let mut parts = Vec::new();
        for len in sizes {
            parts.push(self.arena.slice(x, axis, at, len)?);
            at += len;
        }
        Ok(Some(parts))
    }

    /// `ScatterND` of whole places of the first axis that follow one another.
    pub(super) fn scatter_nd(&mut self, inputs: &[Option<Id>]) -> Result<Option<Id>, Refusal> {
        let &[Some(x), Some(at), Some(with)] = inputs else { return Ok(None) };
        let Some(places) = self.arena.integers(at)? else { return Ok(None) };
        let (shape, index) = (self.arena.dims(x).to_vec(), self.arena.dims(at).to_vec());
        // The index says for each place of `with` which place it is, along the axes that it names.
        let Some(width) = index.last().copied() else { return Ok(None) };
        if width != 1 {
            return self.scattered(x, &shape, &places, width, with);
        }
        self.in_a_row(x, 0, &places, with, &shape)
    }

    /// Places of the first axis that follow one another.
    fn in_a_row(
        &mut self,
        x: Id,
        axis: usize,
        places: &[i64],
        with: Id,
        shape: &[usize],
    ) -> Result<Option<Id>, Refusal> {
        let size = shape.get(axis).copied().unwrap_or(0);
        let places = places.iter().map(|p| dims::axis(*p, size)).collect::<Result<Vec<_>, _>>()?;
        let Some(start) = places.first().copied() else { return Ok(Some(x)) };
        if places.iter().enumerate().any(|(k, p)| *p != start + k) {
            return Ok(None);
        }
        let mut to = shape.to_vec();
        to[axis] = places.len();
        let with = self.arena.reshape(with, to)?;
        self.arena.replaced(x, axis, start, with).map(Some)
    }

    /// An index of full width, all of whose places lie at one place of one axis and cover all others.
    fn scattered(
        &mut self,
        x: Id,
        shape: &[usize],
        places: &[i64],
        width: usize,
        with: Id,
    ) -> Result<Option<Id>, Refusal> {
        if width > shape.len() {
            return Ok(None);
        }
        let rows: Vec<&[i64]> = places.chunks_exact(width).collect();
        let Some(first) = rows.first() else { return Ok(Some(x)) };
        for axis in 0..width {
            let at = first.get(axis).copied().unwrap_or(0);
            let mut others = shape.to_vec();
            others[axis] = 1;
            let covered: usize = others.iter().take(width).product();
            let in_order = rows.len() == covered
                && rows.iter().enumerate().all(|(flat, row)| {
                    let mut rest = flat;
                    (0..width).rev().all(|k| {
                        let size = if k == axis { 1 } else { shape.get(k).copied().unwrap_or(1) };
                        let want = if k == axis { at } else { (rest % size) as i64 };
                        rest /= size;
                        row.get(k) == Some(&want)
                    })
                });
            if in_order {
                return self.in_a_row(x, axis, &[at], with, shape);
            }
        }
        Ok(None)
    }

    /// `ScatterElements` that replaces one whole place of an axis.
    pub(super) fn scatter_elements(
        &mut self,
        node: &NodeProto,
        inputs: &[Option<Id>],
    ) -> Result<Option<Id>, Refusal> {
        let &[Some(x), Some(at), Some(with)] = inputs else { return Ok(None) };
        let Some(places) = self.arena.integers(at)? else { return Ok(None) };
        let shape = self.arena.dims(x).to_vec();
        let attributes = Attributes::new(node);
        let axis = dims::axis(attributes.int("axis", 0)?, shape.len())?;
        let mut whole = shape.clone();
        whole[axis] = 1;
        let Some(place) = places.first().copied() else { return Ok(Some(x)) };
        if self.arena.dims(at) != whole || places.iter().any(|p| *p != place) {
            return Ok(None);
        }
        self.in_a_row(x, axis, &[place], with, &shape)
    }
}
