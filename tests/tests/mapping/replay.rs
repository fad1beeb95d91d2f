//! Mappings that are known to the part: a manifest replayed, parts in another order, no grids, cores that are shared.

use snnc_driver::Silent;
use snnc_driver::compile::{GivenMapping, MeasuredFrom, Options, compile};
use snnc_driver::mapped::MappedNetwork;
use snnc_driver::sample::Options as Reading;
use snnc_ir::graph::Node;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{Model, Neuron};
use snnc_ir::sim::Values;
use snnc_ir::text;
use snnc_machine::load::Load;
use snnc_machine::manifest::{Layer, Part, Slice};
use snnc_machine::mapping::{LayerMapping, MappingFile, PartMapping};
use snnc_tests::golden::{LOIHI1, LOIHI2, root};

use crate::{file, given, layers, manifest, period};

#[test]
fn a_replayed_manifest_gives_what_it_was_written_for() {
    for case in LOIHI2.iter().chain(LOIHI1) {
        let (ours, bundle) = case.compile();
        let mapping = GivenMapping::parse("manifest.json", &bundle.manifest).unwrap();
        let options = Options { mapping: Some(mapping), ..case.options() };
        let mut again = manifest(compile(&case.model(), &options, &mut Silent).unwrap());
        assert!(again.inputs.options.mapping_blake3.take().is_some());
        again.layers.iter_mut().zip(&ours.layers).for_each(|(l, own)| l.choice = own.choice.clone());
        again.bounds.optimality.clone_from(&ours.bounds.optimality);
        assert_eq!(again, ours, "{} on {}", case.name, case.target);
    }
}

/// Layers that share a core, one in blocks that are no grid, and neurons that fire in every step: the cores do what
/// the loads say, a core that reads a neuron twice gets one message, and the shared memory is the sum.
#[test]
fn layers_that_share_a_core_are_run_and_counted_together() {
    let case = LOIHI2.iter().find(|c| c.name == "branches").unwrap();
    let mut model = case.model();
    for node in &mut model.graph.nodes {
        fire(node);
    }
    let options = Options { activity: None, verify: true, ..Options::new("loihi2") };
    let ours = manifest(compile(&model, &options, &mut Silent).unwrap());
    let names: Vec<&Layer> = layers(&ours).collect();
    let mut all = Vec::new();
    for (turn, layer) in names.iter().enumerate() {
        let [c, h, w] = layer.shape;
        if turn > 0 {
            let whole = PartMapping { core: Some(3), ..PartMapping::default() };
            all.push(LayerMapping {
                layer: layer.name.clone(),
                parts: Some(vec![whole]),
                ..LayerMapping::default()
            });
            continue;
        }
        // An L and what it leaves, where there is room for one.
        let split = |n: u64| n.div_ceil(2);
        let boxes = [
            [[0, c], [0, split(h)], [0, w]],
            [[0, c], [split(h), h], [0, split(w)]],
            [[0, c], [split(h), h], [split(w), w]],
        ];
        let boxes = boxes.into_iter().filter(|b| b.iter().all(|[lo, hi]| lo < hi));
        let part = |(k, [channels, rows, cols]): (usize, [[u64; 2]; 3])| PartMapping {
            core: Some(k as u32),
            channels: Some(channels),
            rows: Some(rows),
            cols: Some(cols),
            fan_in: None,
        };
        all.push(LayerMapping {
            layer: layer.name.clone(),
            parts: Some(boxes.enumerate().map(part).collect()),
            ..LayerMapping::default()
        });
    }
    let mapping = Some(given(&file(all)));
    let done = compile(&model, &Options { mapping, ..options }, &mut Silent).unwrap();
    let (shared, bundle) = (done.manifest.unwrap(), done.bundle.unwrap());
    assert_eq!(shared.cores.len(), 4);
    assert!(layers(&shared).any(|l| l.tile == "custom"));
    assert!(shared.cores[3].parts.len() > 1);
    let b = &shared.bounds;
    assert_eq!(b.period_ps.unwrap().lower, period(&shared, |i| i.lower, |c| c.lo_fs, false));

    let lowered = text::parse_with_blob(&bundle.network, &bundle.weights).unwrap();
    let network = MappedNetwork::new(&shared, &lowered).unwrap();
    let mut sim = network.simulator();
    let one = |id| Values::Integer(vec![1; lowered.node(id).shape.len()]);
    let ones: Vec<Values> = lowered.inputs().into_iter().map(one).collect();
    for _ in 0..b.latency_steps + 12 {
        sim.step(&ones).unwrap();
    }
    for (core, counts) in shared.cores.iter().zip(sim.counts()) {
        let load = core.parts.iter().fold(Load::default(), |sum, p| sum.plus(p.load));
        let encoding = |name: &str| &shared.layers.iter().find(|l| l.name == name).unwrap().encoding;
        if core.parts.iter().any(|p| encoding(&p.layer).contains("sparse")) {
            // The simulator multiplies with stored zeros, which lists of non-zero weights leave out.
            assert!(counts.synops * 1000 >= load.synops.upper, "core {}", core.id);
        } else {
            assert_eq!(counts.synops * 1000, load.synops.upper, "core {}", core.id);
        }
        assert_eq!(counts.updates * 1000, load.updates.upper, "core {}", core.id);
        assert_eq!(counts.messages_out * 1000, load.messages_out.upper, "core {}", core.id);
        assert!(counts.messages_in * 1000 <= load.messages_in.upper, "core {}", core.id);
    }
    // What arrives is what cores and host send, less what the host receives.
    let sent: u64 = shared.cores.iter().flat_map(|c| &c.parts).map(|p| p.load.messages_out.upper).sum();
    let arrived: u64 = sim.counts().iter().map(|c| c.messages_in * 1000).sum();
    assert_eq!(arrived, sent + b.io.events_in.upper - b.io.events_out.upper);
}

/// The steps of measured activity are bounded for given parts, in other orders than ours and no grid.
#[test]
fn measured_steps_are_bounded_part_by_part() {
    let case = LOIHI2.iter().find(|c| c.name == "digits").unwrap();
    let reading = Reading { limit: Some(3), ..Reading::default() };
    let path = root().join("examples/digits/heldout.npz");
    let measured = Some(MeasuredFrom::Samples { path, reading, threads: 2 });
    let options = Options { activity: None, measured, ..case.options() };
    let ours = manifest(compile(&case.model(), &options, &mut Silent).unwrap());
    // The same parts, the last of each layer first.
    let parts = |layer: &Layer| {
        let of_layer = |p: &&Part| p.layer == layer.name;
        let own = ours.cores.iter().rev().flat_map(|c| &c.parts).filter(of_layer);
        own.map(|p| of_slice(p.slice)).collect::<Vec<_>>()
    };
    let given_parts = |layer: &Layer, parts: Vec<PartMapping>| LayerMapping {
        layer: layer.name.clone(),
        parts: Some(parts),
        ..LayerMapping::default()
    };
    let turned = file(layers(&ours).map(|l| given_parts(l, parts(l))).collect());
    let with = |file: &MappingFile| {
        let options = Options { mapping: Some(given(file)), ..options.clone() };
        manifest(compile(&case.model(), &options, &mut Silent).unwrap())
    };
    let turned = with(&turned);
    let (own, other) = (ours.bounds.trace.as_ref().unwrap(), turned.bounds.trace.as_ref().unwrap());
    assert_eq!(own.nominal_inference_ps, other.nominal_inference_ps);
    assert_eq!(own.inference_time_ps.lower, other.inference_time_ps.lower);
    assert_eq!(own.independent_lower_ps, other.independent_lower_ps);
    // One that is no grid: an L and the rest.
    let wide = layers(&ours).find(|l| l.shape[1] > 1 && l.shape[2] > 1).unwrap();
    let [c, h, w] = wide.shape;
    let part = |channels, rows, cols| PartMapping {
        channels: Some(channels),
        rows: Some(rows),
        cols: Some(cols),
        ..PartMapping::default()
    };
    let bent = vec![part([0, c], [0, 1], [0, w]), part([0, c], [1, h], [0, 1]), part([0, c], [1, h], [1, w])];
    let bent = with(&file(vec![given_parts(wide, bent)]));
    let trace = bent.bounds.trace.unwrap();
    assert!(trace.independent_lower_ps <= trace.nominal_inference_ps);
    assert_eq!(bent.layers.iter().find(|l| l.name == wide.name).unwrap().tile, "custom");
}

fn of_slice(slice: Slice) -> PartMapping {
    let Slice { channels, rows, cols, fan_in } = slice;
    PartMapping {
        core: None,
        channels: Some(channels),
        rows: Some(rows),
        cols: Some(cols),
        fan_in: Some(fan_in),
    }
}

/// Makes neurons fire in every step.
fn fire(node: &mut Node) {
    let Op::Neuron(neuron) = &mut node.op else { return };
    let Neuron::Integer(spec, _) = neuron.as_mut() else { panic!("an integer network") };
    let Model::Spiking(m) = &mut spec.model else { panic!("spiking neurons") };
    m.bias = Some(Param::Scalar(1 << 22));
    m.v_min = None;
}
