//! From a path to a decoded model: the file, its external data, its fingerprint.

mod decode;
mod embed;
mod external;
mod fingerprint;
mod scan;

pub use embed::message;
pub(crate) use external::{ExternalData, is_external};
pub use fingerprint::fingerprint;

use super::proto::{GraphProto, ModelProto, NodeProto, TensorProto, attribute_proto::AttributeType};
use bytes::Bytes;
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_mapfile::Mapping;
use std::path::Path;

/// A decoded ONNX model with the external data that it refers to.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) proto: ModelProto,
    pub(crate) external: ExternalData,
}

impl Model {
    /// The decoded protobuf message.
    pub fn proto(&self) -> &ModelProto {
        &self.proto
    }

    pub(crate) fn graph(&self) -> Option<&GraphProto> {
        self.proto.graph.as_ref()
    }
}

/// Reads an ONNX file and maps the external data that it refers to.
///
/// # Errors
/// When the file or its external data cannot be read (`E0001`, `E0005`), or the file is empty
/// (`E0002`), no ONNX model (`E0003`) or cut (`E0004`).
pub fn read(path: &Path) -> Result<Model, Diagnostics> {
    let file = Mapping::open(path).map_err(|e| {
        let message = format!("cannot read '{}': {e}", path.display());
        vec![Diagnostic::new(Code::FileUnreadable, message).remedy("check the path and its permissions")]
    })?;
    // A link to a model: its data lie beside the link, or beside what it links to.
    let real = path.canonicalize().ok();
    let folders: Vec<&Path> =
        [Some(path), real.as_deref()].into_iter().flatten().filter_map(Path::parent).collect();
    load(file, &folders)
}

/// Decodes an ONNX model from memory. External data is looked for in `folder`; without one, a model
/// with external data is refused.
///
/// # Errors
/// As [`read`].
pub fn decode(bytes: Bytes, folder: Option<&Path>) -> Result<Model, Diagnostics> {
    load(bytes.into(), folder.as_slice())
}

fn load(file: Mapping, folders: &[&Path]) -> Result<Model, Diagnostics> {
    let proto = decode::decode(file.bytes().clone()).map_err(|d| vec![d])?;
    let external = ExternalData::load(file, &proto, folders)?;
    Ok(Model { proto, external })
}

/// Every tensor of a model: initialisers and tensor attributes, in subgraphs and functions too.
pub(crate) fn tensors(model: &ModelProto) -> Vec<&TensorProto> {
    let mut out = Vec::new();
    let mut graphs: Vec<&GraphProto> = model.graph.iter().collect();
    let mut nodes: Vec<&NodeProto> = model.functions.iter().flat_map(|f| &f.node).collect();
    loop {
        if let Some(node) = nodes.pop() {
            for attribute in &node.attribute {
                out.extend(&attribute.t);
                out.extend(&attribute.tensors);
                graphs.extend(&attribute.g);
                graphs.extend(&attribute.graphs);
            }
        } else if let Some(graph) = graphs.pop() {
            out.extend(&graph.initializer);
            for sparse in &graph.sparse_initializer {
                out.extend(&sparse.values);
                out.extend(&sparse.indices);
            }
            nodes.extend(&graph.node);
        } else {
            return out;
        }
    }
}

/// Whether a node has a subgraph among its attributes.
pub(crate) fn has_subgraph(node: &NodeProto) -> bool {
    node.attribute.iter().any(|a| {
        matches!(a.r#type(), AttributeType::Graph | AttributeType::Graphs)
            || a.g.is_some()
            || !a.graphs.is_empty()
    })
}
