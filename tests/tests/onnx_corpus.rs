//! Every file of the corpus is imported or refused with codes and names.
#![allow(clippy::unwrap_used, clippy::panic)]

use snnc_frontends::onnx::{Options, import, read};
use snnc_ir::diag::Diagnostics;
use snnc_ir::graph::Graph;
use snnc_ir::graph::op::Op;
use snnc_tests::corpus::{onnx_files, shared_models};
use snnc_tests::pb;
use std::collections::BTreeMap;
use std::path::Path;

fn try_import(path: &Path, options: &Options) -> Result<Graph, Diagnostics> {
    Ok(import(&read(path)?, options)?.graph)
}

fn check_refusals(path: &Path, refusals: &Diagnostics) {
    assert!(!refusals.is_empty(), "{}: refused without a reason", path.display());
    for d in refusals {
        assert!(!d.message.is_empty(), "{}: {d:?}", path.display());
        assert!(d.at.as_ref().is_none_or(|at| !at.node.is_empty()), "{}: {d:?}", path.display());
        // A verified graph is the importer's own promise: the user cannot mend it.
        assert!(d.code.as_str() != "E0302", "{}: {d}", path.display());
    }
}

#[test]
fn every_file_is_imported_or_refused_with_reasons() {
    let Some(models) = shared_models() else {
        println!("skipped: no corpus beside the workspace");
        return;
    };
    let mut imported = Vec::new();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    let files = onnx_files(&models);
    for path in &files {
        let with_steps = Options { steps: Some(4), ..Options::default() };
        match try_import(path, &Options::default()).or_else(|first| {
            // A step form that does not say how many steps it runs.
            if first.iter().any(|d| d.code.as_str() == "E0205") {
                try_import(path, &with_steps)
            } else {
                Err(first)
            }
        }) {
            Ok(graph) => imported.push((path.clone(), graph)),
            Err(refusals) => {
                check_refusals(path, &refusals);
                let all: std::collections::BTreeSet<&str> =
                    refusals.iter().map(|d| d.code.as_str()).collect();
                all.into_iter().for_each(|code| *codes.entry(code).or_default() += 1);
                if std::env::var_os("SNNC_VERBOSE").is_some() {
                    println!("{}", path.display());
                    refusals.iter().for_each(|d| println!("    {d}"));
                }
            }
        }
    }
    println!(
        "{} of {} files are imported; files by code of a refusal: {codes:?}",
        imported.len(),
        files.len()
    );
    for (path, graph) in &imported {
        println!("{} T={} layers={}", path.display(), graph.steps, graph.nodes.len());
    }
    let name = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let names: Vec<String> = imported.iter().map(|(p, _)| name(p)).collect();
    for wanted in [
        "lif_function.onnx",
        "proto_snntorch_leaky_sub.onnx",
        "proto_snntorch_synaptic.onnx",
        "proto_sinabs_iafsqueeze_multispike.onnx",
        "proto_spikingjelly_lif_multi.onnx",
        "ann_relu.ts.qdq_s8s8_pc.onnx",
        "ok01_mnist_docs_trained.snn_customop_legacy.onnx",
    ] {
        assert!(names.iter().any(|n| n == wanted), "{wanted} is not imported");
    }
}

#[test]
fn stored_samples_fit_the_imported_networks() {
    let Some(models) = shared_models() else {
        println!("skipped: no corpus beside the workspace");
        return;
    };
    let mut checked = 0;
    for path in onnx_files(&models.join("onnx/convention")) {
        let Ok(graph) = try_import(&path, &Options { steps: Some(1), ..Options::default() }) else {
            continue;
        };
        let folder = models.join("onnx/golden/convention").join(path.file_name().expect("a file"));
        if !folder.is_dir() {
            continue;
        }
        let case = pb::load(&folder).expect("the stored tensors are readable");
        for id in graph.inputs() {
            let node = graph.node(id);
            assert!(matches!(node.op, Op::Input(_)));
            let tensor = case.inputs.iter().find(|t| t.name == node.name);
            let tensor = tensor.or(case.inputs.first()).expect("a tensor for each input");
            assert_eq!(tensor.values.len() % node.shape.len(), 0, "{}: {}", path.display(), node.name);
        }
        checked += 1;
    }
    assert!(checked > 5, "only {checked} samples were found");
}
