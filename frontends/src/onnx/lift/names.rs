//! Names of the written graph: those of the source where they say something, each once.

use super::super::file::Model;
use super::super::proto::NodeProto;
use std::collections::{BTreeMap, BTreeSet};

/// Names given so far.
pub(super) struct Names {
    taken: BTreeSet<String>,
    /// Module paths that an exporter noted, by node.
    scopes: BTreeMap<String, String>,
}

impl Names {
    pub(super) fn new(model: &Model) -> Self {
        let graph = model.graph();
        let taken = graph.into_iter().flat_map(|g| {
            g.input.iter().map(|i| i.name.clone()).chain(g.output.iter().map(|o| o.name.clone()))
        });
        let scopes =
            graph.into_iter().flat_map(|g| &g.node).filter_map(|n| Some((n.name.clone(), noted(n)?)));
        Self { taken: taken.collect(), scopes: scopes.collect() }
    }

    /// A name that was not given before.
    pub(super) fn unique(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut k = 1;
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}.{k}");
            k += 1;
        }
        name
    }

    /// The module that a node belongs to: as the exporter noted it, else the path in its name.
    pub(super) fn scope(&self, node: &str) -> String {
        if let Some(scope) = self.scopes.get(node) {
            return scope.clone();
        }
        match node.rsplit_once('/') {
            Some((path, _)) if !path.trim_matches('/').is_empty() => path.trim_matches('/').replace('/', "."),
            _ => node.to_owned(),
        }
    }
}

/// The module path in the metadata of PyTorch's exporter: the last but one of `name_scopes`.
fn noted(node: &NodeProto) -> Option<String> {
    let entry = node.metadata_props.iter().find(|p| p.key == "pkg.torch.onnx.name_scopes")?;
    let list = entry.value.trim().strip_prefix('[')?.strip_suffix(']')?;
    let parts: Vec<&str> = list.split(", ").map(|p| p.trim_matches(['\'', '"'])).collect();
    let scope = parts.get(parts.len().checked_sub(2)?)?;
    (!scope.is_empty()).then(|| (*scope).to_owned())
}
