//! The front end and the interpreter against ONNX Runtime's outputs, on models that others exported.
//!
//! The models are not part of the workspace; without them the test says so and passes.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use snnc_frontends::onnx::{HeldState, Imported, Options, StatePart, import, read};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Integrator, Model, Neuron, Spec, Spiking};
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_tests::corpus::{onnx_files, shared_models};
use snnc_tests::pb::{self, Case, Tensor};

/// Greatest difference of a real value: sums are taken in another order.
const TOLERANCE: f32 = 1e-4;

fn options() -> Options {
    Options { steps: None, ..Options::default() }
}

/// Puts the states that the case starts with into the neurons that read them.
fn set_states(
    graph: &mut Graph,
    held: &[HeldState],
    model: &snnc_frontends::onnx::Model,
    case: &Case,
    sample: usize,
) {
    for state in held {
        let (Some(tensor), Some(node)) =
            (case.inputs.iter().find(|t| t.name == state.input), graph.nodes.get_mut(state.layer.index()))
        else {
            continue;
        };
        let len = node.shape.len();
        let start = Some(Param::PerNeuron(tensor.values[sample * len..(sample + 1) * len].to_vec()));
        let Op::Neuron(neuron) = &mut node.op else { continue };
        let Neuron::Real(Spec { model, .. }) = neuron.as_mut() else { continue };
        match (model, state.part) {
            (Model::Spiking(s), StatePart::Membrane) => s.initial = start,
            (Model::Spiking(Spiking { current: Some(current), .. }), StatePart::Current) => {
                current.initial = start;
            }
            (Model::Integrator(Integrator { initial, .. }), StatePart::Membrane) => *initial = start,
            _ => {}
        }
    }
    let nodes = model.proto().graph.as_ref().map_or(&[][..], |g| &g.node);
    for tensor in &case.inputs[1..] {
        let Some((node, slot)) =
            nodes.iter().find_map(|n| Some((n, n.input.iter().position(|i| *i == tensor.name)?)))
        else {
            continue;
        };
        let reader =
            graph.nodes.iter_mut().find(|n| n.origin.contains(&node.name) && matches!(n.op, Op::Neuron(_)));
        let Some(reader) = reader else { continue };
        let len = reader.shape.len();
        let start = Param::PerNeuron(tensor.values[sample * len..(sample + 1) * len].to_vec());
        let Op::Neuron(neuron) = &mut reader.op else { continue };
        if let Neuron::Real(Spec { model, .. }) = neuron.as_mut() {
            match model {
                Model::Spiking(Spiking { initial, .. }) if slot == 1 => *initial = Some(start),
                Model::Spiking(Spiking { current: Some(current), .. }) => current.initial = Some(start),
                Model::Integrator(Integrator { initial, .. }) => *initial = Some(start),
                _ => {}
            }
        }
    }
}

/// Samples of the case and steps of each, from the number of elements of the first input.
fn size(graph: &Graph, input: &Tensor) -> (usize, usize) {
    let len = graph.node(graph.inputs()[0]).shape.len();
    let all = input.values.len() / len;
    let steps = graph.steps as usize;
    (all / steps, steps)
}

fn close(got: &[f64], want: &[f32], exact: bool) -> Result<(), String> {
    for (k, (g, w)) in got.iter().zip(want).enumerate() {
        let difference = (*g as f32 - w).abs();
        if difference > if exact { 0.0 } else { TOLERANCE * w.abs().max(1.0) } {
            return Err(format!("element {k} is {g} instead of {w}"));
        }
    }
    Ok(())
}

fn is_spikes(graph: &Graph, id: NodeId) -> bool {
    let source = graph.node(graph.node(id).inputs[0]);
    matches!(&source.op, Op::Neuron(n) if matches!(n.as_ref(), Neuron::Real(Spec { model: Model::Spiking(_), .. })))
}

fn check(imported: &Imported, model: &snnc_frontends::onnx::Model, case: &Case) -> Result<(), String> {
    let graph = &imported.graph;
    let (samples, steps) = size(graph, &case.inputs[0]);
    if samples > 1 && steps > 1 {
        return Err("a batch of sequences is not compared".into());
    }
    for sample in 0..samples {
        let mut graph = graph.clone();
        set_states(&mut graph, &imported.states, model, case, sample);
        let mut sim = Simulator::new(&graph, Execution::EventDriven);
        for step in 0..steps {
            let len = graph.node(graph.inputs()[0]).shape.len();
            let at = (sample * steps + step) * len;
            let inputs = [Values::Real(case.inputs[0].values[at..at + len].to_vec())];
            sim.step(&inputs).map_err(|e| e.to_string())?;
            for id in graph.outputs() {
                let node = graph.node(id);
                let Some(want) = case.outputs.iter().find(|o| o.name == node.name) else { continue };
                let len = node.shape.len();
                let at = (sample * steps + step) * len;
                let want = want.values.get(at..at + len).ok_or("the recorded output is shorter")?;
                close(&sim.value(id).to_f64(), want, is_spikes(&graph, id))
                    .map_err(|e| format!("{} of sample {sample}, step {step}: {e}", node.name))?;
            }
        }
    }
    Ok(())
}

#[test]
fn outputs_are_those_of_onnx_runtime() {
    let Some(models) = shared_models() else {
        println!("skipped: the corpus of exported models is not here");
        return;
    };
    let golden = models.join("onnx/golden");
    let (mut compared, mut failed) = (0, Vec::new());
    for path in onnx_files(&models.join("onnx")) {
        let Ok(relative) = path.strip_prefix(models.join("onnx")) else { continue };
        let folder: &Path = &golden.join(relative);
        if !folder.is_dir() {
            continue;
        }
        let Ok(model) = read(&path) else { continue };
        let case = pb::load(folder).unwrap();
        let imported = match import(&model, &options()) {
            // A step form; a sequence that leaves its number of steps open is compared elsewhere.
            Err(_) => import(&model, &Options { steps: Some(1), ..options() })
                .ok()
                .filter(|_| case.inputs.len() > 1),
            Ok(imported) => Some(imported),
        };
        let Some(imported) = imported else { continue };
        // A network cannot start from what a unit has given out before, and only steps are compared here.
        if imported.states.iter().any(|s| s.part == StatePart::Reference) || !imported.readouts.is_empty() {
            continue;
        }
        if case.inputs.is_empty() || imported.graph.inputs().len() != 1 {
            continue;
        }
        compared += 1;
        if let Err(e) = check(&imported, &model, &case) {
            failed.push(format!("{}: {e}", relative.display()));
        }
    }
    println!("{compared} models compared");
    assert!(compared >= 20, "only {compared} models were compared");
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
}
