//! The first reading of an event list: every event checked, and where each sample begins and ends.

use snnc_ir::diag::Diagnostic;

use super::bad;
use super::columns::{Columns, EventColumns};
use super::place::Placing;
use crate::sample::array;
use crate::sample::file::ArrayFile;
use crate::sample::source::MAX_SAMPLES;

/// Most events of a sample that are sorted in memory.
pub(super) const MAX_SORTED: u64 = 1 << 24;

/// The events of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) events: u64,
    /// Least and greatest time.
    pub(super) first: i64,
    pub(super) last: i64,
    /// Whether no event is earlier than the one before.
    pub(super) sorted: bool,
}

impl Default for Extent {
    fn default() -> Self {
        Self { events: 0, first: 0, last: 0, sorted: true }
    }
}

impl Extent {
    /// Ticks from the first event to the last, both included.
    pub(super) fn ticks(&self) -> u128 {
        (i128::from(self.last) - i128::from(self.first)) as u128 + 1
    }

    fn add(&mut self, t: i64, before: i64) {
        if self.events == 0 {
            (self.first, self.last) = (t, t);
        } else {
            self.sorted &= t >= before;
            (self.first, self.last) = (self.first.min(t), self.last.max(t));
        }
        self.events += 1;
    }
}

/// Checks the events of a list, or those of its first samples, and finds the extent of each sample.
pub(super) fn scan(
    file: &ArrayFile,
    columns: &Columns,
    placing: &Placing,
    limit: Option<usize>,
) -> Result<Vec<Extent>, Diagnostic> {
    let mut events = columns.reader(file)?;
    let bounds = bounds(file, columns)?;
    let mut out = Vec::new();
    if columns.has("sample") && bounds.is_none() {
        by_column(&mut events, placing, limit, &mut out)?;
    } else {
        let bounds = bounds.unwrap_or_else(|| vec![0, columns.count]);
        for pair in bounds.windows(2).take(limit.unwrap_or(usize::MAX)) {
            let mut extent = Extent::default();
            let mut before = 0;
            for number in pair[0]..pair[1] {
                let Some(event) = events.peek()? else { break };
                placing.position(&event, number)?;
                extent.add(event.t, before);
                before = event.t;
                events.advance();
            }
            out.push(extent);
        }
    }
    let large = out.iter().position(|e| !e.sorted && e.events > MAX_SORTED);
    large.map_or(Ok(out.clone()), |k| {
        Err(bad(format!("the events of sample {k} are not in order of time, and too many to be sorted here"))
            .rule("events of a sample that is not sorted", MAX_SORTED, out[k].events)
            .remedy("sort the events of each sample by t before saving them"))
    })
}

/// Samples by the column that numbers them.
fn by_column(
    events: &mut EventColumns,
    placing: &Placing,
    limit: Option<usize>,
    out: &mut Vec<Extent>,
) -> Result<(), Diagnostic> {
    let most = limit.unwrap_or(MAX_SAMPLES).min(MAX_SAMPLES);
    let mut before = 0;
    while let Some(event) = events.peek()? {
        let number = events.number();
        let last = out.len().saturating_sub(1) as i64;
        let Some(sample) = usize::try_from(event.sample).ok().filter(|_| event.sample >= last) else {
            return Err(bad("the samples of the events are not in order")
                .rule("sample", format!("{last} or more"), format!("{} in event {number}", event.sample))
                .remedy("sort the events by sample, from 0 on, before saving them"));
        };
        if sample >= most {
            if limit.is_some_and(|l| sample >= l) {
                break;
            }
            return Err(bad("the event list has too many samples")
                .rule("samples", MAX_SAMPLES, event.sample)
                .remedy("number the samples 0, 1, 2, …; save them in several files when there are more"));
        }
        if sample >= out.len() {
            out.resize(sample + 1, Extent::default());
        }
        placing.position(&event, number)?;
        out[sample].add(event.t, before);
        before = event.t;
        events.advance();
    }
    Ok(())
}

/// Where each sample begins, and the end, from an array `offsets`.
fn bounds(file: &ArrayFile, columns: &Columns) -> Result<Option<Vec<u64>>, Diagnostic> {
    let Some(at) = file.find("offsets") else { return Ok(None) };
    let wrong = |limit: String, found: String| {
        bad("'offsets' does not divide the events into samples")
            .rule("offsets", limit, found)
            .remedy("save N + 1 integers for N samples: 0, the end of each sample, the last of them the number of events")
    };
    let count: usize = file.arrays[at].header.shape.iter().product();
    if file.arrays[at].header.shape.len() != 1 || !(2..=MAX_SAMPLES + 1).contains(&count) {
        return Err(wrong(format!("one axis of 2 to {}", MAX_SAMPLES + 1), format!("{count} elements")));
    }
    let mut left = array::MAX_HELD;
    let offsets = array::read(file, at, &mut left)?.integers();
    let ends = (offsets[0], offsets[count - 1]);
    if ends.0 != 0 || u64::try_from(ends.1) != Ok(columns.count) {
        return Err(wrong(format!("from 0 to {}", columns.count), format!("from {} to {}", ends.0, ends.1)));
    }
    if let Some(k) = offsets.windows(2).position(|p| p[1] < p[0]) {
        return Err(wrong(
            "no smaller than the one before".into(),
            format!("{} after {}", offsets[k + 1], offsets[k]),
        ));
    }
    Ok(Some(offsets.into_iter().map(|o| o as u64).collect()))
}
