//! Coefficients: one number, or one for each place of a tensor.

use super::super::elementwise::broadcast;
use std::rc::Rc;

/// A constant tensor in 64 bits; one element when it is the same everywhere.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Coef {
    pub dims: Vec<usize>,
    pub values: Rc<[f64]>,
}

/// How far two numbers that should be equal may be apart: constants were rounded to 32 bits on the way.
const CLOSE: f64 = 2e-6;

impl Coef {
    pub(in super::super) fn scalar(value: f64) -> Self {
        Self { dims: Vec::new(), values: [value].into() }
    }

    /// A tensor; `None` when the number of values is another one.
    pub(in super::super) fn new(dims: Vec<usize>, values: Vec<f64>) -> Option<Self> {
        if dims.iter().product::<usize>() != values.len() {
            return None;
        }
        let first = *values.first()?;
        if values.iter().all(|v| *v == first) {
            return Some(Self::scalar(first));
        }
        Some(Self { dims, values: values.into() })
    }

    /// The number, when it is the same everywhere.
    pub(in super::super) fn uniform(&self) -> Option<f64> {
        match self.values[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    /// Whether it is 1 everywhere, but for what a division leaves in 64 bits.
    pub(in super::super) fn is_one(&self) -> bool {
        self.all(|v| (v - 1.0).abs() < 1e-12)
    }

    pub(in super::super) fn is_zero(&self) -> bool {
        self.values.iter().all(|v| *v == 0.0)
    }

    pub(in super::super) fn all(&self, f: impl Fn(f64) -> bool) -> bool {
        self.values.iter().all(|v| f(*v))
    }

    pub(in super::super) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let values = self.values.iter().map(|v| f(*v)).collect();
        Self::new(self.dims.clone(), values).unwrap_or_else(|| self.clone())
    }

    /// An operation place by place; `None` where the shapes do not broadcast.
    pub(in super::super) fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Option<Self> {
        if let (Some(a), Some(b)) = (self.uniform(), other.uniform()) {
            return Some(Self::scalar(f(a, b)));
        }
        let dims = broadcast(&self.dims, &other.dims)?;
        let count: usize = dims.iter().product();
        let (a, b) = (self.reader(&dims), other.reader(&dims));
        let values = (0..count).map(|k| f(a(k), b(k))).collect();
        Self::new(dims.clone(), values)
    }

    /// The element at a flat position of a larger shape.
    fn reader<'a>(&'a self, dims: &'a [usize]) -> impl Fn(usize) -> f64 + 'a {
        move |flat| {
            let (mut rest, mut at, mut stride) = (flat, 0, 1);
            for (r, d) in dims.iter().rev().enumerate() {
                let own =
                    self.dims.len().checked_sub(r + 1).and_then(|k| self.dims.get(k)).copied().unwrap_or(1);
                if own > 1 {
                    at += rest % d * stride;
                }
                rest /= (*d).max(1);
                stride *= own;
            }
            self.values.get(at).copied().unwrap_or(0.0)
        }
    }

    pub(in super::super) fn times(&self, other: &Self) -> Option<Self> {
        self.zip(other, |a, b| a * b)
    }

    /// Whether two coefficients are equal but for rounding.
    pub(in super::super) fn is_close(&self, other: &Self) -> bool {
        self.zip(other, |a, b| f64::from(u8::from(near(a, b)))).is_some_and(|c| c.all(|v| v == 1.0))
    }

    /// Bytes that tell coefficients apart.
    pub(super) fn key(&self, out: &mut Vec<u8>) {
        out.extend(self.dims.iter().flat_map(|d| (*d as u64).to_le_bytes()));
        out.push(0xFE);
        out.extend(self.values.iter().flat_map(|v| v.to_bits().to_le_bytes()));
    }
}

/// Whether two numbers are equal but for rounding.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= CLOSE * a.abs().max(b.abs()) || (a - b).abs() < 1e-9
}
