//! Names of layers, unique in the network.

use std::collections::{BTreeMap, BTreeSet};

/// The names given so far.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
    next: BTreeMap<String, usize>,
}

impl Names {
    /// Keeps a name for later.
    pub(crate) fn reserve(&mut self, name: &str) {
        self.taken.insert(name.to_owned());
    }

    /// The wanted name, or with `_2`, `_3`, ... when it is taken.
    pub(crate) fn unique(&mut self, wanted: &str) -> String {
        let wanted = if wanted.is_empty() { "layer" } else { wanted };
        if self.taken.insert(wanted.to_owned()) {
            return wanted.to_owned();
        }
        let next = self.next.entry(wanted.to_owned()).or_insert(2);
        loop {
            let name = format!("{wanted}_{next}");
            *next += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_number() {
        let mut names = Names::default();
        names.reserve("conv_2");
        assert_eq!(["conv", "conv", "conv"].map(|n| names.unique(n)), ["conv", "conv_3", "conv_4"]);
    }
}
