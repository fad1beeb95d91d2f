//! Refusals and warnings of quantisation.

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::text::print_node;

/// A diagnostic about a node: the message starts with its name.
pub(super) fn about(graph: &Graph, id: NodeId, code: Code, what: impl AsRef<str>) -> Diagnostic {
    let name = &graph.node(id).name;
    Diagnostic::new(code, format!("'{name}' {}", what.as_ref()))
        .at(Location::node(name).with_line(print_node(graph, id)))
}

/// A node without an integer form on the chip.
pub(super) fn refuse(
    graph: &Graph,
    id: NodeId,
    what: impl AsRef<str>,
    label: &str,
    remedy: &str,
) -> Diagnostic {
    about(graph, id, Code::NotQuantisable, what).label(label).remedy(remedy)
}
