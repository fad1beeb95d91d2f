//! Files of samples, and samples in memory.

use std::path::Path;
use std::sync::Arc;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::Graph;
use snnc_ir::sim::Values;

use super::array::{self, MAX_HELD};
use super::bad;
use super::event::Events;
use super::file::ArrayFile;
use super::layout::{self, Layout};
use super::options::{Encode, Options};
use super::piece::{Piece, Plan};
use super::reader::{Pieces, Size};

/// Most samples and most labels of a file.
pub(super) const MAX_SAMPLES: usize = 1 << 24;
/// Most steps that a file makes of images or events.
pub(super) const MAX_STEPS: usize = 1_000_000;

/// Samples that can be read from their beginning.
pub trait Source: Sync {
    /// Number of samples.
    fn count(&self) -> usize;
    /// Steps per sample.
    fn steps(&self) -> usize;
    /// Labels, one per sample, where there are any.
    fn labels(&self) -> Option<&[i64]>;
    /// Reads the samples in order.
    ///
    /// # Errors
    /// When a file cannot be read any more.
    fn pieces(&self) -> Result<Pieces<'_>, Diagnostic>;
    /// Bytes of a step in the file, where every step has as many.
    fn step_bytes(&self) -> u64 {
        0
    }
}

/// A file of samples that was opened for a network; they are read piece by piece.
#[derive(Debug)]
pub struct SampleFile {
    pub(super) file: ArrayFile,
    pub(super) plan: Arc<Plan>,
    /// The event list, when the file is one.
    pub(super) events: Option<Events>,
    count: usize,
    steps: usize,
    labels: Option<Vec<i64>>,
}

impl SampleFile {
    /// Opens a file: reads headers, labels and, of an event list, the extent of every sample.
    ///
    /// An input takes the array of its name; a network with one input takes the only array that is no
    /// label, or `x`. Without an encoding shapes are `[N, T, …]` or `[T, …]` with the input's shape
    /// behind; with [`Encode::Rate`] or [`Encode::Direct`] they are `[N, …]` or that shape alone. A file
    /// with one-dimensional arrays `t` and `x`, or with an array of fields `t` and `x`, is an event list.
    ///
    /// # Errors
    /// An unreadable file, a missing array, a shape that does not fit; of an event list also every value
    /// that does not.
    pub fn open(path: &Path, graph: &Graph, options: &Options) -> Result<Self, Diagnostic> {
        let file = ArrayFile::open(path)?;
        let steps = options.steps.unwrap_or(graph.steps).max(1) as usize;
        let plan = |channels| Arc::new(Plan { channels, encode: options.encode, max: options.max });
        if let Some(mut events) = Events::open(&file, graph, options)? {
            let labels = read_labels(&file, layout::labels(&file, &["labels", "label"]))?;
            if let Some(labels) = &labels {
                events.at_least(labels.len());
            }
            let (count, steps) = (events.count(), events.steps());
            let whole = Self { file, plan: plan(Vec::new()), events: Some(events), count, steps, labels };
            return whole.checked(options.limit);
        }
        if options.bin.is_some() || options.binary || options.event_order.is_some() {
            return Err(Diagnostic::new(
                Code::BadEvents,
                format!("'{}' has no event list, and options for one were given", file.shown),
            )
            .rule("arrays in the file", "t, x, y, p, or an array of fields or columns", file.names())
            .remedy("save the columns of the events as arrays t, x, y and p, or leave out --bin, --binary and --event-order"));
        }
        let labels_at = layout::labels(&file, &["y", "labels"]);
        let layout = Layout::new(&file, graph, labels_at, options.encode)?;
        let labels = read_labels(&file, labels_at)?;
        let (count, steps) = (layout.count, layout.steps.unwrap_or(steps));
        Self { file, plan: plan(layout.channels), events: None, count, steps, labels }.checked(options.limit)
    }

    /// Labels fit the samples; only so many samples are run.
    fn checked(mut self, limit: Option<usize>) -> Result<Self, Diagnostic> {
        // Of an event list with a limit it is not known how many samples there are.
        let cut = self.events.is_some() && limit.is_some_and(|l| self.count >= l);
        let fits = |l: &Vec<i64>| if cut { l.len() >= self.count } else { l.len() == self.count };
        if let Some(labels) = self.labels.as_ref().filter(|l| !fits(l)) {
            let frames = self.events.is_none() && self.plan.encode.is_none();
            let images = frames && self.count == 1 && labels.len() == self.steps;
            let found = bad("the labels do not fit the samples").rule("labels", self.count, labels.len());
            return Err(if images {
                found.remedy(
                    "without --encode the first axis of [T, C, H, W] is steps of one sample: for images \
                     [N, C, H, W] add --encode direct or --encode rate",
                )
            } else {
                found.remedy("save one label per sample")
            });
        }
        self.count = limit.map_or(self.count, |l| self.count.min(l));
        if let Some(labels) = &mut self.labels {
            labels.truncate(self.count);
        }
        Ok(self)
    }

    /// Reads everything into memory and checks every value.
    ///
    /// # Errors
    /// As when reading piece by piece, and when there is more than 1 GiB.
    pub fn load(&self, graph: &Graph) -> Result<Samples, Diagnostic> {
        let mut reader = self.pieces()?;
        let (mut pieces, mut bytes) = (Vec::with_capacity(self.count.min(1 << 16)), 0u64);
        while let Some(piece) = reader.next(Size::whole())? {
            bytes = bytes.saturating_add(piece.bytes());
            if bytes > MAX_HELD {
                return Err(bad("the samples are too large to be held in memory")
                    .rule("bytes", MAX_HELD, format!("more than {bytes}"))
                    .remedy("save fewer samples to a file"));
            }
            for step in 0..piece.steps {
                piece.step(graph, step)?;
            }
            pieces.push(piece);
        }
        Ok(Samples { count: self.count, steps: self.steps, labels: self.labels.clone(), pieces })
    }
}

fn read_labels(file: &ArrayFile, at: Option<usize>) -> Result<Option<Vec<i64>>, Diagnostic> {
    let Some(at) = at else { return Ok(None) };
    let count: usize = file.arrays[at].header.shape.iter().product();
    if count > MAX_SAMPLES {
        return Err(bad("there are too many labels")
            .rule("labels", MAX_SAMPLES, count)
            .remedy("save the samples in several files"));
    }
    let mut left = MAX_HELD;
    Ok(Some(array::read(file, at, &mut left)?.integers()))
}

impl Source for SampleFile {
    fn count(&self) -> usize {
        self.count
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }

    fn pieces(&self) -> Result<Pieces<'_>, Diagnostic> {
        Pieces::of_file(self)
    }

    fn step_bytes(&self) -> u64 {
        self.plan.channels.iter().map(|c| c.frame as u64).sum()
    }
}

/// Samples for a network in memory: for each sample and step the values of every input.
#[derive(Clone, Debug)]
pub struct Samples {
    /// Number of samples.
    pub count: usize,
    /// Steps per sample.
    pub steps: usize,
    /// Labels, one per sample, when the file has them (an integer array `y` or `labels` of length N).
    pub labels: Option<Vec<i64>>,
    /// One per sample.
    pieces: Vec<Piece>,
}

impl Samples {
    /// Reads all samples of a file without an encoding.
    ///
    /// # Errors
    /// As [`SampleFile::open`] and [`SampleFile::load`].
    pub fn read(path: &Path, graph: &Graph) -> Result<Self, Diagnostic> {
        SampleFile::open(path, graph, &Options::default())?.load(graph)
    }

    /// Keeps the first `count` samples.
    pub fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
        self.pieces.truncate(self.count);
        if let Some(labels) = &mut self.labels {
            labels.truncate(self.count);
        }
    }

    /// The values of every input for one step of one sample; zeros beyond the last step.
    pub fn step(&self, graph: &Graph, sample: usize, step: usize) -> Vec<Values> {
        // Every value was checked when it was read.
        self.pieces[sample].step(graph, step).unwrap_or_default()
    }
}

impl Source for Samples {
    fn count(&self) -> usize {
        self.count
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }

    fn pieces(&self) -> Result<Pieces<'_>, Diagnostic> {
        Ok(Pieces::of_memory(&self.pieces))
    }
}

/// Whether an encoding reads one frame for all steps.
pub(super) fn is_still(encode: Option<Encode>) -> bool {
    matches!(encode, Some(Encode::Rate { .. } | Encode::Direct))
}
