//! Moves that take out nodes.

use std::collections::{BTreeMap, BTreeSet};

use snnc_frontends::onnx::proto::attribute_proto::AttributeType;
use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_frontends::onnx::proto::{NodeProto, TypeProto, ValueInfoProto, type_proto};

use super::File;
use super::body::{Body, changed, each};
use crate::reduce::search::{Move, chunks};

/// How many nodes each body has.
fn sizes(file: &File) -> Vec<usize> {
    let mut out = Vec::new();
    each(&mut file.0.clone(), &mut |body| out.push(body.nodes.len()));
    out
}

/// A graph up to a node, whose outputs become the only ones of the graph.
pub(super) fn behind(file: &File) -> Vec<Move<File>> {
    let mut out: Vec<Move<File>> = Vec::new();
    let nodes = sizes(file).first().copied().unwrap_or(0);
    for end in 0..nodes {
        out.push(Box::new(move |file| {
            let ends = |body: &mut Body<'_>| {
                let outputs: Vec<String> =
                    body.nodes.get(end)?.output.iter().filter(|o| !o.is_empty()).cloned().collect();
                let infos = known(body);
                let graph = body.graph.as_mut()?;
                *graph.outputs = outputs
                    .into_iter()
                    .map(|name| infos.get(&name).cloned().unwrap_or_else(|| untyped(name)))
                    .collect();
                tidy(body);
                Some(())
            };
            changed(&file.0, 0, &ends).map(File)
        }));
    }
    out
}

/// Nodes that are left out, many at once first; what others read of them becomes an input of the graph.
pub(super) fn drop(file: &File) -> Vec<Move<File>> {
    let mut out: Vec<Move<File>> = Vec::new();
    for (k, len) in sizes(file).into_iter().enumerate() {
        for range in chunks(len) {
            for dead in [true, false] {
                let range = range.clone();
                out.push(Box::new(move |file| {
                    changed(&file.0, k, &|body| without(body, range.clone(), dead)).map(File)
                }));
            }
        }
    }
    out
}

/// Nodes that are passed by: what reads their first output reads one of their inputs instead.
pub(super) fn bypass(file: &File) -> Vec<Move<File>> {
    let mut out: Vec<Move<File>> = Vec::new();
    let mut k = 0;
    each(&mut file.0.clone(), &mut |body| {
        for (at, node) in body.nodes.iter().enumerate() {
            for input in 0..node.input.len() {
                out.push(Box::new(move |file| changed(&file.0, k, &|body| past(body, at, input)).map(File)));
            }
        }
        k += 1;
    });
    out
}

fn without(body: &mut Body<'_>, range: std::ops::Range<usize>, dead: bool) -> Option<()> {
    let infos = known(body);
    let gone: BTreeSet<String> =
        body.nodes.get(range.clone())?.iter().flat_map(|n| n.output.iter().cloned()).collect();
    body.nodes.drain(range);
    if let Some(graph) = &mut body.graph {
        graph.outputs.retain(|o| !gone.contains(&o.name));
    }
    if dead {
        tidy(body);
    }
    let read = read(body);
    let missing = gone.into_iter().filter(|name| !name.is_empty() && read.contains(name));
    if let Some(graph) = &mut body.graph {
        graph.inputs.extend(missing.map(|name| infos.get(&name).cloned().unwrap_or_else(|| untyped(name))));
    }
    Some(())
}

fn past(body: &mut Body<'_>, at: usize, input: usize) -> Option<()> {
    let node = body.nodes.get(at)?;
    let (from, to) = (node.output.first()?.clone(), node.input.get(input)?.clone());
    if from.is_empty() || to.is_empty() || from == to {
        return None;
    }
    if let Some(graph) = &mut body.graph {
        // An output keeps its name only as long as something makes it.
        graph.outputs.iter_mut().filter(|o| o.name == from).for_each(|o| o.name.clone_from(&to));
    }
    body.nodes.remove(at);
    rename(body.nodes, &from, &to);
    tidy(body);
    Some(())
}

/// Replaces reads of a value, in subgraphs too.
fn rename(nodes: &mut [NodeProto], from: &str, to: &str) {
    for node in nodes {
        node.input.iter_mut().filter(|i| *i == from).for_each(|i| to.clone_into(i));
        for attribute in &mut node.attribute {
            for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                rename(&mut graph.node, from, to);
            }
        }
    }
}

/// Type and shape of every value that the graph says something of.
fn known(body: &Body<'_>) -> BTreeMap<String, ValueInfoProto> {
    let Some(graph) = &body.graph else { return BTreeMap::new() };
    let all = graph.info.iter().chain(graph.inputs.iter()).chain(graph.outputs.iter());
    all.map(|info| (info.name.clone(), info.clone())).collect()
}

/// A real value of unknown shape.
fn untyped(name: String) -> ValueInfoProto {
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape: None };
    let value = Some(type_proto::Value::TensorType(tensor));
    let r#type = Some(TypeProto { value, ..TypeProto::default() });
    ValueInfoProto { name, r#type, ..ValueInfoProto::default() }
}

/// Every value that is read: by a node, in a subgraph, as an output.
fn read(body: &Body<'_>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    reads(body.nodes, &mut out);
    if let Some(graph) = &body.graph {
        out.extend(graph.outputs.iter().map(|o| o.name.clone()));
    }
    out
}

fn reads(nodes: &[NodeProto], out: &mut BTreeSet<String>) {
    for node in nodes {
        out.extend(node.input.iter().cloned());
        for attribute in node.attribute.iter().filter(|a| a.r#type() == AttributeType::Graph || a.g.is_some())
        {
            for graph in attribute.g.iter().chain(&attribute.graphs) {
                reads(&graph.node, out);
                out.extend(graph.output.iter().map(|o| o.name.clone()));
            }
        }
    }
}

/// Leaves out what no output of the model's graph needs: nodes, initialisers, inputs, types of values.
fn tidy(body: &mut Body<'_>) {
    let Some(graph) = body.graph.as_mut().filter(|_| body.top) else { return };
    let mut needed: BTreeSet<String> = graph.outputs.iter().map(|o| o.name.clone()).collect();
    let mut keep = vec![false; body.nodes.len()];
    // Nodes stand after what they read; in a file where they do not, a second round finds the rest.
    loop {
        let before = needed.len();
        for (node, keep) in body.nodes.iter().zip(&mut keep).rev() {
            if !*keep && node.output.iter().any(|o| !o.is_empty() && needed.contains(o)) {
                *keep = true;
                reads(std::slice::from_ref(node), &mut needed);
            }
        }
        if needed.len() == before {
            break;
        }
    }
    let mut flags = keep.iter();
    body.nodes.retain(|_| flags.next() == Some(&true));
    graph.initializers.retain(|t| needed.contains(&t.name));
    graph.inputs.retain(|i| needed.contains(&i.name));
    graph.info.retain(|i| needed.contains(&i.name));
}
