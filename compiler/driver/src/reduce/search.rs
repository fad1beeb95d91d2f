//! Delta debugging: moves that make a failing case smaller, tried until none succeeds any more.

use std::collections::BTreeSet;

/// What is made smaller.
pub trait Subject: Clone {
    /// What a move must lower, whatever else it changes; the search ends because it cannot fall for ever.
    type Measure: Ord + Clone;

    /// How large it is.
    fn measure(&self) -> Self::Measure;

    /// A digest of its content: two with the same digest are not tried twice.
    fn digest(&self) -> [u8; 32];
}

/// A change, of which the result need not be smaller nor even sound; `None` where it does not apply.
pub type Move<S> = Box<dyn Fn(&S) -> Option<S>>;

/// Moves of one kind.
pub struct Kind<S> {
    /// A word for progress.
    pub name: &'static str,
    /// Every move of the kind on a subject, the boldest first.
    pub moves: fn(&S) -> Vec<Move<S>>,
}

/// Says what fails.
pub trait Judge<S> {
    /// Whether a candidate fails as the start does.
    fn fails(&mut self, candidate: &S) -> bool;

    /// A candidate was tested; `current` is the smallest that fails so far.
    fn tried(&mut self, _tries: u64, _kind: &'static str, _current: &S) {}
}

impl<S, F: FnMut(&S) -> bool> Judge<S> for F {
    fn fails(&mut self, candidate: &S) -> bool {
        self(candidate)
    }
}

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Reduced<S> {
    /// The smallest found.
    pub subject: S,
    /// Candidates that were tested.
    pub tries: u64,
    /// Whether no single move makes it smaller; otherwise the search ran out of tries.
    pub minimal: bool,
}

/// Makes `start` smaller for as long as `judge` says that the result fails as `start` does.
///
/// Kind after kind is swept, and all again until a sweep of all finds nothing. Deterministic when
/// `judge` is. At most `limit` candidates are tested.
pub fn reduce<S: Subject>(start: S, kinds: &[Kind<S>], limit: u64, judge: &mut dyn Judge<S>) -> Reduced<S> {
    let measure = start.measure();
    let mut search = Search { measure, current: start, seen: BTreeSet::new(), tries: 0, limit, judge };
    search.seen.insert(search.current.digest());
    loop {
        let mut found = false;
        for kind in kinds {
            match search.sweep(kind) {
                Sweep::Found => found = true,
                Sweep::Nothing => {}
                Sweep::Exhausted => return search.end(false),
            }
        }
        if !found {
            return search.end(true);
        }
    }
}

enum Sweep {
    Found,
    Nothing,
    Exhausted,
}

struct Search<'a, S: Subject> {
    current: S,
    measure: S::Measure,
    /// Digests of candidates that were tested.
    seen: BTreeSet<[u8; 32]>,
    tries: u64,
    limit: u64,
    judge: &'a mut dyn Judge<S>,
}

impl<S: Subject> Search<'_, S> {
    /// Tries the moves of a kind one after the other, going on at the same place after a success.
    fn sweep(&mut self, kind: &Kind<S>) -> Sweep {
        let mut moves = (kind.moves)(&self.current);
        let mut at = 0;
        let mut found = false;
        while let Some(change) = moves.get(at) {
            at += 1;
            let Some(candidate) = change(&self.current) else { continue };
            let measure = candidate.measure();
            if measure >= self.measure || !self.seen.insert(candidate.digest()) {
                continue;
            }
            if self.tries == self.limit {
                return Sweep::Exhausted;
            }
            self.tries += 1;
            if self.judge.fails(&candidate) {
                (self.current, self.measure) = (candidate, measure);
                moves = (kind.moves)(&self.current);
                at -= 1;
                found = true;
            }
            self.judge.tried(self.tries, kind.name, &self.current);
        }
        if found { Sweep::Found } else { Sweep::Nothing }
    }

    fn end(self, minimal: bool) -> Reduced<S> {
        Reduced { subject: self.current, tries: self.tries, minimal }
    }
}

/// Sizes to try for one of `size`, at least 1: far below first, then nearer and nearer.
pub(super) fn smaller(size: usize) -> Vec<usize> {
    let mut out = Vec::new();
    if size > 1 {
        out.push(1);
    }
    let mut step = size / 2;
    while step > 0 {
        if size - step > 1 {
            out.push(size - step);
        }
        step /= 2;
    }
    out
}

/// Ranges of a list to try to leave out: the whole, halves, quarters, and so on down to single items.
pub(super) fn chunks(len: usize) -> Vec<std::ops::Range<usize>> {
    let mut out = Vec::new();
    let mut size = len;
    while size > 0 {
        out.extend((0..len.div_ceil(size)).map(|k| k * size..((k + 1) * size).min(len)));
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_nearer_to_the_whole() {
        assert_eq!(smaller(1), [0usize; 0]);
        assert_eq!(smaller(2), [1]);
        assert_eq!(smaller(3), [1, 2]);
        assert_eq!(smaller(16), [1, 8, 12, 14, 15]);
    }

    #[test]
    fn chunks_end_with_single_items() {
        assert!(chunks(0).is_empty());
        assert_eq!(chunks(3), [0..3, 0..2, 2..3, 0..1, 1..2, 2..3]);
    }

    impl Subject for Vec<u32> {
        type Measure = usize;

        fn measure(&self) -> usize {
            self.len()
        }

        fn digest(&self) -> [u8; 32] {
            *blake3::hash(&self.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()).as_bytes()
        }
    }

    const DROP: Kind<Vec<u32>> = Kind {
        name: "drop",
        moves: |list| {
            let without = |r: std::ops::Range<usize>| -> Move<Vec<u32>> {
                Box::new(move |list| {
                    let mut list = list.clone();
                    list.drain(r.clone());
                    Some(list)
                })
            };
            chunks(list.len()).into_iter().map(without).collect()
        },
    };

    #[test]
    fn finds_the_two_items_that_fail_together() {
        let start: Vec<u32> = (0..1000).collect();
        let mut fails = |list: &Vec<u32>| list.contains(&17) && list.contains(&803);
        let done = reduce(start, &[DROP], 1000, &mut fails);
        assert_eq!(done.subject, [17, 803]);
        assert!(done.minimal && done.tries < 200, "{}", done.tries);
    }

    #[test]
    fn ends_when_the_tries_are_used_up() {
        let start: Vec<u32> = (0..1000).collect();
        let done = reduce(start, &[DROP], 10, &mut |list: &Vec<u32>| list.contains(&17));
        assert!(!done.minimal && done.tries == 10 && done.subject.contains(&17));
    }
}
