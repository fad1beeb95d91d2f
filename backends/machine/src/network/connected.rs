//! Which weights are not zero.

use std::ops::Range;

/// A byte per weight, the fan-in elements of an output side by side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Connected {
    row: usize,
    set: Vec<u8>,
}

impl Connected {
    /// No weight of `outputs` outputs with `row` fan-in elements each.
    pub(super) fn none(outputs: usize, row: usize) -> Self {
        Self { row, set: vec![0; outputs * row] }
    }

    /// Marks a weight.
    pub(super) fn set(&mut self, position: usize) {
        self.set[position] = 1;
    }

    /// Adds for every fan-in element how many of these outputs have a weight for it that is not zero.
    pub(super) fn count(&self, outputs: &Range<usize>, counts: &mut [u32]) {
        if self.row == 0 {
            return;
        }
        for row in self.set[outputs.start * self.row..outputs.end * self.row].chunks_exact(self.row) {
            for (count, set) in counts.iter_mut().zip(row) {
                *count += u32::from(*set);
            }
        }
    }
}
