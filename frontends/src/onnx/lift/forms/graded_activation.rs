//! A quantised activation without state, written with Floor or Round: QCFS, and rounded ReLU.
//!
//! `y = scale · floor(clip(x / scale, lo, hi) + 0.5)`, or `y = scale · clip(round(x / scale), lo, hi)`.

use super::super::algebra::{Algebra, Atom, AtomId, Coef, Poly};
use super::Found;
use snnc_ir::neuron::{Activation, Model};

/// Level of an activation without an upper bound.
const UNBOUNDED: f64 = 16_777_216.0;

pub(super) fn find(algebra: &Algebra<'_, '_>, node: usize) -> Option<Found> {
    let out = algebra.poly(node)?;
    let (levels, scale, half_up, lo, hi) =
        rounded_last(algebra, out).or_else(|| clamped_last(algebra, out))?;
    let scale = scale.uniform().filter(|s| *s > 0.0)?;
    let whole = |v: f64| (v.fract() == 0.0 && v.abs() <= UNBOUNDED).then_some(v as i32);
    let model = Model::Activation(Activation {
        scale: scale as f32,
        zero_point: 0,
        lo: whole(lo)?,
        hi: whole(hi)?,
        relu: false,
        half_up,
    });
    Some(Found {
        form: "",
        through: None,
        model,
        input: levels.scaled(&Coef::scalar(scale))?,
        states: Vec::new(),
    })
}

/// What is rounded, the step between levels, whether halves go up, and the bounds.
type Rounded = (Poly, Coef, bool, f64, f64);

/// `scale · round(clip(x))`.
fn rounded_last(algebra: &Algebra<'_, '_>, out: &Poly) -> Option<Rounded> {
    let (atom, scale) = out.single()?;
    let (of, half_up) = rounding(algebra, atom)?;
    let (levels, lo, hi) = clamped(algebra, &of)?;
    Some((levels, scale, half_up, lo, hi))
}

/// `clip(scale · round(x))`.
fn clamped_last(algebra: &Algebra<'_, '_>, out: &Poly) -> Option<Rounded> {
    let (inner, lo, hi) = clamped(algebra, out)?;
    let (atom, scale) = inner.single()?;
    let (levels, half_up) = rounding(algebra, atom)?;
    let step = scale.uniform()?;
    let bound = |v: f64| if v.abs() >= UNBOUNDED { v } else { ((v / step) * 1e6).round() / 1e6 };
    Some((levels, scale, half_up, bound(lo), bound(hi)))
}

/// What a rounding rounds, and whether halves go up.
fn rounding(algebra: &Algebra<'_, '_>, atom: AtomId) -> Option<(Poly, bool)> {
    match algebra.atom(atom) {
        Atom::Rounded(of) => Some((of.clone(), false)),
        Atom::Floored(of) => Some((of.minus(&Poly::constant(Coef::scalar(0.5)))?, true)),
        _ => None,
    }
}

/// What is clamped, and the bounds: `max(x, lo)` is `lo + max(0, x - lo)`, `min(e, hi)` is
/// `e - max(0, e - hi)`.
fn clamped(algebra: &Algebra<'_, '_>, poly: &Poly) -> Option<(Poly, f64, f64)> {
    let rectified = |(atoms, coef): (&Vec<AtomId>, &Coef)| match atoms[..] {
        [atom] => match algebra.atom(atom) {
            Atom::Rectified(of) => Some((atom, of.clone(), coef.clone())),
            _ => None,
        },
        _ => None,
    };
    let found: Vec<(AtomId, Poly, Coef)> = poly.terms.iter().filter_map(rectified).collect();
    let rest = poly.terms.len() - found.len() - usize::from(poly.terms.contains_key(&Vec::new()));
    if rest > 0 {
        return None;
    }
    // With an upper bound, the part above it is taken off what has the lower bound only.
    for (atom, above, coef) in &found {
        if !coef.all(|c| c < 0.0) {
            continue;
        }
        let below = poly.minus(&Poly::atom(*atom).scaled(coef)?)?;
        let hi = below.plus(&above.scaled(coef)?)?.as_constant()?.uniform()?;
        let (inner, lo, _) = clamped(algebra, &below)?;
        return Some((inner, lo, hi));
    }
    match &found[..] {
        [(_, of, coef)] if coef.all(|c| c > 0.0) => {
            let lo = poly.offset().uniform()?;
            Some((of.scaled(coef)?.plus(&Poly::constant(Coef::scalar(lo)))?, lo, UNBOUNDED))
        }
        _ => None,
    }
}
