//! The two number systems behind one trait, so that each equation is written once.

use crate::neuron::{Compare, FixedPoint};

/// An element of a value, `f32` or `i32`.
pub(super) trait Element: Copy + Default + PartialEq + PartialOrd {
    /// What sums are collected in.
    type Sum: Copy + Default;

    fn add_product(sum: Self::Sum, weight: Self, input: Self) -> Self::Sum;
    fn add(sum: Self::Sum, value: Self) -> Self::Sum;
    /// The sum as an element; an integer that does not fit stays at the end of the range.
    fn settle(sum: Self::Sum) -> Self;
    fn divide(self, divisor: u32) -> Self;
    fn clamp_level(self, lo: i32, hi: i32) -> Self;
}

impl Element for f32 {
    type Sum = f32;

    fn add_product(sum: f32, weight: f32, input: f32) -> f32 {
        sum + weight * input
    }
    fn add(sum: f32, value: f32) -> f32 {
        sum + value
    }
    fn settle(sum: f32) -> f32 {
        sum
    }
    fn divide(self, divisor: u32) -> f32 {
        self / divisor as f32
    }
    fn clamp_level(self, lo: i32, hi: i32) -> f32 {
        self.max(lo as f32).min(hi as f32)
    }
}

impl Element for i32 {
    type Sum = i64;

    fn add_product(sum: i64, weight: i32, input: i32) -> i64 {
        sum.saturating_add(i64::from(weight) * i64::from(input))
    }
    fn add(sum: i64, value: i32) -> i64 {
        sum.saturating_add(i64::from(value))
    }
    fn settle(sum: i64) -> i32 {
        sum.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
    }
    fn divide(self, divisor: u32) -> i32 {
        // The verifier allows only 1 in an integer graph.
        debug_assert_eq!(divisor, 1);
        self
    }
    fn clamp_level(self, lo: i32, hi: i32) -> i32 {
        self.clamp(lo, hi)
    }
}

/// Arithmetic of a neuron's state.
pub(super) trait Arith {
    /// Element of values and parameters.
    type E: Element;
    /// A state or an intermediate result.
    type S: Copy + Default + PartialEq + PartialOrd + std::fmt::Debug;

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
    /// A graded value in the units in which it is given out.
    fn graded(&self, value: Self::S) -> Self::S;
    /// `floor(value / unit)`.
    fn whole_units(&self, value: Self::S, unit: u32) -> Self::S;

    fn passes(&self, u: Self::S, threshold: Self::S, compare: Compare) -> bool {
        match compare {
            Compare::Greater => u > threshold,
            Compare::GreaterOrEqual => u >= threshold,
        }
    }

    fn max(&self, a: Self::S, b: Self::S) -> Self::S {
        if b > a { b } else { a }
    }
}

/// `f32`, each operation rounded once.
#[derive(Debug)]
pub(super) struct Float;

impl Arith for Float {
    type E = f32;
    type S = f32;

    fn state(&self, value: f32) -> f32 {
        value
    }
    fn element(&self, state: f32) -> f32 {
        state
    }
    fn one(&self) -> f32 {
        1.0
    }
    fn add(&self, a: f32, b: f32) -> f32 {
        a + b
    }
    fn sub(&self, a: f32, b: f32) -> f32 {
        a - b
    }
    fn mul(&self, a: f32, b: f32) -> f32 {
        a * b
    }
    fn decay(&self, state: f32, factor: f32) -> f32 {
        factor * state
    }
    fn count(&self, u: f32, threshold: f32) -> f32 {
        if u > 0.0 { (u / threshold).trunc() } else { 0.0 }
    }
    fn abs(&self, a: f32) -> f32 {
        a.abs()
    }
    fn hold_v(&self, v: f32) -> f32 {
        v
    }
    fn hold_i(&self, i: f32) -> f32 {
        i
    }
    fn graded(&self, value: f32) -> f32 {
        value
    }
    fn whole_units(&self, value: f32, unit: u32) -> f32 {
        (value / unit as f32).floor()
    }
}

impl Arith for FixedPoint {
    type E = i32;
    type S = i64;

    fn state(&self, value: i32) -> i64 {
        i64::from(value)
    }
    fn element(&self, state: i64) -> i32 {
        i32::settle(state)
    }
    fn one(&self) -> i32 {
        1
    }
    fn add(&self, a: i64, b: i64) -> i64 {
        a.saturating_add(b)
    }
    fn sub(&self, a: i64, b: i64) -> i64 {
        a.saturating_sub(b)
    }
    fn mul(&self, a: i64, b: i64) -> i64 {
        a.saturating_mul(b)
    }
    fn decay(&self, state: i64, factor: i32) -> i64 {
        Self::decay(self, state, factor)
    }
    fn count(&self, u: i64, threshold: i64) -> i64 {
        // The verifier asks for a positive threshold of a neuron that counts.
        if u > 0 { u / threshold.max(1) } else { 0 }
    }
    fn abs(&self, a: i64) -> i64 {
        a.saturating_abs()
    }
    fn hold_v(&self, v: i64) -> i64 {
        Self::hold_v(self, v)
    }
    fn hold_i(&self, i: i64) -> i64 {
        Self::hold_i(self, i)
    }
    fn graded(&self, value: i64) -> i64 {
        Self::graded(self, value, false)
    }
    fn whole_units(&self, value: i64, unit: u32) -> i64 {
        // The verifier asks for a power of two.
        value.div_euclid(i64::from(unit.max(1)))
    }
}
