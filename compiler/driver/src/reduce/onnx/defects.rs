//! What of a message is not as ONNX wants it.

use std::collections::BTreeSet;

use snnc_frontends::onnx::proto::{GraphProto, ModelProto, NodeProto};

/// How many rules of ONNX are broken: values that nothing makes or two make, nodes and graphs that give out
/// nothing, domains without a version. A model is not reduced to one that breaks more than it did.
pub(super) fn count(model: &ModelProto) -> usize {
    let domain = |d: &str| if d == "ai.onnx" { String::new() } else { d.to_owned() };
    let versions: BTreeSet<String> = model.opset_import.iter().map(|o| domain(&o.domain)).collect();
    let mut out = 0;
    if let Some(graph) = &model.graph {
        out += of_graph(graph, &BTreeSet::new());
        let unversioned = |n: &&NodeProto| !versions.contains(&domain(&n.domain));
        out += graph.node.iter().filter(unversioned).count();
    }
    for function in &model.functions {
        let mut names = Names::default();
        function.input.iter().for_each(|name| names.make(name));
        function.node.iter().flat_map(|n| &n.output).for_each(|name| names.make(name));
        out += names.twice + of_nodes(&function.node, &names.made);
        out += function.output.iter().filter(|o| !names.made.contains(o.as_str())).count();
    }
    out
}

#[derive(Default)]
struct Names<'m> {
    made: BTreeSet<&'m str>,
    twice: usize,
}

impl<'m> Names<'m> {
    fn make(&mut self, name: &'m str) {
        if !name.is_empty() && !self.made.insert(name) {
            self.twice += 1;
        }
    }
}

/// `outer`: the values around a subgraph.
fn of_graph(graph: &GraphProto, outer: &BTreeSet<&str>) -> usize {
    let mut names = Names::default();
    let inputs: BTreeSet<&str> = graph.input.iter().map(|i| i.name.as_str()).collect();
    graph.input.iter().for_each(|i| names.make(&i.name));
    // An initialiser may be the default of an input.
    let initializers = graph.initializer.iter().map(|t| t.name.as_str());
    initializers.filter(|name| !inputs.contains(name)).for_each(|name| names.make(name));
    let sparse = graph.sparse_initializer.iter().flat_map(|s| &s.values);
    sparse.for_each(|t| names.make(&t.name));
    graph.node.iter().flat_map(|n| &n.output).for_each(|name| names.make(name));
    let visible: BTreeSet<&str> = names.made.union(outer).copied().collect();
    let missing = graph.output.iter().filter(|o| !visible.contains(o.name.as_str())).count();
    names.twice + missing + usize::from(graph.output.is_empty()) + of_nodes(&graph.node, &visible)
}

fn of_nodes(nodes: &[NodeProto], visible: &BTreeSet<&str>) -> usize {
    let mut out = 0;
    for node in nodes {
        out += node.input.iter().filter(|i| !i.is_empty() && !visible.contains(i.as_str())).count();
        out += usize::from(node.output.iter().all(String::is_empty));
        for attribute in &node.attribute {
            let graphs = attribute.g.iter().chain(&attribute.graphs);
            out += graphs.map(|g| of_graph(g, visible)).sum::<usize>();
        }
    }
    out
}
