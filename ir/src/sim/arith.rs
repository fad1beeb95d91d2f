//! The two number systems behind one trait, so that each equation is written once.

use std::fmt::Debug;

use super::Values;
use crate::graph::op::Bias;
use crate::graph::param::Param;
use crate::graph::weights::Weights;
use crate::neuron::{Activation, Compare, FixedPoint};

/// An element of a value, `f32` or `i32`.
pub(super) trait Element:
    Copy + Default + PartialEq + PartialOrd + Debug + Send + Sync + 'static
{
    /// What sums are collected in.
    type Sum: Copy + Default + Debug + Send + Sync;

    fn values(elements: Vec<Self>) -> Values;
    /// The elements, or nothing of the other number system.
    fn elements(values: &Values) -> &[Self];
    /// The elements if they are integers, whose sums do not depend on the order.
    fn integers(elements: &[Self]) -> Option<&[i32]>;
    fn weights(weights: &Weights) -> Vec<Self>;
    /// A bias; `None` of the other number system.
    fn bias(bias: &Bias) -> Option<&Param<Self>>;

    fn add_product(sum: Self::Sum, weight: Self, input: Self) -> Self::Sum;
    fn add(sum: Self::Sum, value: Self) -> Self::Sum;
    /// The sum as an element; an integer that does not fit stays at the end of the range.
    fn settle(sum: Self::Sum) -> Self;
    /// Whether [`settle`](Self::settle) changes the sum.
    fn clips(sum: Self::Sum) -> bool;
    /// The same number; of the two zeros the positive one.
    fn canonical(self) -> Self;
    fn divide(self, divisor: u32) -> Self;
    fn clamp_level(self, lo: i32, hi: i32) -> Self;
}

impl Element for f32 {
    type Sum = f32;

    #[inline(always)]
    fn values(elements: Vec<f32>) -> Values {
        Values::Real(elements)
    }
    #[inline(always)]
    fn elements(values: &Values) -> &[f32] {
        match values {
            Values::Real(v) => v,
            Values::Integer(_) => &[],
        }
    }
    #[inline(always)]
    fn integers(_: &[f32]) -> Option<&[i32]> {
        None
    }
    #[inline(always)]
    fn weights(weights: &Weights) -> Vec<f32> {
        weights.to_real()
    }
    #[inline(always)]
    fn bias(bias: &Bias) -> Option<&Param<f32>> {
        match bias {
            Bias::Real(p) => Some(p),
            Bias::Integer(_) => None,
        }
    }
    #[inline(always)]
    fn add_product(sum: f32, weight: f32, input: f32) -> f32 {
        sum + weight * input
    }
    #[inline(always)]
    fn add(sum: f32, value: f32) -> f32 {
        sum + value
    }
    #[inline(always)]
    fn settle(sum: f32) -> f32 {
        sum
    }
    #[inline(always)]
    fn clips(_: f32) -> bool {
        false
    }
    #[inline(always)]
    fn canonical(self) -> f32 {
        self + 0.0
    }
    #[inline(always)]
    fn divide(self, divisor: u32) -> f32 {
        self / divisor as f32
    }
    #[inline(always)]
    fn clamp_level(self, lo: i32, hi: i32) -> f32 {
        self.max(lo as f32).min(hi as f32)
    }
}

impl Element for i32 {
    type Sum = i64;

    #[inline(always)]
    fn values(elements: Vec<i32>) -> Values {
        Values::Integer(elements)
    }
    #[inline(always)]
    fn elements(values: &Values) -> &[i32] {
        match values {
            Values::Integer(v) => v,
            Values::Real(_) => &[],
        }
    }
    #[inline(always)]
    fn integers(elements: &[i32]) -> Option<&[i32]> {
        Some(elements)
    }
    #[inline(always)]
    fn weights(weights: &Weights) -> Vec<i32> {
        weights.to_integer().unwrap_or_default()
    }
    #[inline(always)]
    fn bias(bias: &Bias) -> Option<&Param<i32>> {
        match bias {
            Bias::Integer(p) => Some(p),
            Bias::Real(_) => None,
        }
    }
    #[inline(always)]
    fn add_product(sum: i64, weight: i32, input: i32) -> i64 {
        sum.saturating_add(i64::from(weight) * i64::from(input))
    }
    #[inline(always)]
    fn add(sum: i64, value: i32) -> i64 {
        sum.saturating_add(i64::from(value))
    }
    #[inline(always)]
    fn settle(sum: i64) -> i32 {
        sum.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
    }
    #[inline(always)]
    fn clips(sum: i64) -> bool {
        i32::try_from(sum).is_err()
    }
    #[inline(always)]
    fn canonical(self) -> i32 {
        self
    }
    #[inline(always)]
    fn divide(self, divisor: u32) -> i32 {
        // The verifier allows only 1 in an integer graph.
        debug_assert_eq!(divisor, 1);
        self
    }
    #[inline(always)]
    fn clamp_level(self, lo: i32, hi: i32) -> i32 {
        self.clamp(lo, hi)
    }
}

/// Arithmetic of a neuron's state.
pub(super) trait Arith: Copy + Debug + Send + Sync {
    /// Element of values and parameters.
    type E: Element;
    /// A state or an intermediate result.
    type S: Copy + Default + PartialEq + PartialOrd + Debug + Send + Sync;

    fn state(&self, value: Self::E) -> Self::S;
    fn element(&self, state: Self::S) -> Self::E;
    fn one(&self) -> Self::E;
    fn add(&self, a: Self::S, b: Self::S) -> Self::S;
    fn sub(&self, a: Self::S, b: Self::S) -> Self::S;
    fn mul(&self, a: Self::S, b: Self::S) -> Self::S;
    /// A state times a decay factor.
    fn decay(&self, state: Self::S, factor: Self::E) -> Self::S;
    /// How often `threshold` fits into `u`; 0 when `u` is not positive.
    fn count(&self, u: Self::S, threshold: Self::S) -> Self::S;
    fn abs(&self, a: Self::S) -> Self::S;
    fn hold_v(&self, v: Self::S) -> Self::S;
    fn hold_i(&self, i: Self::S) -> Self::S;
    /// Whether a state left its width: what was held of it is something else. A real state has no width.
    fn left(&self, state: Self::S, held: Self::S) -> bool;
    /// A graded value in the units in which it is given out.
    fn graded(&self, value: Self::S) -> Self::S;
    /// `floor(value / unit)`.
    fn whole_units(&self, value: Self::S, unit: u32) -> Self::S;
    fn activate(&self, m: &Activation<Self::E>, x: Self::E) -> Self::E;

    #[inline(always)]
    fn passes(&self, u: Self::S, threshold: Self::S, compare: Compare) -> bool {
        match compare {
            Compare::Greater => u > threshold,
            Compare::GreaterOrEqual => u >= threshold,
        }
    }

    #[inline(always)]
    fn max(&self, a: Self::S, b: Self::S) -> Self::S {
        if b > a { b } else { a }
    }
}

/// `f32`, each operation rounded once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Float;

impl Arith for Float {
    type E = f32;
    type S = f32;

    #[inline(always)]
    fn state(&self, value: f32) -> f32 {
        value
    }
    #[inline(always)]
    fn element(&self, state: f32) -> f32 {
        state
    }
    #[inline(always)]
    fn one(&self) -> f32 {
        1.0
    }
    #[inline(always)]
    fn add(&self, a: f32, b: f32) -> f32 {
        a + b
    }
    #[inline(always)]
    fn sub(&self, a: f32, b: f32) -> f32 {
        a - b
    }
    #[inline(always)]
    fn mul(&self, a: f32, b: f32) -> f32 {
        a * b
    }
    #[inline(always)]
    fn decay(&self, state: f32, factor: f32) -> f32 {
        factor * state
    }
    #[inline(always)]
    fn count(&self, u: f32, threshold: f32) -> f32 {
        if u > 0.0 { (u / threshold).trunc() } else { 0.0 }
    }
    #[inline(always)]
    fn abs(&self, a: f32) -> f32 {
        a.abs()
    }
    #[inline(always)]
    fn hold_v(&self, v: f32) -> f32 {
        v
    }
    #[inline(always)]
    fn hold_i(&self, i: f32) -> f32 {
        i
    }
    #[inline(always)]
    fn left(&self, _: f32, _: f32) -> bool {
        false
    }
    #[inline(always)]
    fn graded(&self, value: f32) -> f32 {
        value
    }
    #[inline(always)]
    fn whole_units(&self, value: f32, unit: u32) -> f32 {
        (value / unit as f32).floor()
    }
    /// Rounded to its levels, half to even as ONNX QuantizeLinear and DequantizeLinear do, or half up.
    #[inline(always)]
    fn activate(&self, m: &Activation<f32>, x: f32) -> f32 {
        let x = if m.relu { x.max(0.0) } else { x };
        let zero = m.zero_point as f32;
        let level = x / m.scale;
        let level = if m.half_up { (level + 0.5).floor() } else { level.round_ties_even() };
        let q = (level + zero).clamp_level(m.lo, m.hi);
        (q - zero) * m.scale
    }
}

impl Arith for FixedPoint {
    type E = i32;
    type S = i64;

    #[inline(always)]
    fn state(&self, value: i32) -> i64 {
        i64::from(value)
    }
    #[inline(always)]
    fn element(&self, state: i64) -> i32 {
        i32::settle(state)
    }
    #[inline(always)]
    fn one(&self) -> i32 {
        1
    }
    #[inline(always)]
    fn add(&self, a: i64, b: i64) -> i64 {
        a.saturating_add(b)
    }
    #[inline(always)]
    fn sub(&self, a: i64, b: i64) -> i64 {
        a.saturating_sub(b)
    }
    #[inline(always)]
    fn mul(&self, a: i64, b: i64) -> i64 {
        a.saturating_mul(b)
    }
    #[inline(always)]
    fn decay(&self, state: i64, factor: i32) -> i64 {
        Self::decay(self, state, factor)
    }
    #[inline(always)]
    fn count(&self, u: i64, threshold: i64) -> i64 {
        // The verifier asks for a positive threshold of a neuron that counts.
        if u > 0 { u / threshold.max(1) } else { 0 }
    }
    #[inline(always)]
    fn abs(&self, a: i64) -> i64 {
        a.saturating_abs()
    }
    #[inline(always)]
    fn hold_v(&self, v: i64) -> i64 {
        Self::hold_v(self, v)
    }
    #[inline(always)]
    fn hold_i(&self, i: i64) -> i64 {
        Self::hold_i(self, i)
    }
    #[inline(always)]
    fn left(&self, state: i64, held: i64) -> bool {
        state != held
    }
    #[inline(always)]
    fn graded(&self, value: i64) -> i64 {
        Self::graded(self, value, false)
    }
    #[inline(always)]
    fn whole_units(&self, value: i64, unit: u32) -> i64 {
        // The verifier asks for a power of two.
        value.div_euclid(i64::from(unit.max(1)))
    }
    /// Rescaled to its levels and clamped to them.
    #[inline(always)]
    fn activate(&self, m: &Activation<i32>, x: i32) -> i32 {
        let x = if m.relu { x.max(0) } else { x };
        let x = i32::settle(Self::graded(self, i64::from(x), m.half_up));
        x.saturating_add(m.zero_point).clamp_level(m.lo, m.hi).saturating_sub(m.zero_point)
    }
}
