//! The numbers that decide what a network looks like.

use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;

/// Numbers, each taken once, then zeros or the same again.
#[derive(Debug)]
pub(super) struct Choices {
    numbers: Vec<u32>,
    next: usize,
    repeat: bool,
}

impl Choices {
    pub(super) fn new(numbers: Vec<u32>) -> Self {
        Self { numbers, next: 0, repeat: false }
    }

    pub(super) fn repeating(numbers: Vec<u32>) -> Self {
        Self { numbers, next: 0, repeat: true }
    }

    fn take(&mut self) -> u32 {
        if self.repeat && self.next == self.numbers.len() {
            self.next = 0;
        }
        let number = self.numbers.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        number
    }

    /// Whether nothing is left to decide.
    pub(super) fn is_over(&self) -> bool {
        self.next >= self.numbers.len()
    }

    /// From 0 to below `n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.take() as usize % n.max(1)
    }

    /// From `lo` to `hi`, both included.
    pub(super) fn between(&mut self, lo: usize, hi: usize) -> usize {
        lo + self.below(hi.saturating_sub(lo) + 1)
    }

    /// From `lo` to `hi`, both included.
    pub(super) fn range(&mut self, lo: i32, hi: i32) -> i32 {
        let span = (i64::from(hi) - i64::from(lo) + 1).max(1);
        (i64::from(lo) + i64::from(self.take()) % span) as i32
    }

    /// Whether one of `n` cases holds; not, when the numbers have run out.
    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    pub(super) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// One of two cases.
    pub(super) fn maybe<T>(&mut self, n: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.one_in(n) { Some(make(self)) } else { None }
    }

    /// One value for the layer, or one per channel or neuron.
    pub(super) fn param<S>(&mut self, shape: Shape, mut one: impl FnMut(&mut Self) -> S) -> Param<S> {
        match self.below(6) {
            4 => Param::PerChannel((0..shape.c).map(|_| one(self)).collect()),
            5 => Param::PerNeuron((0..shape.len()).map(|_| one(self)).collect()),
            _ => Param::Scalar(one(self)),
        }
    }

    /// Numbers for a list of any length, which take up one choice.
    pub(super) fn fork(&mut self) -> Self {
        // A full-period generator (Numerical Recipes); only spread matters here.
        let mut state = self.take();
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        Self::repeating((0..61).map(|_| next()).collect())
    }
}
