//! Runs whose result does not depend on how they are carried out.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::ThreadPoolBuilder;
use snnc_ir::diag::Code;
use snnc_ir::sim::{Counts, Execution, SimError, Simulator};

use super::fold::{Run, sized};
use super::*;
use crate::sample::{Encode, Options, SampleFile, Size, read_archive};

/// A network with a state, a connection without a neuron behind it, and two outputs.
fn network() -> Graph {
    snnc_ir::text::parse(
        "network \"n\" steps 5 integer {\n  @0 = weights i8 [3, 4, 1, 1] [3, -2, 5, 1, 7, 2, -4, 6, 1, 1, 1, -3]\n  \
         @1 = weights i8 [2, 3, 1, 1] [1, 2, -1, 0, 3, 1]\n  %0 = input \"x\" : 4x1x1 {values 0..=3}\n  \
         %1 = linear \"fc\" (%0, @0) : 3x1x1\n  \
         %2 = lif \"lif\" (%1) : 3x1x1 {decay 3000, gain 4096, threshold 20000, compare gt, reset subtract next, shift 12}\n  \
         %3 = linear \"readout\" (%2, @1) : 2x1x1\n  %4 = output \"classes\" (%3) : 2x1x1\n  %5 = output \"spikes\" (%2) : 3x1x1\n}\n",
    )
    .unwrap()
}

/// A file of samples with labels.
fn file(folder: &std::path::Path, samples: usize, steps: usize) -> std::path::PathBuf {
    let path = folder.join("s.npz");
    let mut writer = Recorder::new(
        &path,
        vec![
            Shaped { name: "x".into(), shape: vec![samples, steps, 4], integer: true },
            Shaped { name: "y".into(), shape: vec![samples], integer: true },
        ],
    )
    .unwrap();
    let values = (0..samples * steps * 4).map(|k| ((k as u32).wrapping_mul(2_654_435_761) >> 30) as i32);
    writer.add(0, &Values::Integer(values.collect())).unwrap();
    writer.add(1, &Values::Integer((0..samples).map(|k| (k % 3) as i32).collect())).unwrap();
    writer.finish().unwrap();
    path
}

/// The outcome and the recorded bytes of a run on some threads.
fn ran(graph: &Graph, source: &dyn Source, threads: usize) -> (Outcome, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("o.npz");
    let record: Vec<NodeId> = graph.ids().collect();
    let how = Threads { threads, latency: 2 };
    let mut recorder = Recorder::new(&path, recorded(graph, &record, source, 2)).unwrap();
    let wanted = Wanted { how, record, sums: None };
    let machine = Simulator::new(graph, Execution::EventDriven);
    let outcome = run(graph, &machine, source, &wanted, Some(&mut recorder), &|_| {}).unwrap();
    recorder.finish().unwrap();
    (outcome, std::fs::read(path).unwrap())
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let graph = network();
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 57, 5);
    for options in [
        Options::default(),
        Options { encode: Some(Encode::Delta { threshold: 1.0 }), limit: Some(23), ..Options::default() },
    ] {
        let source = SampleFile::open(&path, &graph, &options).unwrap();
        let one = ran(&graph, &source, 1);
        assert!(one.0.layers[1].tally.events > 0, "the network is silent");
        for threads in [2, 5, 0, 100] {
            assert!(ran(&graph, &source, threads) == one, "{threads} threads");
        }
        // From memory as from the file.
        assert!(ran(&graph, &source.load(&graph).unwrap(), 3) == one);
    }
}

/// Everything that a node gave out, by sample, through pieces of a size.
struct Trace<'g>(&'g Graph);

impl<M: Machine> Fold<M> for Trace<'_> {
    type State = Vec<Values>;

    fn start(&self) -> Self::State {
        Vec::new()
    }

    fn step(&self, state: &mut Self::State, machine: &M, inputs: &[Values]) {
        assert_eq!(machine.value(self.0.inputs()[0]), inputs[0]);
        state.extend(self.0.outputs().into_iter().map(|id| machine.value(id)));
    }
}

#[test]
fn pieces_of_a_sample_make_the_sample() {
    let graph = network();
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 7, 23);
    let source = SampleFile::open(&path, &graph, &Options::default()).unwrap();
    let machine = Simulator::new(&graph, Execution::EventDriven);
    let traced = |size: Size, threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let how = Threads { threads, latency: 1 };
        let mut out: Vec<Vec<Values>> = Vec::new();
        let mut take = |taken: Taken, state: &mut Vec<Values>| {
            if out.len() == taken.sample {
                out.push(Vec::new());
            }
            assert_eq!(out.len(), taken.sample + 1, "samples come in order");
            out[taken.sample].append(state);
            assert_eq!(taken.last, out[taken.sample].len() == 2 * 24);
            Ok(())
        };
        let run = Run { how, size, pool: Some(&pool), threads };
        sized(&graph, &machine, &source, run, &Trace(&graph), &mut take, &|_| {}).unwrap();
        out
    };
    let whole = traced(Size { piece: u64::MAX, batch: u64::MAX, beside: 0 }, 1);
    assert_eq!(whole.len(), 7);
    for (piece, batch) in [(1, 1), (100, 1), (100, 5000), (16 * 23, 900), (16 * 24, 2000)] {
        for threads in [1, 2, 5] {
            let size = Size { piece, batch, beside: 0 };
            assert_eq!(traced(size, threads), whole, "{piece} bytes, {threads} threads");
        }
    }
}

#[test]
fn what_is_told_of_a_run_is_what_happened() {
    let graph = network();
    let folder = tempfile::tempdir().unwrap();
    let samples = SampleFile::open(&file(folder.path(), 9, 5), &graph, &Options::default()).unwrap();
    let samples = samples.load(&graph).unwrap();
    let (outcome, bytes) = ran(&graph, &samples, 2);
    let path = folder.path().join("o.npz");
    std::fs::write(&path, bytes).unwrap();
    let arrays = read_archive(&path).unwrap();
    let array = |name: &str| &arrays.iter().find(|(n, _)| n == name).unwrap().1;
    let node = |name: &str| graph.node(graph.ids().find(|id| graph.node(*id).name == name).unwrap());

    assert_eq!((outcome.samples, outcome.steps), (9, 7));
    let names = |layers: &[LayerActivity]| layers.iter().map(|l| l.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&outcome.layers), ["x", "lif"]);
    assert_eq!(names(&outcome.readouts), ["readout"]);
    for (layer, fan_out, source) in [(&outcome.layers[1], 3, "x"), (&outcome.readouts[0], 2, "lif")] {
        let size = node(&layer.name).shape.len();
        let steps = array(&layer.name).ints(0, 63 * size);
        let events: Vec<u64> =
            steps.chunks(size).map(|s| s.iter().filter(|v| **v != 0).count() as u64).collect();
        assert_eq!(layer.tally.events, events.iter().sum::<u64>());
        assert_eq!((layer.tally.count(), layer.tally.max()), (63, *events.iter().max().unwrap()));
        let mut sorted = events.clone();
        sorted.sort_unstable();
        assert_eq!(layer.tally.percentile(50), sorted[31]);
        // Every connection is there, so each event causes as many accumulates.
        let width = node(source).shape.len();
        let given = array(source).ints(0, 63 * width);
        let synops: Vec<u64> =
            given.chunks(width).map(|s| fan_out * s.iter().filter(|v| **v != 0).count() as u64).collect();
        assert_eq!(layer.tally.synops, synops.iter().sum::<u64>(), "{}", layer.name);
        assert_eq!(layer.tally.synops_max, *synops.iter().max().unwrap());
    }
    let classes = array("classes").ints(0, 63 * 2);
    let mut right = 0;
    for (sample, steps) in classes.chunks(14).enumerate() {
        let sums = [0, 1].map(|k| steps.iter().skip(k).step_by(2).map(|v| f64::from(*v)).sum::<f64>());
        assert_eq!(outcome.outputs[0].1[sample], sums);
        let class = usize::from(sums[1] > sums[0]);
        assert_eq!(outcome.predicted[sample], class);
        right += usize::from(class == sample % 3);
    }
    assert_eq!(outcome.correct, Some(right));
    let confusion = outcome.confusion.unwrap();
    assert_eq!(confusion.others, 3, "the label 2 is no class");
    assert_eq!(confusion.counts.iter().flatten().sum::<u64>(), 6);
    assert_eq!((confusion.counts[0][0] + confusion.counts[1][1]) as usize, right);
}

/// A machine of which sums do not fit, and which refuses an input.
struct Broken<'g>(Simulator<'g>, i32);

impl Machine for Broken<'_> {
    fn fork(&self) -> Self {
        Self(self.0.fork(), self.1)
    }
    fn reset(&mut self) {
        self.0.reset();
    }
    fn step(&mut self, inputs: &[Values]) -> Result<(), SimError> {
        match &inputs[0] {
            Values::Integer(v) if v.first() == Some(&self.1) => {
                Err(SimError::InputCount { expected: 1, found: 0 })
            }
            _ => self.0.step(inputs),
        }
    }
    fn value(&self, id: NodeId) -> Values {
        self.0.value(id)
    }
    fn counts(&self, id: NodeId) -> Counts {
        Counts { clipped: u64::from(id.0 == 1), overflows: 2 * u64::from(id.0 == 2), ..self.0.counts(id) }
    }
}

#[test]
fn saturations_belong_to_the_layer_that_is_entered() {
    let graph = network();
    let folder = tempfile::tempdir().unwrap();
    let source = SampleFile::open(&file(folder.path(), 3, 5), &graph, &Options::default()).unwrap();
    let machine = Broken(Simulator::new(&graph, Execution::Dense), -1);
    let outcome = run(&graph, &machine, &source, &Wanted::default(), None, &|_| {}).unwrap();
    let counts = |l: &LayerActivity| (l.tally.clipped, l.tally.overflows);
    assert_eq!(outcome.layers.iter().map(counts).collect::<Vec<_>>(), [(0, 0), (15, 30)]);
    assert_eq!(counts(&outcome.readouts[0]), (0, 0));
}

#[test]
fn the_first_sample_that_fails_is_told_whoever_is_faster() {
    let graph = network();
    let folder = tempfile::tempdir().unwrap();
    let source = SampleFile::open(&file(folder.path(), 40, 5), &graph, &Options::default()).unwrap();
    // The value 3 comes soon as the first of a step.
    let machine = Broken(Simulator::new(&graph, Execution::Dense), 3);
    let failed = |threads: usize| {
        let seen = Mutex::new(Vec::new());
        let mut take = |taken: Taken, _: &mut Vec<Values>| {
            seen.lock().unwrap().push(taken.sample);
            Ok(())
        };
        let how = Threads { threads, latency: 0 };
        let steps = AtomicU64::new(0);
        let told = |done: u64| {
            steps.fetch_max(done, Ordering::Relaxed);
        };
        let error = fold(&graph, &machine, &source, how, &Trace(&graph), &mut take, &told).unwrap_err();
        assert_eq!(error.code, Code::BadSample);
        (seen.into_inner().unwrap(), error.message)
    };
    let one = failed(1);
    assert_eq!(one.0, (0..one.0.len()).collect::<Vec<_>>());
    assert!(one.0.len() < 40);
    assert_eq!([failed(2), failed(5)], [one.clone(), one]);
}

#[test]
fn a_run_that_fails_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("o.npz");
    let arrays = || vec![Shaped { name: "a".into(), shape: vec![1], integer: true }];
    drop(Recorder::new(&path, arrays()).unwrap());
    assert!(!path.exists());
    std::fs::write(&path, "older").unwrap();
    let mut recorder = Recorder::new(&path, arrays()).unwrap();
    recorder.add(0, &Values::Integer(vec![1])).unwrap();
    drop(recorder);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "older");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    let nowhere = Recorder::new(&folder.path().join("no/file.npz"), arrays()).unwrap_err();
    assert_eq!(nowhere.code, Code::FileUnwritable);
}
