//! What is worth knowing of a file beside the layers that were read from it.

use super::ai_snnc;
use super::file::Model;
use super::importer::{Options, domain};
use super::lift::Readout;
use super::proto::{FunctionProto, NodeProto};
use std::collections::{BTreeMap, BTreeSet};

/// Operators that change nothing when a network is run.
const IDLE: &[&str] = &["Dropout", "Identity"];

/// Notes on a model as it is in the file.
pub(crate) fn of(model: &Model, options: &Options) -> Vec<String> {
    let mut out = Vec::new();
    let metadata = &model.proto().metadata_props;
    if options.steps.is_some() {
        out.push("the number of steps is the one given with --steps".to_owned());
    } else if metadata.iter().any(|p| p.key == "snnc.steps") {
        out.push("the number of steps is that of the metadata snnc.steps".to_owned());
    }
    let Some(graph) = model.graph() else { return out };
    let mut idle: BTreeMap<&str, usize> = BTreeMap::new();
    for node in graph.node.iter().filter(|n| IDLE.contains(&n.op_type.as_str())) {
        *idle.entry(&node.op_type).or_default() += 1;
    }
    if !idle.is_empty() {
        let list: Vec<String> = idle.iter().map(|(op, n)| format!("{n} {op}")).collect();
        out.push(format!("left out: {}; they change nothing when the network is run", list.join(", ")));
    }
    let used: BTreeSet<&str> = graph.node.iter().map(|n| domain(&n.domain)).collect();
    let imports = model.proto().opset_import.iter().map(|o| domain(&o.domain));
    let unused: Vec<&str> = imports.filter(|d| !used.contains(d)).collect();
    if !unused.is_empty() {
        out.push(format!("left out: operator sets that no node uses ({})", unused.join(", ")));
    }
    let known = |f: &&FunctionProto| {
        let call = NodeProto { op_type: f.name.clone(), domain: f.domain.clone(), ..NodeProto::default() };
        ai_snnc::is_known(&call)
    };
    let functions = &model.proto().functions;
    let named = functions.iter().filter(known).count();
    if named > 0 {
        out.push(format!("{named} ai.snnc operator(s) were read by name; their bodies calculate the same"));
    }
    let inner = functions.len() - named;
    if inner > 0 {
        out.push(format!("calls of {inner} function(s) were replaced by their bodies"));
    }
    out
}

/// Notes on the steps that were found.
pub(crate) fn time(copies: Option<usize>, readouts: &[(String, Readout)]) -> Vec<String> {
    let mut out = Vec::new();
    match copies {
        Some(copies) => out.push(format!("one step was found in {copies} copies of it, which were compared")),
        None => out.push("the file holds one step; its states are graph inputs and outputs".to_owned()),
    }
    for (name, readout) in readouts {
        let what = match readout {
            Readout::Each => continue,
            Readout::Last => "the value of the last step",
            Readout::Sum => "the sum over all steps",
            Readout::Mean => "the mean over all steps",
        };
        out.push(format!("output '{name}' is {what} in the file; the network gives out every step"));
    }
    out
}
