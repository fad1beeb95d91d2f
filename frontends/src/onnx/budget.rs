//! How much of a model is read at most, so that a small hostile file cannot ask for much.

use super::refusal::{Refusal, refuse_with};
use snnc_ir::diag::Code;

/// Greatest number of nodes of a graph.
pub(crate) const MAX_NODES: usize = 100_000;

/// Greatest number of elements of all constants that are decoded, folded or spread out together.
pub(crate) const MAX_ELEMENTS: usize = 1 << 27;

/// What is left of the budget.
#[derive(Debug)]
pub(crate) struct Budget {
    elements: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { elements: MAX_ELEMENTS }
    }
}

impl Budget {
    /// Takes `count` elements.
    pub(crate) fn take(&mut self, count: usize) -> Result<(), Refusal> {
        match self.elements.checked_sub(count) {
            Some(rest) => {
                self.elements = rest;
                Ok(())
            }
            None => Err(too_much("elements of constants", MAX_ELEMENTS, count)),
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
