//! The rewrite rules. `README.md` beside this file lists their laws.
//!
//! A rule is one file: an item with a name, a law and a function that gives what is equal to a term. It has a line
//! in the table of its phase here, and a property test that runs both sides in the interpreter (`tests.rs`).

pub mod mapping;
pub mod sides;
pub mod values;

#[cfg(test)]
mod tests;

use egg::{Applier, Id, Language, PatternAst, Rewrite, SearchMatches, Searcher, Subst, Symbol, Var};

use crate::analysis::Analysis;
use crate::language::{EGraph, Kind, Snn};

/// A rewrite rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its name, as explanations give it.
    pub name: &'static str,
    /// What is equal to what, on one line.
    pub law: &'static str,
    /// The kind of terms that it looks at.
    pub on: Kind,
    /// Terms that are equal to this one, added to the e-graph. It is called again whenever the e-graph has
    /// changed, so it must give the same for the same.
    pub rewrite: fn(&mut EGraph, &Snn) -> Vec<Id>,
    /// A network in textual form in which the rule finds something; its test runs it.
    pub example: &'static str,
}

/// The rules on values, in their order.
pub const VALUES: &[Rule] = values::ALL;

/// The rule that takes the place of structure where there is none.
pub const EVALUATION: &[Rule] = &[values::EVALUATE];

/// The law of a rule, by its name; of the rules on mapped terms too.
pub fn law(name: &str) -> Option<&'static str> {
    let values = VALUES.iter().chain(EVALUATION).map(|r| (r.name, r.law));
    let exact = values.chain(mapping::LAWS.iter().copied()).find(|(n, _)| *n == name);
    // The rules of encodings have one law.
    let family = || {
        mapping::LAWS.iter().copied().find(|(n, _)| name.strip_prefix(n).is_some_and(|r| r.starts_with('-')))
    };
    exact.or_else(family).map(|(_, law)| law)
}

impl Rule {
    /// The rule for egg.
    ///
    /// # Panics
    /// Never: egg refuses a rule only whose right side has variables that the left side has not, and there are none.
    pub fn for_egg(self) -> Rewrite<Snn, Analysis> {
        rewrite(self.name, self.on, move |egraph, term| (self.rewrite)(egraph, term))
    }
}

/// A rule for egg that gives, for each term of a kind, terms that are equal to it.
pub(crate) fn rewrite(
    name: &'static str,
    on: Kind,
    rewrite: impl Fn(&mut EGraph, &Snn) -> Vec<Id> + Send + Sync + 'static,
) -> Rewrite<Snn, Analysis> {
    match Rewrite::new(name, EachOf(on), Equal { on, rewrite }) {
        Ok(rule) => rule,
        Err(problem) => unreachable!("a rule without variables was refused: {problem}"),
    }
}

/// Finds the classes with a term of a kind.
struct EachOf(Kind);

impl Searcher<Snn, Analysis> for EachOf {
    fn search_eclass_with_limit(
        &self,
        egraph: &EGraph,
        class: Id,
        _limit: usize,
    ) -> Option<SearchMatches<'_, Snn>> {
        let found = egraph[class].nodes.iter().any(|term| term.discriminant() == self.0);
        found.then(|| SearchMatches { eclass: class, substs: vec![Subst::default()], ast: None })
    }

    fn search_with_limit(&self, egraph: &EGraph, limit: usize) -> Vec<SearchMatches<'_, Snn>> {
        let Some(classes) = egraph.classes_for_op(&self.0) else { return Vec::new() };
        // The order of that set is the order of insertion or of ids, by egg's choice: sorted, it is the same always.
        let mut classes: Vec<Id> = classes.collect();
        classes.sort_unstable();
        classes.iter().filter_map(|class| self.search_eclass_with_limit(egraph, *class, limit)).collect()
    }

    fn vars(&self) -> Vec<Var> {
        Vec::new()
    }
}

/// Joins what a function gives for the terms of a class with that class.
struct Equal<F> {
    on: Kind,
    rewrite: F,
}

impl<F: Fn(&mut EGraph, &Snn) -> Vec<Id>> Applier<Snn, Analysis> for Equal<F> {
    fn apply_one(
        &self,
        egraph: &mut EGraph,
        class: Id,
        _subst: &Subst,
        _ast: Option<&PatternAst<Snn>>,
        rule: Symbol,
    ) -> Vec<Id> {
        let terms: Vec<Snn> =
            egraph[class].nodes.iter().filter(|term| term.discriminant() == self.on).cloned().collect();
        let mut changed = Vec::new();
        for term in terms {
            let equal = (self.rewrite)(egraph, &term);
            let own = egraph.add_uncanonical(term);
            for id in equal {
                if egraph.union_trusted(own, id, rule) {
                    changed.push(id);
                }
            }
        }
        changed
    }
}
