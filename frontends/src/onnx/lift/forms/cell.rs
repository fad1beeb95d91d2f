//! What forms have in common: the spike of a value, its states, and parameters spread over features.

use super::super::super::broadcast;
use super::super::super::constant::{Constant, Data};
use super::super::super::dims;
use super::super::super::proto::tensor_proto::DataType;
use super::super::algebra::{Algebra, Atom, AtomId, Coef, Poly};
use super::super::steps::Ref;
use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{Compare, Emission};

/// A value that is a comparison, times a constant.
pub(super) struct Spike {
    pub atom: AtomId,
    pub compare: Compare,
    /// Above zero where the neuron spikes, before the rounding to levels.
    pub condition: Poly,
    /// Levels that the membrane is rounded to before the comparison.
    pub levels: Option<Vec<f32>>,
    pub emission: Emission<f32>,
}

/// The spike that a value is.
pub(super) fn spike(algebra: &Algebra<'_, '_>, node: usize) -> Option<Spike> {
    let (atom, factor) = algebra.poly(node)?.single()?;
    let Atom::Above { strict, of } = algebra.atom(atom) else { return None };
    let emission = match factor.uniform() {
        Some(1.0) => Emission::Binary,
        _ => Emission::Scaled(param(algebra, node, &factor)?),
    };
    let compare = if *strict { Compare::Greater } else { Compare::GreaterOrEqual };
    let (condition, levels) = self::levels(algebra, of);
    Some(Spike { atom, compare, condition, levels, emission })
}

/// Values of the step before that a polynomial reads and that are operators on elements.
pub(super) fn states(algebra: &Algebra<'_, '_>, poly: &Poly) -> Vec<(AtomId, usize)> {
    let lagged = poly.atoms().into_iter().filter_map(|id| match algebra.atom(id) {
        Atom::Value(Ref { node, lag: 1 }) if algebra.poly(*node).is_some() => Some((id, *node)),
        _ => None,
    });
    lagged.collect()
}

/// Whether a value reads itself in the step before.
pub(super) fn keeps_itself(algebra: &Algebra<'_, '_>, atom: AtomId, node: usize) -> bool {
    algebra.poly(node).is_some_and(|p| p.has(atom))
}

/// A value without its lower clamp, and the clamp: `max(a, m)` is `m + max(0, a - m)`.
pub(super) fn unclamped(algebra: &Algebra<'_, '_>, poly: &Poly) -> Option<(Poly, Option<Coef>)> {
    let offset = poly.offset();
    let rest = poly.minus(&Poly::constant(offset.clone()))?;
    if let Some((atom, factor)) = rest.single()
        && factor.uniform() == Some(1.0)
        && let Atom::Rectified(of) = algebra.atom(atom)
    {
        return Some((of.plus(&Poly::constant(offset.clone()))?, Some(offset)));
    }
    Some((poly.clone(), None))
}

/// `condition = k · (membrane - threshold)` with `k > 0`: the threshold.
pub(super) fn threshold(condition: &Poly, membrane: &Poly, of: AtomId) -> Option<Coef> {
    let k = condition.linear(of)?.zip(membrane.linear(of)?, |c, m| c / m)?;
    if !k.all(|v| v > 0.0 && v.is_finite()) {
        return None;
    }
    let difference = membrane.minus(&condition.scaled(&k.map(|v| 1.0 / v))?)?;
    constant(&difference, membrane)
}

/// The constant that a difference is, when what else is left of it is rounding.
pub(super) fn constant(difference: &Poly, like: &Poly) -> Option<Coef> {
    let rounding = |(atoms, coef): (&Vec<AtomId>, &Coef)| {
        atoms.is_empty()
            || like.terms.get(atoms).is_some_and(|l| {
                coef.zip(l, |c, l| f64::from(u8::from(c.abs() <= 4e-6 * l.abs())))
                    .is_some_and(|c| c.all(|v| v == 1.0))
            })
    };
    difference.terms.iter().all(rounding).then(|| difference.offset())
}

/// A coefficient as a parameter of the neurons of a node.
pub(super) fn param(algebra: &Algebra<'_, '_>, node: usize, coef: &Coef) -> Option<Param<f32>> {
    let shape = super::super::emit::without_time(&algebra.graph.nodes.get(node)?.dims);
    let features = shape.get(dims::lead(shape.len(), false).ok()?..)?;
    spread(coef, features)
}

/// A coefficient spread over features.
pub(in super::super) fn spread(coef: &Coef, features: &[usize]) -> Option<Param<f32>> {
    let values: Vec<f32> = coef.values.iter().map(|v| *v as f32).collect();
    let constant = Constant {
        dims: coef.dims.clone(),
        ty: DataType::Float,
        data: Data::F32(values.clone().into()),
        quant: None,
    };
    broadcast::param("a parameter", &constant, values, features).ok()
}

/// A membrane without the rounding to its levels, and the levels (snnTorch's `state_quant`).
pub(super) fn levels(algebra: &Algebra<'_, '_>, poly: &Poly) -> (Poly, Option<Vec<f32>>) {
    let offset = poly.offset();
    let found = poly.minus(&Poly::constant(offset.clone())).and_then(|rest| {
        let (atom, factor) = rest.single()?;
        let Atom::Nearest(of, levels) = algebra.atom(atom) else { return None };
        let values = algebra.arena.value(*levels).ok()??.reals().ok()?;
        let inner = of.scaled(&factor)?.plus(&Poly::constant(offset.clone()))?;
        Some((inner, Some(values)))
    });
    found.unwrap_or_else(|| (poly.clone(), None))
}
