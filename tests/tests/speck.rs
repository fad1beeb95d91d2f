//! Speck's integers and a run in them against sinabs, on the networks of `tests/models/speck`.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use snnc_driver::model::{Model, ModelOptions};
use snnc_driver::pass::fold::fold_for;
use snnc_driver::registry;
use snnc_driver::sample::{Array, read_archive};
use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::verify::verify;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Model as Kind, Neuron, Spec};
use snnc_ir::sim::{Execution, Simulator, Values};

const CASES: [&str; 3] = ["averages", "chain", "residual"];

struct Case {
    graph: Graph,
    warnings: Vec<Diagnostic>,
    arrays: BTreeMap<String, Array>,
    /// Connection and neurons of each recorded layer.
    layers: Vec<(NodeId, NodeId)>,
}

impl Case {
    fn read(name: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/speck").join(name);
        let model = Model::read(&file.with_extension("onnx"), &ModelOptions::default()).unwrap();
        let target = registry::quantiser("speck", None).unwrap();
        let done = target.quantise(&fold_for(&model.graph, target.averages())).unwrap();
        assert_eq!(verify(&done.graph), Ok(()), "{name}");
        let arrays = read_archive(&file.with_extension("npz")).unwrap().into_iter().collect();
        let mut case = Self { graph: done.graph, warnings: done.warnings, arrays, layers: Vec::new() };
        case.layers = (0..).map_while(|k| case.layer(k)).collect();
        case
    }

    fn array(&self, name: &str, layer: usize) -> Option<Vec<i32>> {
        let array = self.arrays.get(&format!("{name}.{layer}"))?;
        Some(array.integers().into_iter().map(|v| v as i32).collect())
    }

    /// The layer with the recorded weights.
    fn layer(&self, k: usize) -> Option<(NodeId, NodeId)> {
        let wanted = self.array("weight", k)?;
        let has = |id: &NodeId| {
            let weights = self.graph.node(*id).op.weights().map(|w| self.graph.weights(w));
            weights.is_some_and(|w| w.to_integer().unwrap() == wanted)
        };
        let found = self.graph.ids().find(has).unwrap_or_else(|| panic!("no layer has the weights of {k}"));
        Some((found, self.graph.consumers()[found.index()][0]))
    }
}

fn bias(op: &Op) -> Option<Vec<i32>> {
    match op {
        Op::Conv2d(Conv2d { bias: Some(Bias::Integer(b)), .. })
        | Op::Linear(Linear { bias: Some(Bias::Integer(b)), .. }) => Some(b.values().to_vec()),
        _ => None,
    }
}

fn limits(op: &Op) -> Vec<i32> {
    let Op::Neuron(neuron) = op else { panic!("a layer of neurons") };
    let Neuron::Integer(Spec { model: Kind::Spiking(m), .. }, _) = neuron.as_ref() else {
        panic!("spiking integer neurons")
    };
    let one = |p: &Param<i32>| p.uniform().unwrap();
    vec![m.v_min.as_ref().map(one).unwrap(), one(&m.threshold)]
}

#[test]
fn integers_are_those_of_sinabs() {
    for name in CASES {
        let case = Case::read(name);
        let connections = case.graph.nodes.iter().filter(|n| n.op.weights().is_some()).count();
        assert_eq!(case.layers.len(), connections, "{name}");
        for (k, (connection, neurons)) in case.layers.iter().enumerate() {
            let node = case.graph.node(*connection);
            assert_eq!(bias(&node.op), case.array("bias", k), "{name}, bias {k}");
            assert_eq!(
                limits(&case.graph.node(*neurons).op),
                case.array("limits", k).unwrap(),
                "{name}, {k}"
            );
        }
    }
}

#[test]
fn a_run_in_them_is_that_of_sinabs() {
    for name in CASES {
        let case = Case::read(name);
        let input = case.arrays["x"].integers();
        let steps = case.arrays["x"].shape[0];
        for execution in [Execution::EventDriven, Execution::Dense] {
            let mut sim = Simulator::new(&case.graph, execution);
            let mut spikes: Vec<Vec<i32>> = vec![Vec::new(); case.layers.len()];
            for step in input.chunks(input.len() / steps) {
                let step = step.iter().map(|v| *v as i32).collect();
                sim.step(&[Values::Integer(step)]).unwrap();
                for (all, (_, neurons)) in spikes.iter_mut().zip(&case.layers) {
                    all.extend(sim.value(*neurons).to_f64().iter().map(|v| *v as i32));
                }
            }
            for (k, (_, neurons)) in case.layers.iter().enumerate() {
                assert_eq!(spikes[k], case.array("spikes", k).unwrap(), "{name}, spikes {k}, {execution:?}");
                let membrane = Values::Integer(case.array("membrane", k).unwrap());
                assert_eq!(sim.membrane(*neurons), Some(membrane), "{name}, membrane {k}, {execution:?}");
            }
        }
    }
}

#[test]
fn averages_that_do_not_agree_are_told() {
    for name in CASES {
        let about = |d: &&Diagnostic| d.code == Code::LossyQuantisation && d.message.contains("averages");
        let told: Vec<Diagnostic> = Case::read(name).warnings.iter().filter(about).cloned().collect();
        let labels: Vec<&str> = told.iter().filter_map(|d| d.label.as_deref()).collect();
        if name == "averages" {
            assert_eq!(labels.len(), 1);
            assert!(labels[0].contains("0.08") && labels[0].contains("0.0625 and 0.25"), "{labels:?}");
        } else {
            assert_eq!(labels, [""; 0]);
        }
    }
}
