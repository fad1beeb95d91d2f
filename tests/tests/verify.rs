//! `--verify` finds defects, and finds none where there is none.
//!
//! A defect is put into what a phase made; the comparison must name it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use snnc_driver::compile::{Options, compile};
use snnc_driver::mapped::{self, MappedNetwork};
use snnc_driver::model::{Model, ModelOptions};
use snnc_driver::pass::fold::fold;
use snnc_driver::pass::retime::{Retimed, retime};
use snnc_driver::phase::Phase;
use snnc_driver::verify::{Generated, Stimulus, Verifier, exact, loss, rounded};
use snnc_driver::{Observer, Silent, registry};
use snnc_eqsat::space::normalise;
use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::verify::verify;
use snnc_ir::graph::weights::{Scale, Storage, Weights};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Model as NeuronModel, Neuron};
use snnc_ir::text;
use snnc_machine::manifest::{Manifest, Role};
use snnc_tests::golden::{Case, LOIHI2, all, root};

fn case(name: &str) -> &'static Case {
    LOIHI2.iter().find(|c| c.name == name).unwrap()
}

/// What the phases make of a kept network.
struct Phases {
    model: Graph,
    folded: Graph,
    quantised: Graph,
    retimed: Retimed,
    lowered: Graph,
    manifest: Manifest,
}

impl Phases {
    fn of(name: &str) -> Self {
        let case = case(name);
        let target = registry::target(case.target, None).unwrap();
        let model = case.model().graph;
        let folded = fold(&model);
        let quantised = target.quantise(&folded).unwrap().graph;
        let retimed = retime(&quantised, target.edge_delay()).unwrap();
        let lowered = normalise(&retimed.graph).unwrap().network.to_graph();
        let (manifest, bundle) = case.compile();
        let emitted = text::parse_with_blob(&bundle.network, &bundle.weights).unwrap();
        assert_eq!(text::print(&emitted), text::print(&lowered));
        Self { model, folded, quantised, retimed, lowered, manifest }
    }

    fn stimulus(&self) -> Generated {
        Generated::for_graph(&self.quantised, 0).unwrap()
    }
}

fn find(graph: &Graph, name: &str) -> NodeId {
    graph.ids().find(|id| graph.node(*id).name == name).unwrap_or_else(|| panic!("no '{name}'"))
}

/// The connections into a population, in the lowered network.
fn connection_into(graph: &Graph, layer: &str) -> NodeId {
    let name = format!("{layer}.from.");
    graph
        .ids()
        .find(|id| graph.node(*id).name.starts_with(&name) && graph.node(*id).op.weights().is_some())
        .unwrap()
}

/// Adds to every weight of a connection that the channel reads.
fn change_weights(graph: &mut Graph, connection: NodeId, channel: usize, by: i32) {
    let id = graph.node(connection).op.weights().unwrap();
    let weights = graph.weights(id).clone();
    let row = weights.row();
    let mut values = weights.to_integer().unwrap();
    values[channel * row..(channel + 1) * row].iter_mut().for_each(|v| *v += by);
    graph.weights[id.0 as usize] = Weights { storage: Storage::I32(values.into()), ..weights };
}

/// The integer spiking model of a layer.
fn spiking<'g>(graph: &'g mut Graph, layer: &str) -> &'g mut snnc_ir::neuron::Spiking<i32> {
    let id = find(graph, layer);
    let Op::Neuron(neuron) = &mut graph.nodes[id.index()].op else { panic!("no neurons") };
    let Neuron::Integer(spec, _) = neuron.as_mut() else { panic!("no integers") };
    let NeuronModel::Spiking(m) = &mut spec.model else { panic!("no spikes") };
    m
}

/// The diagnostic names the phase's bug at that layer.
fn names(found: Result<impl std::fmt::Debug, Diagnostic>, phase: &str, layer: &str) -> Diagnostic {
    let d = found.unwrap_err();
    assert_eq!(d.code, Code::PhaseDiffers, "{d:?}");
    assert!(d.message.contains(phase), "{d:?}");
    assert_eq!(d.at.as_ref().unwrap().node, layer, "{d:?}");
    assert!(d.label.as_ref().unwrap().contains("in step") && d.remedy.is_some(), "{d:?}");
    d
}

#[test]
fn a_changed_weight_is_found_at_its_channel() {
    let p = Phases::of("branches");
    let mut broken = p.lowered.clone();
    let connection = connection_into(&broken, "lif2");
    change_weights(&mut broken, connection, 2, 9);
    verify(&broken).unwrap();
    let found = exact(Phase::Normalise, &p.retimed.graph, &broken, 0, &p.stimulus());
    let d = names(found, "'normalise'", "lif2");
    assert!(d.label.unwrap().starts_with("neuron (channel 2, "));
    assert!(exact(Phase::Normalise, &p.retimed.graph, &p.lowered, 0, &p.stimulus()).is_ok());
}

#[test]
fn a_changed_delay_is_found() {
    let p = Phases::of("loop");
    let latency = p.retimed.latency_steps;
    for (name, layer) in [("cells.delay3", "cells"), ("x.delay1", "cells")] {
        let mut broken = p.retimed.graph.clone();
        let id = find(&broken, name);
        let Op::Delay(d) = &mut broken.nodes[id.index()].op else { panic!("no delay") };
        d.steps += 1;
        names(exact(Phase::Retime, &p.quantised, &broken, latency, &p.stimulus()), "'retime'", layer);
    }
    // A layer that starts too late has another lag; its outputs then come in the wrong step.
    let mut broken = p.retimed.graph.clone();
    let id = find(&broken, "cells");
    let Op::Neuron(neuron) = &mut broken.nodes[id.index()].op else { panic!("no neurons") };
    let late = neuron.as_ref().clone().with_start(neuron.start() + 1);
    **neuron = late;
    assert!(exact(Phase::Retime, &p.quantised, &broken, latency, &p.stimulus()).is_err());
    // An output in the wrong step, all layers being right.
    assert!(exact(Phase::Retime, &p.quantised, &p.retimed.graph, latency + 1, &p.stimulus()).is_err());
    assert!(exact(Phase::Retime, &p.quantised, &p.retimed.graph, latency, &p.stimulus()).is_ok());
}

#[test]
fn a_lost_neuron_is_found_by_its_position() {
    let p = Phases::of("branches");
    let mut broken = p.lowered.clone();
    let shape = broken.node(find(&broken, "lif1")).shape;
    let m = spiking(&mut broken, "lif1");
    let threshold = m.threshold.uniform().unwrap();
    let mut all = vec![threshold; shape.len()];
    all[shape.index(3, 5, 6)] = i32::MAX;
    m.threshold = Param::PerNeuron(all);
    verify(&broken).unwrap();
    let found = exact(Phase::Normalise, &p.retimed.graph, &broken, 0, &p.stimulus());
    let d = names(found, "'normalise'", "lif1");
    assert!(
        d.label.unwrap().starts_with("neuron (channel 3, row 5, column 6) gave 1 before and gives 0 after")
    );
}

#[test]
fn a_lost_output_is_found() {
    let p = Phases::of("branches");
    let mut broken = p.lowered.clone();
    let id = find(&broken, "early");
    broken.remove(id);
    verify(&broken).unwrap();
    let found = exact(Phase::Normalise, &p.retimed.graph, &broken, 0, &p.stimulus()).unwrap_err();
    assert_eq!((found.code, found.at.unwrap().node.as_str()), (Code::PhaseDiffers, "early"));
}

#[test]
fn a_fault_of_folding_is_told_from_rounding() {
    let p = Phases::of("digits");
    let stimulus = Generated::for_graph(&p.model, 0).unwrap();
    let scaled = |factor: f32| {
        let mut graph = p.model.clone();
        let id = graph.ids().find(|id| graph.node(*id).op.weights().is_some()).unwrap();
        let id = graph.node(id).op.weights().unwrap();
        let weights = graph.weights(id).clone();
        let values: Vec<f32> = weights.to_real().into_iter().map(|v| v * factor).collect();
        graph.weights[id.0 as usize] =
            Weights { storage: Storage::F32(values.into()), scale: Option::<Scale>::None, ..weights };
        verify(&graph).unwrap();
        graph
    };
    let first = "lif1";
    for factor in [1.05, 0.9] {
        names(rounded(Phase::Fold, &p.model, &scaled(factor), &stimulus), "'fold'", first);
    }
    let close = rounded(Phase::Fold, &p.model, &scaled(1.0 + f32::EPSILON), &stimulus).unwrap();
    assert!(close.steps[0] > 0, "{close:?}");
    let same = rounded(Phase::Fold, &p.model, &p.folded, &stimulus).unwrap();
    assert!(same.layers > 4 && same.steps[0] > 0, "{same:?}");
}

#[test]
fn cores_with_other_weights_are_found() {
    let p = Phases::of("wide");
    let mut broken = p.lowered.clone();
    let connection = connection_into(&broken, "lif2");
    change_weights(&mut broken, connection, 7, 5);
    let network = MappedNetwork::new(&p.manifest, &broken).unwrap();
    let latency = p.manifest.bounds.latency_steps;
    let found = mapped::compare(&network, &p.lowered, &p.stimulus(), latency, &mut |_| {}).unwrap();
    let d = found.difference.unwrap();
    assert_eq!((d.layer.as_str(), d.neuron[0]), ("lif2", 7));
    let core = &p.manifest.cores[d.core.unwrap() as usize].parts[0];
    let within = |[lo, hi]: [u64; 2], at: usize| (lo..hi).contains(&(at as u64));
    assert_eq!(core.layer, "lif2");
    assert!(within(core.slice.rows, d.neuron[1]) && within(core.slice.cols, d.neuron[2]));
    assert_eq!(d.diagnostic().code, Code::MappedDiffers);
    let network = MappedNetwork::new(&p.manifest, &p.lowered).unwrap();
    let right = mapped::compare(&network, &p.lowered, &p.stimulus(), latency, &mut |_| {}).unwrap();
    assert!(right.difference.is_none() && right.messages > 1000, "{right:?}");
}

/// A way to spoil a manifest.
type Spoil<'a> = &'a dyn Fn(&mut Manifest);

#[test]
fn a_manifest_that_does_not_map_the_network_is_refused() {
    let p = Phases::of("branches");
    let bad: [(&str, Spoil<'_>); 11] = [
        ("slices of two layers swapped", &|m| {
            let k = m.cores.iter().position(|c| c.parts[0].layer == "lif2").unwrap();
            let other = m.cores.iter().position(|c| c.parts[0].layer == "lif1").unwrap();
            m.cores[k].parts[0].layer = "lif1".into();
            m.cores[other].parts[0].layer = "lif2".into();
            m.cores[k].parts[0].slice.channels[1] += 1;
        }),
        ("a core left out", &|m| drop(m.cores.pop())),
        ("a neuron left out", &|m| m.cores[0].parts[0].slice.rows[1] -= 1),
        ("a core twice", &|m| m.cores.push(m.cores[0].clone())),
        ("a slice far outside", &|m| m.cores[0].parts[0].slice.cols = [u64::MAX - 1, u64::MAX]),
        ("a slice turned around", &|m| m.cores[0].parts[0].slice.channels = [3, 1]),
        ("an unknown layer", &|m| m.cores[0].parts[0].layer = "nobody".into()),
        ("an input on a core", &|m| m.cores[0].parts[0].layer = "x".into()),
        ("a layer left out", &|m| drop(m.layers.remove(1))),
        ("another shape", &|m| m.layers[1].shape = [u64::MAX, u64::MAX, 2]),
        ("another delay", &|m| m.layers[1].inputs[0].delay += 1),
    ];
    for (what, change) in bad {
        let mut manifest = p.manifest.clone();
        change(&mut manifest);
        let refused = MappedNetwork::new(&manifest, &p.lowered).err().unwrap_or_else(|| panic!("{what}"));
        assert_eq!(refused.code, Code::BadMapping, "{what}: {refused:?}");
        assert!(refused.remedy.is_some(), "{what}");
    }
    let mut shares = p.manifest.clone();
    shares.cores[0].parts[0].role = Role::Partial;
    assert!(MappedNetwork::new(&shares, &p.lowered).is_err());
    // Not the network that was mapped.
    assert!(MappedNetwork::new(&p.manifest, &p.quantised).is_err());
    assert!(MappedNetwork::new(&p.manifest, &Phases::of("loop").lowered).is_err());
    assert!(MappedNetwork::new(&p.manifest, &Phases::of("digits").folded).is_err());
    let mut many = p.manifest.clone();
    many.cores = vec![many.cores[0].clone(); 1 << 16];
    assert_eq!(MappedNetwork::new(&many, &p.lowered).unwrap_err().code, Code::BudgetExceeded);
}

#[test]
fn what_quantisation_loses_is_measured() {
    let p = Phases::of("digits");
    let stimulus = p.stimulus();
    let own = loss(&p.folded, &p.quantised, &stimulus).unwrap();
    assert_eq!(own.outputs.len(), 1);
    assert!(own.outputs[0].mean_ppm <= own.outputs[0].max_ppm);
    assert!(own.layers.len() >= 3 && own.correct_before.is_none());
    // A network whose last layer is deaf loses all it gives out.
    let mut deaf = p.quantised.clone();
    spiking(&mut deaf, "lif3").threshold = Param::Scalar(i32::MAX);
    let all = loss(&p.folded, &deaf, &stimulus).unwrap();
    assert_eq!((all.outputs[0].max_ppm, all.layers.last().unwrap().events_after), (1_000_000, 0));
    assert!(own.outputs[0].max_ppm < all.outputs[0].max_ppm, "{own:?}");
    // The same network loses nothing.
    let none = loss(&p.quantised, &p.quantised, &stimulus).unwrap();
    assert_eq!((none.outputs[0].max_ppm, none.same_class), (0, stimulus.samples() as u64));
}

/// Takes down what was verified.
#[derive(Default)]
struct Log(Vec<(Phase, String)>);

impl Observer for Log {
    fn ended(&mut self, _: Phase, _: Duration, _: &[String]) {}

    fn verified(&mut self, phase: Phase, _: Duration, note: &str) {
        self.0.push((phase, note.to_owned()));
    }
}

const CHECKED: [Phase; 5] = [Phase::Fold, Phase::Quantise, Phase::Retime, Phase::Normalise, Phase::Emit];

#[test]
fn every_kept_network_passes() {
    for case in all() {
        let mut log = Log::default();
        let options = Options { verify: true, ..case.options() };
        let done =
            compile(&case.model(), &options, &mut log).unwrap_or_else(|d| panic!("{}: {d:?}", case.name));
        let phases: Vec<Phase> = log.0.iter().map(|(p, _)| *p).collect();
        assert_eq!(phases, CHECKED, "{}", case.name);
        let manifest = done.manifest.unwrap();
        let found = manifest.verification.as_ref().unwrap();
        assert_eq!(found.silent, [""; 0], "{}", case.name);
        assert!(found.samples >= 1 && found.steps >= 4, "{}: {found:?}", case.name);
        if case.name.starts_with("wide") {
            continue;
        }
        // But for what verification adds, the manifest is the one without it; and it is the same again.
        let (plain, _) = case.compile();
        assert_eq!(Manifest { verification: None, ..manifest.clone() }, plain, "{}", case.name);
        let again = compile(&case.model(), &options, &mut Silent).unwrap().bundle.unwrap();
        assert_eq!(again, done.bundle.unwrap(), "{}", case.name);
    }
}

#[test]
fn a_verifier_takes_samples_of_the_user() {
    let p = Phases::of("digits");
    let path = root().join("examples/digits/heldout.npz");
    let mut samples = snnc_driver::sample::Samples::read(&path, &p.model).unwrap();
    samples.truncate(5);
    let mut verifier = Verifier::new(Some(&samples), 0);
    let mut warnings = Vec::new();
    verifier.fold(&p.model, &p.folded).unwrap();
    verifier.quantise(&p.folded, &p.quantised).unwrap();
    let (graph, latency) = (&p.retimed.graph, p.retimed.latency_steps);
    verifier.retime(&p.quantised, graph, latency, &mut warnings).unwrap();
    verifier.normalise(graph, &p.lowered).unwrap();
    verifier.mapped(&p.manifest, &p.lowered).unwrap();
    let found = verifier.finish();
    assert_eq!((found.source.as_str(), found.samples, found.steps), ("samples", 5, 8));
    let loss = found.quantisation.unwrap();
    assert_eq!((loss.correct_before, loss.correct_after), (Some(5), Some(5)));
    assert!(warnings.is_empty());
}

/// Models of other tools, where they are there.
const SHARED: &[&str] = &[
    "onnx/convention/proto_snntorch_leaky_sub.onnx",
    "onnx/convention/proto_snntorch_synaptic.onnx",
    "onnx/convention/proto_norse_lifcell.onnx",
    "onnx/convention/proto_sinabs_iafsqueeze_multispike.onnx",
    "onnx/convention/proto_spikingjelly_lif_multi.qdq_s8s8_pc.onnx",
    "onnx/quant/ann_relu.ts.qdq_s8s8_pc.onnx",
    "speck/ok02_nmnist_quickstart.snn_customop_legacy.onnx",
    "speck/ok06_residual_merge.snn_customop_legacy.onnx",
];

#[test]
fn models_of_other_tools_pass() {
    let folder = root().join("../shared/models");
    if !folder.exists() {
        println!("skipped: no {}", folder.display());
        return;
    }
    let mut passed = 0;
    for name in SHARED {
        let options = ModelOptions { steps: Some(8), ..ModelOptions::default() };
        let model = Model::read(&folder.join(name), &options);
        let model = model.or_else(|_| Model::read(&folder.join(name), &ModelOptions::default()));
        let model = model.unwrap_or_else(|d| panic!("{name}: {d:?}"));
        let options = Options { verify: true, activity: None, ..case("digits").options() };
        match compile(&model, &options, &mut Silent) {
            Ok(done) => {
                let found = done.manifest.unwrap().verification.unwrap();
                println!("{name}: {found:?}");
                passed += 1;
            }
            Err(list) => {
                assert!(
                    list.iter().all(|d| d.code != Code::PhaseDiffers && d.code != Code::BadMapping),
                    "{list:?}"
                );
                println!("{name}: refused with {}", list[0].code);
            }
        }
    }
    assert!(passed >= 3, "only {passed} compile");
}
