//! Speck's integers and a run in them against what sinabs made and recorded.
//!
//! The records are not part of the workspace; without them the tests say so and pass.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};
use snnc_driver::model::{Model, ModelOptions};
use snnc_driver::pass::fold::fold_for;
use snnc_driver::registry;
use snnc_driver::sample::read_archive;
use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::verify::verify;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Emission, Model as Kind, Neuron, Spec, Spiking};
use snnc_ir::sim::{Execution, Simulator, Values, fan_out};
use snnc_speck::quantise::scale::{greatest, level};
use snnc_tests::corpus::shared_models;

/// Files of a model, from the one that holds most to the one that holds least.
const FORMS: [&str; 4] = ["snn_customop_legacy", "snn_customop_dynamo", "snn_legacy", "snn_dynamo"];

fn oracles() -> Option<PathBuf> {
    let folder = shared_models()?.join("../oracles/speck");
    folder.is_dir().then_some(folder)
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Records of a folder in the order of their names.
fn records(folder: &Path) -> Vec<Value> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    paths.iter().map(|p| json(p)).collect()
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().into_iter().flatten().map(|v| v.as_f64().unwrap() as f32).collect()
}

fn ints(value: &Value) -> Vec<i32> {
    value.as_array().into_iter().flatten().map(|v| v.as_i64().unwrap() as i32).collect()
}

/// Random layers of every size of weight, bias and threshold.
#[test]
fn every_discretised_case_is_equal() {
    let Some(folder) = oracles() else {
        println!("skipped: no records beside the workspace");
        return;
    };
    let text = std::fs::read_to_string(folder.join("discretize_cases.jsonl")).unwrap();
    let mut cases = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (weight, bias) = (floats(&case["weight"]), floats(&case["bias"]));
        let threshold = case["threshold"].as_f64().unwrap() as f32;
        // Without a limit sinabs takes the least state as a real number.
        let v_min = case["min_v_mem"].as_f64().unwrap_or(-32768.0) as f32;
        let scales =
            [greatest(weight.clone(), 8), greatest(bias.clone(), 8), greatest([v_min, threshold], 16)];
        let scale = scales.into_iter().fold(f32::INFINITY, f32::min);
        let all = |values: &[f32]| values.iter().map(|v| level(*v, scale)).collect::<Vec<i32>>();
        assert_eq!(all(&weight), ints(&case["q_weight"]), "{line}");
        assert_eq!(all(&bias), ints(&case["q_bias"]), "{line}");
        assert_eq!(i64::from(level(threshold, scale)), case["q_threshold"].as_i64().unwrap(), "{line}");
        assert_eq!(i64::from(level(v_min, scale)), case["q_min_v_mem"].as_i64().unwrap(), "{line}");
        cases += 1;
    }
    println!("{cases} layers");
    assert!(cases >= 40);
}

/// A network that sinabs mapped, in integers, with the layers of the record.
struct Net {
    graph: Graph,
    /// Connection and neurons of each layer, by the record's index.
    layers: BTreeMap<i64, (NodeId, NodeId)>,
}

/// The forms in which a model is there.
fn forms(id: &str) -> Vec<PathBuf> {
    let folder = shared_models().unwrap().join("speck");
    FORMS.iter().map(|form| folder.join(format!("{id}.{form}.onnx"))).filter(|p| p.is_file()).collect()
}

/// The file of a form may leave out that a neuron spikes once; the record has it.
fn as_recorded(graph: &mut Graph, record: &Value) {
    let single = |l: &Value| l["spike_fn"] == "SingleSpike";
    if !record["layers"].as_array().unwrap().iter().all(single) {
        return;
    }
    for node in &mut graph.nodes {
        if let Op::Neuron(neuron) = &mut node.op
            && let Neuron::Real(Spec { model: Kind::Spiking(m), .. }) = neuron.as_mut()
        {
            m.emission = Emission::Binary;
        }
    }
}

/// The network of a file in integers; the codes of its refusal.
fn quantised(path: &Path, record: &Value) -> Result<Graph, Vec<&'static str>> {
    let codes = |d: Vec<snnc_ir::diag::Diagnostic>| d.iter().map(|d| d.code.as_str()).collect::<Vec<_>>();
    let mut graph = Model::read(path, &ModelOptions::default()).map_err(codes)?.graph;
    as_recorded(&mut graph, record);
    let target = registry::quantiser("speck", None).unwrap();
    let done = target.quantise(&fold_for(&graph, target.averages())).map_err(codes)?.graph;
    assert_eq!(verify(&done), Ok(()), "{}", path.display());
    Ok(done)
}

fn sha256(graph: &Graph, id: NodeId) -> String {
    let weights = graph.weights(graph.node(id).op.weights().unwrap()).to_integer().unwrap();
    let bytes: Vec<u8> = weights.into_iter().flat_map(i32::to_le_bytes).collect();
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn spiking(graph: &Graph, id: NodeId) -> Option<&Spiking<i32>> {
    match &graph.node(id).op {
        Op::Neuron(n) => match n.as_ref() {
            Neuron::Integer(Spec { model: Kind::Spiking(m), .. }, _) => Some(m),
            _ => None,
        },
        _ => None,
    }
}

/// Finds each layer of the record by its weights, and compares its other integers.
fn matched(graph: Graph, record: &Value, what: &str) -> Net {
    let consumers = graph.consumers();
    let mut by_weights: BTreeMap<String, (NodeId, NodeId)> = BTreeMap::new();
    for id in graph.ids().filter(|id| graph.node(*id).op.weights().is_some()) {
        let neurons = consumers[id.index()][0];
        by_weights.insert(sha256(&graph, id), (id, neurons));
    }
    let mut layers = BTreeMap::new();
    for layer in record["layers"].as_array().unwrap() {
        let quant = &layer["quant"];
        let index = layer["index"].as_i64().unwrap();
        let found = by_weights.remove(quant["weight_sha256"].as_str().unwrap());
        let (connection, neurons) =
            found.unwrap_or_else(|| panic!("{what}: no layer has the weights of {index}"));
        let m = spiking(&graph, neurons).unwrap();
        let value = |p: &Param<i32>| i64::from(p.uniform().unwrap());
        assert_eq!(value(&m.threshold), quant["threshold_high"].as_i64().unwrap(), "{what}, layer {index}");
        let v_min = m.v_min.as_ref().map(value);
        assert_eq!(v_min, quant["threshold_low"].as_i64(), "{what}, layer {index}");
        layers.insert(index, (connection, neurons));
    }
    assert!(by_weights.is_empty(), "{what}: layers that the record has not");
    Net { graph, layers }
}

/// What the importer does not read, with the code of its refusal.
const NOT_IMPORTED: &[(&str, &str)] = &[
    // A sensor that is mirrored: a Slice with a step of -1.
    ("ok08_dvs_layer_pool_crop", "E0102"),
];

#[test]
fn integers_of_every_network_are_those_of_sinabs() {
    let Some(folder) = oracles() else {
        println!("skipped: no records beside the workspace");
        return;
    };
    let (mut nets, mut files, mut refused) = (0, 0, Vec::new());
    for record in records(&folder.join("models")) {
        let id = record["id"].as_str().unwrap();
        nets += 1;
        for path in forms(id) {
            let what = path.file_name().unwrap().to_string_lossy().into_owned();
            match quantised(&path, &record) {
                Ok(graph) => {
                    matched(graph, &record, &what);
                    files += 1;
                }
                Err(codes) => refused.push((id.to_owned(), codes[0])),
            }
        }
    }
    refused.dedup();
    let refused: Vec<(&str, &str)> = refused.iter().map(|(id, code)| (id.as_str(), *code)).collect();
    assert_eq!(refused, NOT_IMPORTED);
    println!("{nets} networks, {files} files");
    assert!(nets >= 20 && files >= 40);
}

/// Steps in which every tap is gathered too, which takes long.
const DENSE_STEPS: usize = 4;

/// The recorded input, a step a row.
fn raster(path: &Path) -> Vec<Vec<i32>> {
    let arrays: BTreeMap<_, _> = read_archive(path).unwrap().into_iter().collect();
    let shape = arrays["shape"].integers();
    let len: i64 = shape[1..].iter().product();
    let packed = arrays["raster"].integers();
    let bit = |k: usize| i32::from(packed[k / 8] >> (7 - k % 8) & 1 == 1);
    let row = |t: usize| (0..len as usize).map(|k| bit(t * len as usize + k)).collect();
    (0..shape[0] as usize).map(row).collect()
}

/// What a layer did over all steps.
#[derive(Clone, Debug, Default, PartialEq)]
struct Activity {
    in_events: i64,
    in_most: i64,
    spikes: i64,
    most: i64,
    synops: u64,
    membrane: [i64; 3],
}

fn integers(values: Values) -> Vec<i64> {
    match values {
        Values::Integer(v) => v.into_iter().map(i64::from).collect(),
        Values::Real(_) => panic!("an integer network"),
    }
}

/// Runs the recorded input; gives the activity of each layer and the sums of the outputs, in graph order.
fn run(net: &Net, input: &[Vec<i32>], execution: Execution) -> (BTreeMap<i64, Activity>, Vec<i64>) {
    let graph = &net.graph;
    let mut sim = Simulator::new(graph, execution);
    let mut activity: BTreeMap<i64, Activity> =
        net.layers.keys().map(|k| (*k, Activity::default())).collect();
    let fan_outs: BTreeMap<i64, Vec<u64>> = net
        .layers
        .iter()
        .map(|(k, (connection, _))| {
            let node = graph.node(*connection);
            (*k, fan_out(&node.op, graph.node(node.inputs[0]).shape, node.shape))
        })
        .collect();
    let outputs = graph.outputs();
    let mut sums: Vec<Vec<i64>> = outputs.iter().map(|id| vec![0; graph.node(*id).shape.len()]).collect();
    for step in input {
        sim.step(&[Values::Integer(step.clone())]).unwrap();
        for (k, (connection, neurons)) in &net.layers {
            let a = activity.get_mut(k).unwrap();
            let events = integers(sim.value(graph.node(*connection).inputs[0]));
            let spikes: i64 = integers(sim.value(*neurons)).iter().sum();
            let arrived: i64 = events.iter().sum();
            a.in_events += arrived;
            a.in_most = a.in_most.max(arrived);
            a.spikes += spikes;
            a.most = a.most.max(spikes);
            a.synops += events.iter().zip(&fan_outs[k]).map(|(n, f)| *n as u64 * f).sum::<u64>();
        }
        for (sum, id) in sums.iter_mut().zip(&outputs) {
            sum.iter_mut().zip(integers(sim.value(*id))).for_each(|(s, v)| *s += v);
        }
    }
    for (k, (_, neurons)) in &net.layers {
        let v = integers(sim.membrane(*neurons).unwrap());
        // The sum is recorded as a 32-bit float.
        let ends = [v.iter().sum::<i64>() as f32 as i64, *v.iter().min().unwrap(), *v.iter().max().unwrap()];
        activity.get_mut(k).unwrap().membrane = ends;
    }
    (activity, sums.concat())
}

fn recorded(layer: &Value) -> Activity {
    let whole = |name: &str| layer[name].as_f64().unwrap() as i64;
    Activity {
        in_events: whole("in_events"),
        in_most: whole("in_events_max_per_step"),
        spikes: whole("out_spikes"),
        most: whole("out_spikes_max_per_step"),
        // A sum of 32-bit floats.
        synops: layer["synops_exact"].as_f64().unwrap().round() as u64,
        membrane: [whole("v_mem_sum"), whole("v_mem_min"), whole("v_mem_max")],
    }
}

#[test]
fn activity_of_every_network_is_the_recorded_one() {
    let Some(folder) = oracles() else {
        println!("skipped: no records beside the workspace");
        return;
    };
    let mut compared = 0;
    for record in records(&folder.join("activity")) {
        let id = record["id"].as_str().unwrap();
        if NOT_IMPORTED.iter().any(|(name, _)| *name == id) {
            println!("{id}: not imported");
            continue;
        }
        let model = json(&folder.join(format!("models/{id}.json")));
        let path = forms(id).remove(0);
        let net = matched(quantised(&path, &model).unwrap(), &model, id);
        let input = raster(&folder.join(format!("activity/{id}.raster.npz")));
        let (activity, outputs) = run(&net, &input, Execution::EventDriven);
        for layer in record["layers"].as_array().unwrap() {
            let index = layer["index"].as_i64().unwrap();
            assert_eq!(activity[&index], recorded(layer), "{id}, layer {index}");
        }
        if !record["output_counts"].is_null() {
            let counts: Vec<i64> = floats(&record["output_counts"]).into_iter().map(|v| v as i64).collect();
            // The first 64 are recorded.
            assert_eq!(counts.len(), outputs.len().min(64), "{id}");
            assert_eq!(outputs[..counts.len()], counts, "{id}");
        }
        let first = &input[..DENSE_STEPS];
        let events = run(&net, first, Execution::EventDriven);
        assert_eq!(run(&net, first, Execution::Dense), events, "{id}, every tap gathered");
        compared += 1;
    }
    println!("{compared} networks");
    assert!(compared >= 17);
}
