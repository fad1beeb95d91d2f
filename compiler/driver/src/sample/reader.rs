//! Samples one after the other, in pieces of bounded size.

use std::sync::Arc;

use snnc_ir::diag::Diagnostic;

use super::event::EventReader;
use super::file::ArrayReader;
use super::options::Encode;
use super::piece::{Data, Piece, Plan};
use super::source::{SampleFile, Source, is_still};

/// Bytes of a piece and of a batch of pieces.
const BATCH: u64 = 1 << 26;
/// Bytes of a batch that has a sample for every thread.
const WIDE_BATCH: u64 = 1 << 28;

/// How much is read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Most bytes of a piece; one step may have more.
    pub piece: u64,
    /// Bytes after which a batch is full.
    pub batch: u64,
    /// Bytes that the reader's user keeps for each step; they count as those of the file do.
    pub beside: u64,
}

impl Size {
    /// Sizes for a number of threads, of a user who keeps so many bytes for each step of a source.
    pub fn new(source: &dyn Source, threads: usize, beside: u64) -> Self {
        let step = source.step_bytes().saturating_add(beside);
        let sample = (source.steps() as u64).saturating_mul(step);
        let wide = sample.saturating_mul(threads as u64).min(WIDE_BATCH);
        Self { piece: BATCH, batch: BATCH.max(wide), beside }
    }

    /// No bounds: a piece is a sample.
    pub(super) fn whole() -> Self {
        Self { piece: u64::MAX, batch: u64::MAX, beside: 0 }
    }

    /// Steps of a piece when each has so many bytes in the file.
    pub(super) fn steps(self, bytes: u64) -> usize {
        let each = bytes.saturating_add(self.beside).max(1);
        usize::try_from(self.piece / each).unwrap_or(usize::MAX).max(1)
    }
}

/// Reads the samples of a source in order.
#[derive(Debug)]
pub struct Pieces<'s> {
    kind: Kind<'s>,
    /// The first sample that is not yet read to its end, and how far it is.
    sample: usize,
    step: usize,
    count: usize,
    steps: usize,
}

#[derive(Debug)]
enum Kind<'s> {
    Memory(&'s [Piece]),
    Frames { plan: Arc<Plan>, readers: Vec<ArrayReader>, last: Vec<Vec<u8>> },
    Images { plan: Arc<Plan>, readers: Vec<ArrayReader>, now: Arc<Data> },
    Events { plan: Arc<Plan>, reader: Box<EventReader> },
}

impl<'s> Pieces<'s> {
    pub(super) fn of_memory(pieces: &'s [Piece]) -> Self {
        Self { kind: Kind::Memory(pieces), sample: 0, step: 0, count: pieces.len(), steps: 0 }
    }

    pub(super) fn of_file(source: &'s SampleFile) -> Result<Self, Diagnostic> {
        let plan = source.plan.clone();
        let kind = if let Some(events) = &source.events {
            Kind::Events { plan, reader: Box::new(events.reader(&source.file)?) }
        } else {
            let readers: Result<Vec<_>, _> =
                plan.channels.iter().map(|c| source.file.reader(c.array)).collect();
            let readers = readers?;
            if is_still(plan.encode) {
                Kind::Images { plan, readers, now: Arc::new(Data::Image(Vec::new())) }
            } else {
                Kind::Frames { plan, readers, last: Vec::new() }
            }
        };
        Ok(Self { kind, sample: 0, step: 0, count: source.count(), steps: source.steps() })
    }

    /// The next piece; `None` after the last.
    ///
    /// # Errors
    /// When the file cannot be read further.
    pub fn next(&mut self, size: Size) -> Result<Option<Piece>, Diagnostic> {
        if self.sample >= self.count {
            return Ok(None);
        }
        let (sample, first) = (self.sample, self.step);
        let left = self.steps - first;
        let (plan, data, steps) = match &mut self.kind {
            Kind::Memory(pieces) => {
                self.sample += 1;
                return Ok(pieces.get(sample).cloned());
            }
            Kind::Frames { plan, readers, last } => {
                let bytes = plan.channels.iter().map(|c| c.frame as u64).sum();
                let steps = size.steps(bytes).min(left);
                let frames = frames(plan, readers, last, first, steps)?;
                (plan.clone(), Arc::new(Data::Frames(frames)), steps)
            }
            Kind::Images { plan, readers, now } => {
                if first == 0 {
                    let read = |(r, c): (&mut ArrayReader, &super::layout::Channel)| r.read(c.frame as u64);
                    let images: Result<_, _> = readers.iter_mut().zip(&plan.channels).map(read).collect();
                    *now = Arc::new(Data::Image(images?));
                }
                (plan.clone(), now.clone(), size.steps(0).min(left))
            }
            Kind::Events { plan, reader } => {
                let (entries, steps) = reader.next(sample, first, self.steps, size)?;
                (plan.clone(), Arc::new(Data::Events(entries)), steps)
            }
        };
        let last = steps == left;
        (self.sample, self.step) = if last { (sample + 1, 0) } else { (sample, first + steps) };
        Ok(Some(Piece { sample, first, steps, last, plan, data }))
    }

    /// Pieces to run side by side: whole samples, but for the first, which may go on with a sample, and
    /// the last, which may be cut. Empty after the last sample.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn batch(&mut self, size: Size) -> Result<Vec<Piece>, Diagnostic> {
        let (mut out, mut bytes): (Vec<Piece>, u64) = (Vec::new(), 0);
        while bytes < size.batch && out.last().is_none_or(|p| p.last) {
            let Some(piece) = self.next(size)? else { break };
            // Each piece has a price beside its bytes.
            bytes =
                bytes.saturating_add(piece.bytes() + 256 + size.beside.saturating_mul(piece.steps as u64));
            out.push(piece);
        }
        Ok(out)
    }

    /// What was left out of the samples read so far.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        match &self.kind {
            Kind::Events { reader, .. } => reader.warnings(),
            _ => Vec::new(),
        }
    }
}

/// The frames of some steps for each input, with the one before them where differences are wanted.
fn frames(
    plan: &Plan,
    readers: &mut [ArrayReader],
    last: &mut Vec<Vec<u8>>,
    first: usize,
    steps: usize,
) -> Result<Vec<Vec<u8>>, Diagnostic> {
    let differences = matches!(plan.encode, Some(Encode::Delta { .. }));
    if first == 0 {
        // Before its first step a sample is zero.
        *last = plan.channels.iter().map(|c| vec![0; if differences { c.frame } else { 0 }]).collect();
    }
    let mut out = Vec::with_capacity(readers.len());
    for ((reader, channel), last) in readers.iter_mut().zip(&plan.channels).zip(last) {
        let now = reader.read(channel.frame as u64 * steps as u64)?;
        if !differences {
            out.push(now);
            continue;
        }
        let mut frames = std::mem::take(last);
        frames.extend(now);
        *last = frames[frames.len() - channel.frame..].to_vec();
        out.push(frames);
    }
    Ok(out)
}
