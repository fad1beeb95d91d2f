//! The second reading of an event list: events counted by step and position.

use std::collections::VecDeque;

use snnc_ir::diag::{Code, Diagnostic};

use super::columns::EventColumns;
use super::extent::Extent;
use super::place::Placing;
use super::{Binning, Events};
use crate::sample::file::ArrayFile;
use crate::sample::piece::Entry;
use crate::sample::reader::Size;

/// Counts the events of one sample after the other.
#[derive(Debug)]
pub(in crate::sample) struct EventReader {
    columns: EventColumns,
    placing: Placing,
    binning: Binning,
    extents: Vec<Extent>,
    /// Events of the sample that were not yet read from the file.
    left: u64,
    /// Events of a sample that was sorted.
    sorted: VecDeque<(u64, u32)>,
    /// Events at each position in the step that is being counted.
    counts: Vec<u32>,
    touched: Vec<u32>,
    most: u32,
    told: bool,
    input: String,
    /// Events behind the last step, and the greatest step of any.
    late: u64,
    latest: u64,
    /// Events above the greatest count.
    above: u64,
}

impl EventReader {
    pub(super) fn open(events: &Events, file: &ArrayFile) -> Result<Self, Diagnostic> {
        Ok(Self {
            columns: events.columns.reader(file)?,
            placing: events.placing.clone(),
            binning: events.binning,
            extents: events.extents.clone(),
            left: 0,
            sorted: VecDeque::new(),
            counts: vec![0; events.placing.len()],
            touched: Vec::new(),
            most: events.most,
            told: events.told,
            input: events.input.clone(),
            late: 0,
            latest: 0,
            above: 0,
        })
    }

    /// The entries of a sample from a step on, and the number of steps that they are for.
    pub(in crate::sample) fn next(
        &mut self,
        sample: usize,
        first: usize,
        steps: usize,
        size: Size,
    ) -> Result<(Vec<Entry>, usize), Diagnostic> {
        let extent = self.extents[sample];
        if first == 0 {
            self.left = extent.events;
            self.sort(&extent)?;
        }
        // Without events, steps take what the user keeps for them.
        let end = first.saturating_add(size.steps(0)).min(steps);
        let mut entries = Vec::new();
        let mut step = first as u64;
        while let Some((next, position)) = self.peek(&extent)? {
            if next != step {
                self.flush(step, &mut entries);
                let bytes = (entries.len() * size_of::<Entry>()) as u64
                    + size.beside.saturating_mul(step + 1 - first as u64);
                if bytes >= size.piece && step + 1 < end as u64 {
                    return Ok((entries, step as usize + 1 - first));
                }
                step = next;
            }
            if next >= end as u64 {
                if end < steps {
                    return Ok((entries, end - first));
                }
                self.late += 1;
                self.latest = self.latest.max(next);
                self.advance();
                continue;
            }
            self.count(position);
            self.advance();
        }
        self.flush(step, &mut entries);
        Ok((entries, end - first))
    }

    /// Reads the events of a sample that has them in another order, and sorts them by step.
    fn sort(&mut self, extent: &Extent) -> Result<(), Diagnostic> {
        if extent.sorted {
            return Ok(());
        }
        let mut all = Vec::new();
        while let Some(next) = self.peek(extent)? {
            all.push(next);
            self.advance();
        }
        all.sort_unstable();
        self.sorted = all.into();
        Ok(())
    }

    /// Step and position of the next event of the sample.
    fn peek(&mut self, extent: &Extent) -> Result<Option<(u64, u32)>, Diagnostic> {
        if let Some(next) = self.sorted.front() {
            return Ok(Some(*next));
        }
        if self.left == 0 {
            return Ok(None);
        }
        let number = self.columns.number();
        let Some(event) = self.columns.peek()? else { return Ok(None) };
        let position = self.placing.position(&event, number)?;
        // A file that has changed since it was checked.
        let t = event.t.clamp(extent.first, extent.last);
        Ok(Some((self.binning.step(t, extent), position)))
    }

    fn advance(&mut self) {
        if self.sorted.pop_front().is_none() {
            self.columns.advance();
            self.left -= 1;
        }
    }

    fn count(&mut self, position: u32) {
        let count = &mut self.counts[position as usize];
        if *count == 0 {
            self.touched.push(position);
        }
        if *count < self.most {
            *count += 1;
        } else {
            self.above += u64::from(self.told);
        }
    }

    /// What was counted in a step.
    fn flush(&mut self, step: u64, entries: &mut Vec<Entry>) {
        self.touched.sort_unstable();
        for position in self.touched.drain(..) {
            let count = std::mem::take(&mut self.counts[position as usize]);
            entries.push(Entry { step: step as u32, position, count });
        }
    }

    /// What was left out so far.
    pub(in crate::sample) fn warnings(&self) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        let left_out = |what: String| Diagnostic::new(Code::EventsLeftOut, what);
        if self.late > 0 {
            out.push(
                left_out(format!("{} event(s) lie behind the last step and were left out", self.late))
                    .rule("steps", self.binning.steps, self.latest.saturating_add(1))
                    .remedy(format!(
                        "all events are in the steps of --steps {}, or of a longer step with --bin",
                        self.latest.saturating_add(1)
                    )),
            );
        }
        if self.above > 0 {
            out.push(
                left_out(format!("{} event(s) were above the greatest count and were left out", self.above))
                    .rule(format!("events in a step at a position of '{}'", self.input), self.most, "more")
                    .remedy("give a shorter step with --bin, or count several events as one with --binary"),
            );
        }
        out
    }
}
