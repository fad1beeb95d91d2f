//! What a node gives out: all elements, and where those are that are not zero.

use super::super::arith::Element;

/// How many elements are looked at together for events.
const CHUNK: usize = 32;

/// The elements of a node in the order inside, zeros before the first step.
#[derive(Clone, Debug)]
pub(super) struct Value<E> {
    data: Vec<E>,
    /// Ascending positions of the elements that are not zero; of no meaning unless `listed`.
    events: Vec<u32>,
    listed: bool,
}

impl<E: Element> Value<E> {
    pub(super) fn new(len: usize) -> Self {
        Self { data: vec![E::default(); len], events: Vec::new(), listed: true }
    }

    pub(super) fn data(&self) -> &[E] {
        &self.data
    }

    /// Ascending positions of the elements that are not zero, if they have been listed.
    pub(super) fn events(&self) -> Option<&[u32]> {
        self.listed.then_some(&self.events)
    }

    /// Number of elements that are not zero.
    pub(super) fn count(&self) -> u64 {
        match self.events() {
            Some(events) => events.len() as u64,
            None => self.data.iter().filter(|v| **v != E::default()).count() as u64,
        }
    }

    /// Visits the positions of the elements that are not zero.
    pub(super) fn each_event(&self, mut visit: impl FnMut(usize)) {
        match self.events() {
            Some(events) => events.iter().for_each(|p| visit(*p as usize)),
            None => {
                for (p, _) in self.data.iter().enumerate().filter(|(_, v)| **v != E::default()) {
                    visit(p);
                }
            }
        }
    }

    /// All elements, to be written; the events are not listed then.
    pub(super) fn write(&mut self) -> &mut [E] {
        self.listed = false;
        &mut self.data
    }

    /// All elements become zero.
    pub(super) fn clear(&mut self) {
        if self.listed && self.events.len() < self.data.len() / 8 {
            for p in &self.events {
                self.data[*p as usize] = E::default();
            }
        } else {
            self.data.fill(E::default());
        }
        self.events.clear();
        self.listed = true;
    }

    /// Sets the element at `p`, which is zero and lies behind all events.
    pub(super) fn push(&mut self, p: usize, value: E) {
        if value != E::default() {
            self.data[p] = value;
            self.events.push(p as u32);
        }
    }

    /// Sets the elements from `at` on, which are zero and lie behind all events.
    #[inline(always)]
    pub(super) fn extend(&mut self, at: usize, block: &[E]) {
        for (k, chunk) in block.chunks(CHUNK).enumerate() {
            let from = at + k * CHUNK;
            if list(&mut self.events, from, chunk) {
                self.data[from..from + chunk.len()].copy_from_slice(chunk);
            }
        }
    }

    /// Lists the events if they are not yet listed.
    #[inline(always)]
    pub(super) fn index(&mut self) {
        if !self.listed {
            self.events.clear();
            for (k, chunk) in self.data.chunks(CHUNK).enumerate() {
                list(&mut self.events, k * CHUNK, chunk);
            }
            self.listed = true;
        }
    }
}

/// Appends the positions of what is not zero; tells whether there is any.
#[inline(always)]
fn list<E: Element>(events: &mut Vec<u32>, from: usize, chunk: &[E]) -> bool {
    let any = chunk.iter().fold(false, |any, v| any | (*v != E::default()));
    if any {
        // Without a branch on each element: half of them would be guessed wrong.
        let mut found = [0u32; CHUNK];
        let mut n = 0;
        for (k, v) in chunk.iter().enumerate() {
            found[n % CHUNK] = (from + k) as u32;
            n += usize::from(*v != E::default());
        }
        events.extend_from_slice(&found[..n]);
    }
    any
}
