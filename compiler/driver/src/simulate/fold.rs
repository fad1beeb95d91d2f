//! Samples side by side on several threads, with what comes of it in their order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::Graph;
use snnc_ir::sim::Values;

use super::machine::Machine;
use crate::sample::{Piece, Size, Source};

/// How samples are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Threads {
    /// Number of threads; 0 takes as many as the computer has.
    pub threads: usize,
    /// Steps that each sample runs for after its own, without input.
    pub latency: usize,
}

/// What is made of the steps of samples.
pub trait Fold<M: Machine>: Sync {
    /// What is collected of a sample, or of those steps of it that fit into memory.
    type State: Send;

    /// Nothing collected yet.
    fn start(&self) -> Self::State;

    /// Takes up a step that the machine has made from the inputs.
    fn step(&self, state: &mut Self::State, machine: &M, inputs: &[Values]);

    /// Bytes that a state keeps for each step.
    fn step_bytes(&self) -> u64 {
        0
    }
}

/// A sample's state as it is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Number of the sample.
    pub sample: usize,
    /// Whether the sample ends here; if not, its state comes again with the steps that follow.
    pub last: bool,
}

/// What takes over the states of samples.
pub type Take<'t, S> = dyn FnMut(Taken, &mut S) -> Result<(), Diagnostic> + 't;

/// Runs every sample of a source from the machine's initial state.
///
/// `take` is given the state of each sample, in the order of the samples and on the thread that calls. A
/// sample that is read in pieces is handed over after each, so that what was collected can be taken out of
/// the state; then the state goes on. What comes of it depends on neither the number of threads nor the
/// sizes of pieces. `progress` is told the steps done, those of
/// the latency included, from any thread.
///
/// # Errors
/// The first sample that does not fit, after all samples before it were handed over; and what `take` says.
/// Otherwise gives the warnings of the source.
pub fn fold<M: Machine, F: Fold<M>>(
    graph: &Graph,
    machine: &M,
    source: &dyn Source,
    how: Threads,
    fold: &F,
    take: &mut Take<'_, F::State>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Diagnostic>, Diagnostic> {
    let threads = match how.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let threads = threads.min(source.count().max(1));
    // Where no threads can be had one does.
    let pool = (threads > 1).then(|| ThreadPoolBuilder::new().num_threads(threads).build().ok()).flatten();
    let size = Size::new(source, threads, fold.step_bytes());
    sized(graph, machine, source, Run { how, size, pool: pool.as_ref(), threads }, fold, take, progress)
}

/// How a run is carried out.
pub(super) struct Run<'p> {
    pub(super) how: Threads,
    pub(super) size: Size,
    pub(super) pool: Option<&'p ThreadPool>,
    pub(super) threads: usize,
}

/// [`fold`] with pieces of given sizes.
pub(super) fn sized<M: Machine, F: Fold<M>>(
    graph: &Graph,
    machine: &M,
    source: &dyn Source,
    run: Run<'_>,
    fold: &F,
    take: &mut Take<'_, F::State>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Diagnostic>, Diagnostic> {
    let mut machines: Vec<M> = Vec::new();
    let done = AtomicU64::new(0);
    let mut pieces = source.pieces()?;
    // The sample that is in the middle.
    let mut open: Option<Open<M, F::State>> = None;
    loop {
        let batch = pieces.batch(run.size)?;
        if batch.is_empty() {
            return Ok(pieces.warnings());
        }
        while machines.len() < run.threads.clamp(1, batch.len()) {
            machines.push(machine.fork());
        }
        let work: Mutex<VecDeque<(usize, Piece)>> = Mutex::new(batch.into_iter().enumerate().collect());
        let held = Mutex::new(open.take());
        let results = Mutex::new(Vec::new());
        // Not in the head of the loop, where the lock would be held as long as the piece runs.
        let next = || locked(&work).pop_front();
        let drain = |own: &mut M| {
            while let Some((k, piece)) = next() {
                let held = if k == 0 { locked(&held).take() } else { None };
                let (machine, mut state) = match held {
                    Some(open) => {
                        *own = open.machine;
                        (&mut *own, open.state)
                    }
                    None => {
                        own.reset();
                        (&mut *own, fold.start())
                    }
                };
                let mut stepped = || progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                let ran = steps(graph, &piece, run.how.latency, fold, machine, &mut state, &mut stepped);
                let taken = Taken { sample: piece.sample, last: piece.last };
                let kept = (!piece.last).then(|| {
                    let fresh = own.fork();
                    std::mem::replace(own, fresh)
                });
                locked(&results).push((k, ran.map(|()| (taken, state, kept))));
            }
        };
        match run.pool {
            Some(pool) => pool.install(|| machines.par_iter_mut().with_max_len(1).for_each(drain)),
            None => machines.iter_mut().for_each(drain),
        }
        let mut results = std::mem::take(&mut *locked(&results));
        results.sort_by_key(|(k, _)| *k);
        for (_, result) in results {
            let (taken, mut state, machine) = result?;
            take(taken, &mut state)?;
            open = machine.map(|machine| Open { machine, state });
        }
    }
}

/// A sample in the middle, with the machine that has its state.
struct Open<M, S> {
    machine: M,
    state: S,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked takes the whole run with it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the steps of a piece, and behind the last of a sample those of the latency.
fn steps<M: Machine, F: Fold<M>>(
    graph: &Graph,
    piece: &Piece,
    latency: usize,
    fold: &F,
    machine: &mut M,
    state: &mut F::State,
    stepped: &mut dyn FnMut(),
) -> Result<(), Diagnostic> {
    let behind = if piece.last { latency } else { 0 };
    for step in piece.first..piece.first + piece.steps + behind {
        let inputs = piece.step(graph, step)?;
        machine.step(&inputs).map_err(|e| Diagnostic::new(Code::BadSample, e.to_string()))?;
        fold.step(state, machine, &inputs);
        stepped();
    }
    Ok(())
}
