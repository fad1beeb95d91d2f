//! Measured activity: the loads of a manifest are those of the events that really happen, counted tap by tap.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use snnc_driver::Silent;
use snnc_driver::compile::{MeasuredFrom, Options, compile, measure};
use snnc_driver::model::Model;
use snnc_driver::profile;
use snnc_driver::sample::{Options as Reading, Recorder, Shaped};
use snnc_ir::graph::op::{Input, Op, Values as Range};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::sim::{Execution, Simulator, Values, taps};
use snnc_ir::text;
use snnc_machine::manifest::{Manifest, Slice};
use snnc_tests::arbitrary::{Config, graph_and_inputs};

fn model(graph: &Graph) -> Model {
    Model {
        graph: graph.clone(),
        file: "random.snn".into(),
        hash: String::new(),
        opset: BTreeMap::new(),
        neurons: BTreeMap::new(),
        notes: Vec::new(),
        warnings: Vec::new(),
        time: std::time::Duration::ZERO,
    }
}

fn options(measured: MeasuredFrom) -> Options {
    Options { measured: Some(measured), ..Options::new("loihi2") }
}

/// Writes one sample: an array `[T, C, H, W]` per input.
fn write(path: &Path, graph: &Graph, inputs: &[Vec<Values>]) {
    let ids = graph.inputs();
    let arrays: Vec<(String, Vec<usize>, Values)> = ids
        .iter()
        .enumerate()
        .map(|(k, id)| {
            let node = graph.node(*id);
            let all = inputs.iter().flat_map(|step| match &step[k] {
                Values::Integer(v) => v.clone(),
                Values::Real(v) => v.iter().map(|v| *v as i32).collect(),
            });
            let shape = vec![inputs.len(), node.shape.c, node.shape.h, node.shape.w];
            // Levels are written as the real values that they stand for.
            let values = match &node.op {
                Op::Input(Input { values: Range::Quantised { scale, .. } }) => {
                    Values::Real(all.map(|v| v as f32 * scale).collect())
                }
                _ => Values::Integer(all.collect()),
            };
            (node.name.clone(), shape, values)
        })
        .collect();
    let shaped = arrays.iter().map(|(name, shape, values)| Shaped {
        name: name.clone(),
        shape: shape.clone(),
        integer: matches!(values, Values::Integer(_)),
    });
    let mut recorder = Recorder::new(path, shaped.collect()).unwrap();
    for (k, (_, _, values)) in arrays.iter().enumerate() {
        recorder.add(k, values).unwrap();
    }
    recorder.finish().unwrap();
}

/// What a population gave out, behind delays and reshapes.
fn population(graph: &Graph, mut id: NodeId) -> NodeId {
    while matches!(graph.node(id).op, Op::Delay(_) | Op::Reshape) {
        id = graph.node(id).inputs[0];
    }
    id
}

/// Connections of a population.
fn connections(graph: &Graph, layer: NodeId) -> Vec<NodeId> {
    let terms = match population(graph, graph.node(layer).inputs[0]) {
        sum if matches!(graph.node(sum).op, Op::Add) => graph.node(sum).inputs.clone(),
        one => vec![one],
    };
    terms.into_iter().map(|t| population(graph, t)).collect()
}

/// Events of every neuron over the steps of the sample, by layer.
fn events(graph: &Graph, inputs: &[Vec<Values>]) -> BTreeMap<NodeId, Vec<u64>> {
    let mut simulator = Simulator::new(graph, Execution::Dense);
    let layers: Vec<(NodeId, usize)> = graph
        .ids()
        .filter_map(|id| match &graph.node(id).op {
            Op::Input(_) => Some((id, 0)),
            Op::Neuron(n) => Some((id, n.start() as usize)),
            _ => None,
        })
        .collect();
    let mut out: BTreeMap<NodeId, Vec<u64>> =
        layers.iter().map(|(id, _)| (*id, vec![0; graph.node(*id).shape.len()])).collect();
    let silence: Vec<Values> =
        graph.inputs().iter().map(|id| Values::Integer(vec![0; graph.node(*id).shape.len()])).collect();
    let last = layers.iter().map(|(_, start)| start + inputs.len()).max().unwrap_or(0);
    for step in 0..last {
        simulator.step(inputs.get(step).unwrap_or(&silence)).unwrap();
        for (id, start) in &layers {
            if (*start..start + inputs.len()).contains(&step) {
                let Values::Integer(values) = simulator.value(*id) else { panic!("an integer network") };
                for (count, value) in out.get_mut(id).unwrap().iter_mut().zip(values) {
                    *count += u64::from(value != 0);
                }
            }
        }
    }
    out
}

fn positions(graph: &Graph, layer: NodeId, slice: &Slice) -> Vec<usize> {
    let shape = graph.node(layer).shape;
    let range = |[lo, hi]: [u64; 2]| lo as usize..hi as usize;
    let mut out = Vec::new();
    for c in range(slice.channels) {
        for y in range(slice.rows) {
            out.extend(range(slice.cols).map(|x| shape.index(c, y, x)));
        }
    }
    out
}

/// The loads of every part against the events, in thousandths per step.
fn check_loads(manifest: &Manifest, graph: &Graph, inputs: &[Vec<Values>]) {
    let events = events(graph, inputs);
    let steps = inputs.len() as u64;
    let find = |name: &str| graph.ids().find(|id| graph.node(*id).name == name).unwrap();
    // How many cores read each neuron.
    let mut readers: BTreeMap<NodeId, Vec<u64>> =
        events.iter().map(|(id, counts)| (*id, vec![0; counts.len()])).collect();
    for part in manifest.cores.iter().flat_map(|c| &c.parts) {
        let layer = find(&part.layer);
        let shape = graph.node(layer).shape;
        let (mut stored, mut nonzero, mut arriving) = (0, 0, 0);
        let mut reads: BTreeMap<NodeId, Vec<bool>> = BTreeMap::new();
        let encoding = &manifest.layers.iter().find(|l| l.name == part.layer).unwrap().encoding;
        for (k, connection) in connections(graph, layer).into_iter().enumerate() {
            // Lists of non-zero weights have nothing else to execute, and an axon only where they have an entry.
            let all = encoding.split('+').nth(k).unwrap_or(encoding) != "sparse";
            let node = graph.node(connection);
            let weights = graph.weights(node.op.weights().unwrap());
            let source = population(graph, node.inputs[0]);
            let counts = &events[&source];
            let mut read = vec![false; counts.len()];
            let mut listed = vec![false; counts.len()];
            for at in positions(graph, layer, &part.slice) {
                let place = match &node.op {
                    Op::Linear(_) => (at, 0, 0),
                    _ => (at / shape.plane(), at % shape.plane() / shape.w, at % shape.w),
                };
                taps(&node.op, graph.node(node.inputs[0]).shape, place, |tap| {
                    let set = weights.integer(tap.weight) != Some(0);
                    read[tap.source] = true;
                    if all || set {
                        stored += counts[tap.source];
                        listed[tap.source] = true;
                    }
                    if set {
                        nonzero += counts[tap.source];
                    }
                });
            }
            arriving += listed.iter().zip(counts).filter(|(r, _)| **r).map(|(_, n)| n).sum::<u64>();
            let known = reads.entry(source).or_insert_with(|| vec![false; counts.len()]);
            known.iter_mut().zip(read).for_each(|(known, read)| *known |= read);
        }
        for (source, read) in reads {
            let counts = readers.get_mut(&source).unwrap();
            counts.iter_mut().zip(read).for_each(|(n, read)| *n += u64::from(read));
        }
        let load = &part.load;
        let up = |count: u64| (count * 1000).div_ceil(steps);
        // Each projection is rounded on its own, outwards.
        let slack = connections(graph, layer).len() as u64;
        let down = nonzero * 1000 / steps;
        assert!(load.synops.lower <= down && load.synops.lower + slack >= down);
        assert!(load.synops.nominal >= up(stored) && load.synops.nominal <= up(stored) + slack);
        assert!(load.messages_in.nominal >= up(arriving) && load.messages_in.nominal <= up(arriving) + slack);
    }
    for output in graph.outputs() {
        let source = population(graph, graph.node(output).inputs[0]);
        readers.get_mut(&source).unwrap().iter_mut().for_each(|n| *n += 1);
    }
    for part in manifest.cores.iter().flat_map(|c| &c.parts) {
        let layer = find(&part.layer);
        let own = positions(graph, layer, &part.slice);
        let sent: u64 = own.iter().map(|at| events[&layer][*at] * readers[&layer][*at]).sum();
        let out = part.load.messages_out;
        // Each flow is rounded on its own.
        let slack = manifest.cores.len() as u64 + graph.outputs().len() as u64;
        assert!(out.lower <= sent * 1000 / steps && out.lower + slack >= sent * 1000 / steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn loads_are_those_of_the_events((graph, inputs) in graph_and_inputs(Config::LOIHI2)) {
        prop_assume!(!inputs.is_empty());
        let folder = tempfile::tempdir().unwrap();
        let samples = folder.path().join("samples.npz");
        write(&samples, &graph, &inputs);
        let from = MeasuredFrom::Samples { path: samples, reading: Reading::default(), threads: 2 };
        let Ok(done) = compile(&model(&graph), &options(from.clone()), &mut Silent) else { return Ok(()) };
        let (manifest, bundle) = (done.manifest.unwrap(), done.bundle.unwrap());
        let lowered = text::parse_with_blob(&bundle.network, &bundle.weights).unwrap();
        check_loads(&manifest, &lowered, &inputs);

        // One sum of greatest values is no less than the greatest of sums, and no mapping is below the bound.
        let trace = manifest.bounds.trace.clone().unwrap();
        prop_assert_eq!((trace.samples, trace.steps), (1, inputs.len() as u64));
        let steps = inputs.len() as u64;
        // Every part of a mean is rounded.
        let slack = 64 * steps;
        prop_assert!(trace.nominal_inference_ps + slack >= manifest.bounds.nominal.period_ps * steps);
        prop_assert!(trace.independent_lower_ps <= trace.nominal_inference_ps);
        let inference = manifest.bounds.inference_time_ps.unwrap();
        prop_assert!(inference.upper.is_none_or(|upper| inference.lower <= upper));
        prop_assert!(trace.busiest_step_ps.lower * steps >= inference.lower);
        prop_assert!(manifest.bounds.latency_ps.unwrap().lower >= inference.lower.saturating_sub(slack));

        // A profile that was written and read again is as good as the samples.
        let path = folder.path().join("profile.npz");
        let (measured, _) = measure(&model(&graph), &options(from), &mut Silent).unwrap();
        let measured = measured.unwrap();
        profile::write(&path, &measured).unwrap();
        prop_assert_eq!(&profile::read(&path).unwrap(), &measured);
        let again = compile(&model(&graph), &options(MeasuredFrom::Profile(path)), &mut Silent).unwrap();
        prop_assert_eq!(again.bundle.unwrap().manifest, bundle.manifest);
    }
}

/// A sample that is too long to be bounded step by step has no upper bound: its mean says nothing of a burst.
#[test]
fn a_long_sample_has_no_upper_bound() {
    let folder = tempfile::tempdir().unwrap();
    let graph = snnc_frontends::text::read(&snnc_tests::golden::root().join("tests/models/snn/loop.snn"));
    let graph = graph.unwrap();
    let upper = |steps: usize| {
        let step = |k: usize| {
            let values = |id: &NodeId| {
                Values::Integer(
                    (0..graph.node(*id).shape.len())
                        .map(|at| i32::from((at + k).is_multiple_of(3)))
                        .collect(),
                )
            };
            graph.inputs().iter().map(values).collect::<Vec<Values>>()
        };
        let inputs: Vec<Vec<Values>> = (0..steps).map(step).collect();
        let samples = folder.path().join("samples.npz");
        write(&samples, &graph, &inputs);
        let from = MeasuredFrom::Samples { path: samples, reading: Reading::default(), threads: 1 };
        let bounds = compile(&model(&graph), &options(from), &mut Silent).unwrap().manifest.unwrap().bounds;
        (bounds.trace.is_some(), bounds.period_ps.unwrap().upper.is_some(), bounds.latency_ps.unwrap().upper)
    };
    let (traced, bounded, _) = upper(8);
    assert!(traced && bounded);
    assert_eq!(upper(5000), (false, false, None));
}

/// A profile with one byte changed is read or refused, nothing else.
#[test]
fn damaged_profiles_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let graph = snnc_frontends::text::read(&snnc_tests::golden::root().join("tests/models/snn/loop.snn"));
    let graph = graph.unwrap();
    let inputs: Vec<Vec<Values>> = (0..4)
        .map(|step| {
            let values = |id: &NodeId| {
                Values::Integer((0..graph.node(*id).shape.len() as i32).map(|k| (k + step) % 2).collect())
            };
            graph.inputs().iter().map(values).collect()
        })
        .collect();
    let samples = folder.path().join("samples.npz");
    write(&samples, &graph, &inputs);
    let from = MeasuredFrom::Samples { path: samples, reading: Reading::default(), threads: 2 };
    let (measured, _) = measure(&model(&graph), &options(from), &mut Silent).unwrap();
    let path = folder.path().join("profile.npz");
    profile::write(&path, &measured.unwrap()).unwrap();
    let good = std::fs::read(&path).unwrap();
    let mut refused = 0;
    for at in (0..good.len()).step_by(7) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x5a;
        std::fs::write(&path, &bytes).unwrap();
        match profile::read(&path) {
            Ok(read) => assert!(read.layers.len() <= graph.nodes.len()),
            Err(d) => {
                refused += 1;
                assert_eq!(d.code.as_str(), "E0710", "{}", d.message);
            }
        }
    }
    assert!(refused > 0);
}
