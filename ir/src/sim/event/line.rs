//! What a delay holds.

use std::collections::VecDeque;

use super::super::arith::Element;
use super::value::Value;

/// The values of the last steps, the oldest first.
#[derive(Debug)]
pub(super) struct Line<E> {
    held: VecDeque<Held<E>>,
    /// Room for the next.
    spare: Held<E>,
}

/// A value: its events, or all its elements.
#[derive(Clone, Debug, Default)]
struct Held<E> {
    events: Vec<u32>,
    /// One per event, or all.
    values: Vec<E>,
    all: bool,
}

impl<E: Element> Line<E> {
    /// Holds zeros for so many steps.
    pub(super) fn new(steps: u32) -> Self {
        Self { held: vec![Held::default(); steps as usize].into(), spare: Held::default() }
    }

    /// Takes out the oldest value.
    pub(super) fn take(&mut self, out: &mut Value<E>) {
        let Some(held) = self.held.pop_front() else { return };
        if held.all {
            out.write().copy_from_slice(&held.values);
        } else {
            out.clear();
            for (p, v) in held.events.iter().zip(&held.values) {
                out.push(*p as usize, *v);
            }
        }
        self.spare = held;
    }

    /// Puts in the newest.
    pub(super) fn put(&mut self, value: &Value<E>) {
        let mut held = std::mem::take(&mut self.spare);
        held.events.clear();
        held.values.clear();
        let data = value.data();
        let few = value.events().filter(|events| events.len() < data.len() / 4);
        held.all = few.is_none();
        match few {
            Some(events) => {
                held.events.extend_from_slice(events);
                held.values.extend(events.iter().map(|p| data[*p as usize]));
            }
            None => held.values.extend_from_slice(data),
        }
        self.held.push_back(held);
    }
}
