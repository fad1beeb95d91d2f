//! Every operator of `ai.snnc`: the importer and the interpreter against ONNX Runtime, bit for bit.
//!
//! The cases are made by `tests/conformance/generate.py`, which runs each operator's function body.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use snnc_driver::sample::{Array, read_archive};
use snnc_frontends::onnx::{Options, import, read};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, Number};
use snnc_ir::sim::{Execution, Simulator, Values};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/ai_snnc");
    let mut out: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "onnx"))
        .collect();
    out.sort();
    out
}

/// The bits that count: both zeros are one.
fn bits(values: &Values) -> Vec<u32> {
    match values {
        Values::Real(v) => v.iter().map(|v| (v + 0.0).to_bits()).collect(),
        Values::Integer(v) => v.iter().map(|v| *v as u32).collect(),
    }
}

fn values(array: &Array, number: Number, start: usize, len: usize) -> Values {
    match number {
        Number::Real => Values::Real(array.reals(start, len)),
        Number::Integer => Values::Integer(array.ints(start, len)),
    }
}

fn run(graph: &Graph, arrays: &BTreeMap<String, Array>, execution: Execution) -> Result<(), String> {
    let x = &arrays["x"];
    let (result, expected) = ["s", "y"].iter().find_map(|n| Some((*n, arrays.get(*n)?))).unwrap();
    let neuron = graph.ids().find(|id| matches!(graph.node(*id).op, Op::Neuron(_))).ok_or("no neuron")?;
    let len = graph.node(neuron).shape.len();
    let mut sim = Simulator::new(graph, execution);
    for step in 0..x.shape[0] {
        sim.step(&[values(x, graph.number, step * len, len)]).map_err(|e| e.to_string())?;
        let (got, want) = (sim.value(neuron), values(expected, graph.number, step * len, len));
        if bits(&got) != bits(&want) {
            return Err(format!("{result} in step {step}: {got:?} instead of {want:?}"));
        }
    }
    let states = [
        ("v_out", sim.membrane(neuron)),
        ("sigma_out", sim.membrane(neuron)),
        ("i_out", sim.current(neuron)),
        ("ref_out", sim.current(neuron)),
    ];
    for (name, got) in states {
        if let Some(want) = arrays.get(name) {
            let want = values(want, graph.number, 0, len);
            if got.as_ref().map(bits) != Some(bits(&want)) {
                return Err(format!("{name}: {got:?} instead of {want:?}"));
            }
        }
    }
    Ok(())
}

#[test]
fn every_operator_gives_the_bits_of_onnx_runtime() {
    let cases = cases();
    assert!(cases.len() > 400, "only {} cases", cases.len());
    let mut failed = Vec::new();
    for case in &cases {
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        let arrays: BTreeMap<String, Array> =
            read_archive(&case.with_extension("npz")).unwrap().into_iter().collect();
        let steps = u32::try_from(arrays["x"].shape[0]).unwrap();
        let model = read(case).unwrap();
        // A sequence operator has its own length; the step form is told.
        let options = Options { steps: (!name.contains("Seq_")).then_some(steps), ..Options::default() };
        match import(&model, &options) {
            Ok(imported) => {
                assert_eq!(imported.graph.steps, steps, "{name}");
                if let Err(e) = run(&imported.graph, &arrays, Execution::EventDriven) {
                    failed.push(format!("{name}: {e}"));
                }
            }
            Err(list) => failed.push(format!("{name}: {}", list[0])),
        }
    }
    assert!(failed.is_empty(), "{} of {} differ:\n{}", failed.len(), cases.len(), failed.join("\n"));
}
