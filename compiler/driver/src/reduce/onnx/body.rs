//! Every list of nodes of a model.

use snnc_frontends::onnx::proto::{
    FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

/// A graph, a subgraph or the body of a function.
pub(super) struct Body<'m> {
    pub(super) nodes: &'m mut Vec<NodeProto>,
    /// Whether it is the model's graph: elsewhere inputs and outputs have their place.
    pub(super) top: bool,
    /// What is there of a graph and not of a function.
    pub(super) graph: Option<Graph<'m>>,
}

/// The other lists of a graph.
pub(super) struct Graph<'m> {
    pub(super) inputs: &'m mut Vec<ValueInfoProto>,
    pub(super) outputs: &'m mut Vec<ValueInfoProto>,
    pub(super) initializers: &'m mut Vec<TensorProto>,
    pub(super) info: &'m mut Vec<ValueInfoProto>,
}

/// Calls `f` with every body: the model's graph, its functions, and after each body the subgraphs in it.
pub(super) fn each(model: &mut ModelProto, f: &mut dyn FnMut(Body<'_>)) {
    model.graph.iter_mut().for_each(|g| of_graph(g, true, f));
    model.functions.iter_mut().for_each(|function| of_function(function, f));
}

fn of_graph(graph: &mut GraphProto, top: bool, f: &mut dyn FnMut(Body<'_>)) {
    let GraphProto { node, input, output, initializer, value_info, .. } = &mut *graph;
    let lists = Graph { inputs: input, outputs: output, initializers: initializer, info: value_info };
    f(Body { nodes: node, top, graph: Some(lists) });
    below(&mut graph.node, f);
}

fn of_function(function: &mut FunctionProto, f: &mut dyn FnMut(Body<'_>)) {
    f(Body { nodes: &mut function.node, top: false, graph: None });
    below(&mut function.node, f);
}

/// The decoder bounds how deep subgraphs are nested.
fn below(nodes: &mut [NodeProto], f: &mut dyn FnMut(Body<'_>)) {
    for attribute in nodes.iter_mut().flat_map(|n| &mut n.attribute) {
        attribute.g.iter_mut().chain(&mut attribute.graphs).for_each(|g| of_graph(g, false, f));
    }
}

/// The model with body number `k`, in the order of [`each`], changed; `None` when `f` says so.
pub(super) fn changed(
    model: &ModelProto,
    k: usize,
    f: &dyn Fn(&mut Body<'_>) -> Option<()>,
) -> Option<ModelProto> {
    let mut model = model.clone();
    let mut at = 0;
    let mut done = None;
    each(&mut model, &mut |mut body| {
        if at == k {
            done = f(&mut body);
        }
        at += 1;
    });
    done.map(|()| model)
}
