//! Which rules led from a layer of the graph to what is on the cores.
//!
//! egg keeps, for every union, the rule that made it; a path through them is a proof that two terms are equal. The chain
//! of a layer is such a path from the layer as it came in to the population in its form, encoding and tile, without what
//! happened to the populations that it reads: those have chains of their own.

use std::collections::BTreeSet;
use std::rc::Rc;

use egg::TreeTerm;

use crate::extract::{Candidate, held_key, held_terms};
use crate::language::Snn;
use crate::space::Space;

/// Longest chain that is given.
const MAX_CHAIN: usize = 64;

/// The names of the rules that lead from a layer to a candidate of it, in order; a rule that was applied several times in
/// a row is named once.
pub fn chain(space: &mut Space, layer: usize, candidate: &Candidate) -> Vec<String> {
    let Some(term) = held_terms(space, layer).remove(&held_key(space, layer, candidate)) else {
        return Vec::new();
    };
    let from = match space.populations[layer].node {
        Some(node) => space.terms[node.index()],
        // Of a population that a rule has made the chain starts where it was made.
        None => {
            let class = &space.egraph[space.populations[layer].class];
            let Some(first) = class.nodes.iter().find(|t| matches!(t, Snn::Neuron(..))).cloned() else {
                return Vec::new();
            };
            space.egraph.add_uncanonical(first)
        }
    };
    let to = space.egraph.add_uncanonical(term);
    let mut out = Vec::new();
    if space.populations[layer].node.is_none() {
        out.push("dead-channels".to_owned());
    }
    let proof = space.egraph.explain_id_equivalence(from, to);
    collect(&proof.explanation_trees, &mut BTreeSet::new(), &mut out);
    out.dedup();
    out.truncate(MAX_CHAIN);
    out
}

/// The rules of a proof and of the proofs about its parts, in order.
fn collect(proof: &[Rc<TreeTerm<Snn>>], seen: &mut BTreeSet<*const TreeTerm<Snn>>, out: &mut Vec<String>) {
    for term in proof {
        if out.len() > MAX_CHAIN || !seen.insert(Rc::as_ptr(term)) {
            continue;
        }
        out.extend(term.forward_rule.or(term.backward_rule).map(|rule| rule.as_str().to_owned()));
        for part in &term.child_proofs {
            let population = part.first().is_some_and(|t| {
                matches!(t.node, Snn::Neuron(..) | Snn::Input(_) | Snn::Loop(_) | Snn::Pop(..))
            });
            if !population {
                collect(part, seen, out);
            }
        }
    }
}
