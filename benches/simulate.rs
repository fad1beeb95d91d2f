//! Runs a network on samples and tells how long that took: one side of `frameworks/`.
//!
//! `cargo bench -p snnc-benches --bench simulate -- MODEL SAMPLES THREADS`: an ONNX model and an `.npy` file of 8-bit
//! integers `[N, T, ...]`. Then each line of the input is a request, answered by one line of JSON:
//!
//! - `time COUNT REPEATS`: runs the first `COUNT` samples so often; `{"seconds": ..., "processor": ...}` of one run, as
//!   time that passed and as processor time, the samples being in memory and the network prepared before.
//! - `spikes COUNT NAME FILE`: what node `NAME` gives out, as `.npy` of 32-bit integers `[COUNT, T, elements]`.
//! - `synops COUNT`: `{"synops": ..., "density": {name: ...}}`, connections done and the share of neurons that spike in
//!   a step, over all layers of neurons.
//! - `memory`: `{"bytes": ...}`, the greatest resident memory so far.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench may fail")]

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Instant;

use npyz::WriterBuilder;
use rayon::prelude::*;
use serde_json::{Value, json};
use snnc_benches::{peak_memory, processor_time};
use snnc_frontends::onnx::{Options, import, read};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::sim::{Execution, Simulator, Values};

fn main() {
    let arguments: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    let [_, model, samples, threads] = &arguments[..] else {
        println!(
            "cargo bench -p snnc-benches --bench simulate -- MODEL SAMPLES THREADS; see benches/README.md"
        );
        return;
    };
    rayon::ThreadPoolBuilder::new().num_threads(threads.parse().unwrap()).build_global().unwrap();
    let graph = import(&read(Path::new(model)).unwrap(), &Options::default()).unwrap().graph;
    let samples = Samples::read(Path::new(samples), &graph);
    let simulator = Simulator::new(&graph, Execution::EventDriven);
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words[..] {
            ["time", count, repeats] => {
                time(&simulator, &samples, count.parse().unwrap(), repeats.parse().unwrap())
            }
            ["spikes", count, name, file] => {
                let id = graph.ids().find(|id| graph.node(*id).name == name);
                let id = id.unwrap_or_else(|| panic!("no node '{name}'"));
                spikes(&simulator, &samples, count.parse().unwrap(), id, Path::new(file))
            }
            ["synops", count] => synops(&simulator, &graph, &samples, count.parse().unwrap()),
            ["memory"] => json!({"bytes": peak_memory()}),
            _ => panic!("no request: {line}"),
        };
        println!("{answer}");
    }
}

/// Samples in memory.
struct Samples {
    number: Number,
    /// Elements of a step.
    len: usize,
    /// One entry per sample.
    values: Vec<Vec<i8>>,
}

impl Samples {
    fn read(path: &Path, graph: &Graph) -> Self {
        let file = npyz::NpyFile::new(BufReader::new(File::open(path).unwrap())).unwrap();
        let (samples, steps) = (file.shape()[0] as usize, file.shape()[1] as usize);
        let len = file.len() as usize / samples / steps;
        let mut values = file.data::<i8>().unwrap().map(|v| v.unwrap());
        let values = (0..samples).map(|_| values.by_ref().take(steps * len).collect()).collect();
        Self { number: graph.number, len, values }
    }

    fn steps(&self) -> usize {
        self.values[0].len() / self.len
    }

    /// Runs the first samples, on all threads; `each` is called after every step and makes the result of a sample.
    fn run<R: Send + Default>(
        &self,
        simulator: &Simulator<'_>,
        count: usize,
        each: impl Fn(&Simulator<'_>, &mut R) + Sync,
    ) -> Vec<R> {
        let one = |simulator: &mut Simulator<'_>, sample: &Vec<i8>| {
            let mut result = R::default();
            simulator.reset();
            // One buffer for all steps.
            let mut inputs = [match self.number {
                Number::Integer => Values::Integer(vec![0; self.len]),
                Number::Real => Values::Real(vec![0.0; self.len]),
            }];
            for step in sample.chunks_exact(self.len) {
                match &mut inputs[0] {
                    Values::Integer(v) => v.iter_mut().zip(step).for_each(|(v, s)| *v = i32::from(*s)),
                    Values::Real(v) => v.iter_mut().zip(step).for_each(|(v, s)| *v = f32::from(*s)),
                }
                simulator.step(&inputs).unwrap();
                each(simulator, &mut result);
            }
            result
        };
        self.values[..count].par_iter().map_init(|| simulator.fork(), one).collect()
    }
}

fn time(simulator: &Simulator<'_>, samples: &Samples, count: usize, repeats: u32) -> Value {
    let outputs = simulator.graph().outputs();
    let (start, processor) = (Instant::now(), processor_time().unwrap_or(f64::NAN));
    let mut spikes = 0;
    for _ in 0..repeats {
        let sums: Vec<u64> = samples.run(simulator, count, |simulator, sum| {
            *sum += outputs.iter().map(|id| simulator.events(*id)).sum::<u64>();
        });
        spikes = sums.iter().sum::<u64>();
    }
    let of_one = |all: f64| all / f64::from(repeats);
    let processor = processor_time().unwrap_or(f64::NAN) - processor;
    json!({
        "seconds": of_one(start.elapsed().as_secs_f64()),
        "processor": of_one(processor),
        "spikes": spikes,
    })
}

fn spikes(simulator: &Simulator<'_>, samples: &Samples, count: usize, id: NodeId, file: &Path) -> Value {
    let all: Vec<Vec<i32>> = samples.run(simulator, count, |simulator, seen: &mut Vec<i32>| {
        seen.extend(simulator.value(id).to_f64().into_iter().map(|v| v as i32));
    });
    let steps = samples.steps();
    let elements = all[0].len() / steps;
    let shape = [count as u64, steps as u64, elements as u64];
    let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
    let mut writer = options.writer(File::create(file).unwrap()).begin_nd().unwrap();
    writer.extend(all.into_iter().flatten()).unwrap();
    writer.finish().unwrap();
    json!({"shape": shape})
}

fn synops(simulator: &Simulator<'_>, graph: &Graph, samples: &Samples, count: usize) -> Value {
    let per_sample: Vec<Vec<[u64; 2]>> =
        samples.run(simulator, count, |simulator, sums: &mut Vec<[u64; 2]>| {
            sums.resize(graph.nodes.len(), [0; 2]);
            for (sum, id) in sums.iter_mut().zip(graph.ids()) {
                let counts = simulator.counts(id);
                *sum = [sum[0] + counts.events, sum[1] + counts.synops];
            }
        });
    let sum = |id: NodeId, k: usize| per_sample.iter().map(|s| s[id.index()][k]).sum::<u64>();
    let steps = (count * samples.steps()) as f64;
    let spiking = graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Neuron(_)));
    let density = spiking.map(|id| {
        let node = graph.node(id);
        (node.name.clone(), json!(sum(id, 0) as f64 / steps / node.shape.len() as f64))
    });
    let density: serde_json::Map<String, Value> = density.collect();
    json!({"synops": graph.ids().map(|id| sum(id, 1)).sum::<u64>(), "density": density})
}
