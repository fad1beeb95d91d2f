//! Calls of model-local functions, replaced by the bodies of the functions.
//!
//! A function stands for its body, whatever its domain, also where it has the name of a standard
//! operator (the ONNX specification gives the function precedence). Left as they are: the neurons of
//! `ai.snnc`, whose names say what they do, and the quantisers of QONNX.
//!
//! A function may import another version of `ai.onnx` than its model. Nodes keep their form when they
//! move, and every operator that is read tells versions apart by form (attribute or input), never by
//! number, so the body means the same under the version of the model. Versions of other domains are
//! added to those that the model imports, where the importer checks them.

mod instance;
mod library;
mod size;

use crate::onnx::proto::ModelProto;
use crate::onnx::refusal::Refusal;
use instance::Inliner;
use library::Library;

/// Greatest depth of calls and subgraphs within each other.
const MAX_DEPTH: usize = 100;

/// Whether the graph calls a function.
pub(super) fn has_calls(model: &ModelProto) -> bool {
    let library = Library::new(&model.functions);
    let mut nodes: Vec<_> = model.graph.iter().flat_map(|g| &g.node).collect();
    while let Some(node) = nodes.pop() {
        if library.find(node).is_some() {
            return true;
        }
        nodes.extend(library::subgraphs(node).flat_map(|g| &g.node));
    }
    false
}

/// Replaces every call.
///
/// # Errors
/// When a function calls itself, a call does not fit its function, or all bodies together are more than
/// is allowed.
pub(super) fn inline(model: &mut ModelProto) -> Result<(), Refusal> {
    let functions = std::mem::take(&mut model.functions);
    let library = Library::new(&functions);
    let Some(graph) = model.graph.as_mut() else { return Ok(()) };
    size::check(&library, &graph.node)?;
    let mut inliner = Inliner::new(&library, graph);
    inliner.graph(graph)?;
    for import in inliner.into_imports() {
        let known = model.opset_import.iter().any(|o| {
            let domain = library::domain(&o.domain);
            domain == library::domain(&import.domain) && (o.version == import.version || domain == "ai.onnx")
        });
        if !known {
            model.opset_import.push(import);
        }
    }
    model.functions = library.kept();
    Ok(())
}
