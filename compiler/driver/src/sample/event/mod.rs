//! Event lists: what they must be like, and where in steps and positions an event belongs.
//!
//! A list is read twice: once to check every event and find the extent of each sample, once to run. Neither
//! holds it in memory. Samples whose events are not in order of time are sorted, one at a time.

mod bin;
mod columns;
mod extent;
mod place;

pub(super) use bin::EventReader;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::Graph;
use snnc_ir::graph::op::Values as Range;

use self::columns::Columns;
use self::extent::Extent;
use self::place::Placing;
use super::encode;
use super::file::ArrayFile;
use super::options::Options;
use super::source::{MAX_SAMPLES, MAX_STEPS};

fn bad(message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::BadEvents, message)
}

/// The event list of a file, checked.
#[derive(Debug)]
pub(super) struct Events {
    columns: Columns,
    placing: Placing,
    extents: Vec<Extent>,
    binning: Binning,
    /// Greatest number of events in a step and position.
    most: u32,
    /// Whether it is told when there are more.
    told: bool,
    input: String,
}

/// Which step an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Binning {
    steps: usize,
    /// `None` divides the time of each sample by its steps.
    window: Option<Window>,
}

/// Picoseconds of a step and of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    step: u64,
    tick: u64,
}

impl Binning {
    /// The step of a time of a sample; it may be beyond the last.
    fn step(&self, t: i64, extent: &Extent) -> u64 {
        let since = (i128::from(t) - i128::from(extent.first)) as u128;
        match self.window {
            Some(window) => u64::try_from(since * u128::from(window.tick) / u128::from(window.step)),
            None => u64::try_from(since * self.steps as u128 / extent.ticks()),
        }
        .unwrap_or(u64::MAX)
    }
}

impl Events {
    /// The event list of a file for a network, if the file has one.
    ///
    /// # Errors
    /// An event list that does not fit the network, with the first event that does not.
    pub(super) fn open(
        file: &ArrayFile,
        graph: &Graph,
        options: &Options,
    ) -> Result<Option<Self>, Diagnostic> {
        let found = Columns::find(file, options.event_order.as_deref(), options.time_unit)?;
        let Some(columns) = found else { return Ok(None) };
        if options.encode.is_some() || options.max.is_some() {
            return Err(Diagnostic::new(
                Code::BadEncoding,
                format!("'{}' is an event list, and --encode and --max are for numbers", file.shown),
            )
            .remedy("leave them out: events are counted in steps, see --bin"));
        }
        let ids = graph.inputs();
        let [id] = ids.as_slice() else {
            return Err(bad("an event list is for a network with one input")
                .rule("inputs of the network", 1, ids.len())
                .remedy("save spike tensors, one array [N, T, C, H, W] under the name of each input"));
        };
        let node = graph.node(*id);
        let placing = Placing::new(node, &columns)?;
        let extents = extent::scan(file, &columns, &placing, options.limit)?;
        if extents.len() > MAX_SAMPLES {
            return Err(bad("the event list has too many samples")
                .rule("samples", MAX_SAMPLES, extents.len())
                .remedy("save the samples in several files"));
        }
        let window =
            options.bin.map(|step| Window { step: step.max(1), tick: columns.tick(options.time_unit) });
        let longest = || {
            let one = Binning { steps: 0, window };
            extents.iter().map(|e| one.step(e.last, e).saturating_add(1)).max().unwrap_or(1)
        };
        let steps = match (options.steps, window) {
            (Some(steps), _) => u64::from(steps),
            (None, Some(_)) => longest(),
            (None, None) => u64::from(graph.steps),
        };
        let steps = usize::try_from(steps.max(1)).ok().filter(|s| *s <= MAX_STEPS).ok_or_else(|| {
            bad("the longest sample has too many steps")
                .rule("steps", MAX_STEPS, steps)
                .remedy("give a longer step with --bin, the right unit with --time-unit, or the first steps with --steps")
        })?;
        let range = encode::range(node);
        let (most, told) = match range {
            Range::Binary => (1, false),
            _ if options.binary => (1, false),
            Range::Integer { hi, .. } => (hi.max(0) as u32, true),
            Range::Quantised { .. } | Range::Real => (u32::MAX, true),
        };
        let binning = Binning { steps, window };
        Ok(Some(Self { columns, placing, extents, binning, most, told, input: node.name.clone() }))
    }

    /// Number of samples.
    pub(super) fn count(&self) -> usize {
        self.extents.len()
    }

    /// Samples without events at the end of the list.
    pub(super) fn at_least(&mut self, count: usize) {
        if self.columns.has("sample") && count > self.extents.len() {
            self.extents.resize(count, Extent::default());
        }
    }

    /// Steps per sample.
    pub(super) fn steps(&self) -> usize {
        self.binning.steps
    }

    /// Reads the samples from the first on.
    pub(super) fn reader(&self, file: &ArrayFile) -> Result<EventReader, Diagnostic> {
        EventReader::open(self, file)
    }
}
