//! Names that nothing else in the model has.

use crate::onnx::proto::GraphProto;
use std::collections::{BTreeMap, BTreeSet};

/// Longest prefix that is taken from a name.
const LONGEST: usize = 128;

/// The names of a graph, and prefixes that no name begins with.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    taken: BTreeSet<String>,
    next: BTreeMap<String, usize>,
}

impl Prefixes {
    /// Of a graph with its subgraphs.
    pub(super) fn of(graph: &GraphProto) -> Self {
        let mut names = Self::default();
        let mut graphs = vec![graph];
        while let Some(graph) = graphs.pop() {
            names.register(graph.input.iter().map(|v| v.name.clone()));
            names.register(graph.output.iter().map(|v| v.name.clone()));
            names.register(graph.initializer.iter().map(|t| t.name.clone()));
            for node in &graph.node {
                names.register(node.output.iter().cloned());
                graphs.extend(node.attribute.iter().flat_map(|a| a.g.iter().chain(&a.graphs)));
            }
        }
        names
    }

    /// Keeps names from being given.
    pub(super) fn register(&mut self, names: impl IntoIterator<Item = String>) {
        self.taken.extend(names);
    }

    /// A prefix such that no name begins with it and `/`: the wanted one, or with `_2`, `_3`, ...
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let wanted = if wanted.len() > LONGEST { "call" } else { wanted };
        let mut number = self.next.get(wanted).copied().unwrap_or(1);
        loop {
            let prefix = if number == 1 { wanted.to_owned() } else { format!("{wanted}_{number}") };
            number += 1;
            let start = format!("{prefix}/");
            let first = self.taken.range::<String, _>(&start..).next();
            if !first.is_some_and(|name| name.starts_with(&start)) {
                self.next.insert(wanted.to_owned(), number);
                self.taken.insert(start);
                return prefix;
            }
        }
    }

    /// A name that nothing has: the wanted one, or with `_2`, `_3`, ...
    pub(super) fn value(&mut self, wanted: &str) -> String {
        let mut number = self.next.get(wanted).copied().unwrap_or(1);
        loop {
            let name = if number == 1 { wanted.to_owned() } else { format!("{wanted}_{number}") };
            number += 1;
            if self.taken.insert(name.clone()) {
                self.next.insert(wanted.to_owned(), number);
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_that_of_no_name() {
        let mut names = Prefixes::default();
        names.register(["a/x".to_owned(), "b".to_owned()]);
        assert_eq!(["a", "a", "b", "b"].map(|n| names.take(n)), ["a_2", "a_3", "b", "b_2"]);
    }
}
