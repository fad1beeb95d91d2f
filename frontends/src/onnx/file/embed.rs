//! A model as a message that stands alone.

use super::super::proto::{GraphProto, ModelProto, NodeProto, TensorProto, tensor_proto::DataLocation};
use super::decode::decode;
use super::external::{ExternalData, is_external};
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_mapfile::Mapping;
use std::path::Path;

/// Decodes an ONNX file, with external data taken into the message where all of it can be read: what is
/// changed of it can be written anywhere.
///
/// # Errors
/// When the file cannot be read (`E0001`), is empty (`E0002`), no ONNX model (`E0003`) or cut (`E0004`).
pub fn message(path: &Path) -> Result<ModelProto, Diagnostics> {
    let file = Mapping::open(path).map_err(|e| {
        let message = format!("cannot read '{}': {e}", path.display());
        vec![Diagnostic::new(Code::FileUnreadable, message).remedy("check the path and its permissions")]
    })?;
    let mut model = decode(file.bytes().clone()).map_err(|d| vec![d])?;
    let real = path.canonicalize().ok();
    let folders: Vec<&Path> =
        [Some(path), real.as_deref()].into_iter().flatten().filter_map(Path::parent).collect();
    // Data that is missing stays missing: that is for the reader of the message to tell.
    if let Ok(data) = ExternalData::load(file, &model, &folders) {
        each_tensor(&mut model, &mut |tensor| {
            if is_external(tensor)
                && let Ok(bytes) = data.get(tensor)
            {
                tensor.raw_data = bytes;
                tensor.external_data.clear();
                tensor.data_location = DataLocation::Default as i32;
            }
        });
    }
    Ok(model)
}

/// Every tensor of a model: initialisers and tensor attributes, in subgraphs and functions too.
fn each_tensor(model: &mut ModelProto, f: &mut dyn FnMut(&mut TensorProto)) {
    model.graph.iter_mut().for_each(|g| of_graph(g, f));
    model.functions.iter_mut().for_each(|function| of_nodes(&mut function.node, f));
}

fn of_graph(graph: &mut GraphProto, f: &mut dyn FnMut(&mut TensorProto)) {
    graph.initializer.iter_mut().for_each(&mut *f);
    for sparse in &mut graph.sparse_initializer {
        sparse.values.iter_mut().chain(&mut sparse.indices).for_each(&mut *f);
    }
    of_nodes(&mut graph.node, f);
}

/// The decoder bounds how deep subgraphs are nested.
fn of_nodes(nodes: &mut [NodeProto], f: &mut dyn FnMut(&mut TensorProto)) {
    for attribute in nodes.iter_mut().flat_map(|n| &mut n.attribute) {
        attribute.t.iter_mut().chain(&mut attribute.tensors).for_each(&mut *f);
        attribute.g.iter_mut().chain(&mut attribute.graphs).for_each(|g| of_graph(g, f));
    }
}
