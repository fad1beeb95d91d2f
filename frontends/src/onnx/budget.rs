//! How much of a model is read at most, so that a small hostile file cannot ask for much.

use super::refusal::{Refusal, refuse_with};
use snnc_ir::diag::Code;

/// Greatest number of nodes of a graph.
pub(crate) const MAX_NODES: usize = 100_000;

/// Number of elements of all constants together that are decoded, folded or spread out, whatever the size
/// of the files.
pub(crate) const MAX_ELEMENTS: usize = 1 << 27;

/// How many elements more there are for every byte of the files: one of 8 bits is decoded, dequantised and
/// brought into another order.
const PER_BYTE: u64 = 4;

/// How many bytes of the files count.
const MAX_BYTES: u64 = 1 << 32;

/// What is left of the budget.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    elements: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Budget {
    /// The budget of a model whose files have so many bytes together: what a model may ask for grows with
    /// what it brings.
    pub(crate) fn new(bytes: u64) -> Self {
        let more = usize::try_from(bytes.min(MAX_BYTES) * PER_BYTE).unwrap_or(usize::MAX);
        let limit = MAX_ELEMENTS.saturating_add(more);
        Self { limit, elements: limit }
    }

    /// Takes `count` elements.
    pub(crate) fn take(&mut self, count: usize) -> Result<(), Refusal> {
        match self.elements.checked_sub(count) {
            Some(rest) => {
                self.elements = rest;
                Ok(())
            }
            None => {
                let found = (self.limit - self.elements).saturating_add(count);
                Err(too_much("elements of constants", self.limit, found))
            }
        }
    }

    /// Checks the number of nodes.
    pub(crate) fn nodes(count: usize) -> Result<(), Refusal> {
        if count > MAX_NODES { Err(too_much("nodes", MAX_NODES, count)) } else { Ok(()) }
    }
}

fn too_much(what: &str, limit: usize, found: usize) -> Refusal {
    let message = format!("the model needs more {what} than allowed");
    let mut refusal = refuse_with(Code::BudgetExceeded, message, "split the model or make it smaller");
    *refusal = refusal.clone().rule(what, limit, found);
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_grows_with_the_files() {
        let mut small = Budget::new(100);
        assert!(small.take(MAX_ELEMENTS + 400).is_ok());
        let refusal = small.take(1).unwrap_err();
        assert_eq!(refusal.code, Code::BudgetExceeded);
        let found = refusal.rule.map(|r| (r.limit, r.found));
        assert_eq!(found, Some(("134218128".to_owned(), "134218129".to_owned())));
        assert!(small.take(usize::MAX).is_err());
        assert_eq!(Budget::new(u64::MAX).elements, Budget::new(MAX_BYTES).elements);
    }
}
