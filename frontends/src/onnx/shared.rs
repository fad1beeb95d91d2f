//! Which weights more than one connection reads.

use snnc_ir::graph::weights::WeightId;
use std::collections::BTreeMap;

/// An initialiser, and whether it was transposed.
pub(crate) type Key<'m> = (&'m str, bool);

/// Weights by where they came from, with the number of connections that read them.
#[derive(Debug, Default)]
pub(crate) struct Shared<'m> {
    ids: BTreeMap<Key<'m>, WeightId>,
    users: BTreeMap<WeightId, (usize, Option<Key<'m>>)>,
}

impl<'m> Shared<'m> {
    /// The weights that were made of an initialiser.
    pub(crate) fn find(&self, key: Option<Key<'m>>) -> Option<WeightId> {
        self.ids.get(&key?).copied()
    }

    /// One more connection reads the weights, which came from `key` unless they were changed on the way.
    pub(crate) fn add(&mut self, id: WeightId, key: Option<Key<'m>>) {
        if let Some(key) = key {
            self.ids.insert(key, id);
        }
        self.users.entry(id).or_insert((0, key)).0 += 1;
    }

    /// A connection is about to change its weights. True: nobody else reads them, and they may be changed
    /// in place. False: it must take a copy.
    pub(crate) fn leave(&mut self, id: WeightId) -> bool {
        let Some((users, key)) = self.users.get_mut(&id) else { return false };
        if *users > 1 {
            *users -= 1;
            return false;
        }
        if let Some(key) = key.take() {
            self.ids.remove(&key);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_reader_may_change_the_weights() {
        let mut shared = Shared::default();
        let (a, key) = (WeightId(0), Some(("w", true)));
        shared.add(a, key);
        shared.add(a, key);
        assert!(!shared.leave(a));
        assert_eq!(shared.find(key), Some(a));
        assert!(shared.leave(a));
        assert_eq!(shared.find(key), None);
        assert!(shared.leave(a));
    }
}
