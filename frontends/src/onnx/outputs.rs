//! Graph outputs that are not states.

use super::importer::Importer;
use super::refusal::{Refusal, refuse, refuse_with};
use super::value::Value;
use snnc_ir::diag::{Code, Location};
use snnc_ir::graph::Node;
use snnc_ir::graph::op::Op;
use std::collections::BTreeSet;

/// Makes an output layer of every graph output but the states.
pub(crate) fn import(im: &mut Importer<'_>) {
    let mut seen = BTreeSet::new();
    for info in &im.source.output {
        let result = if seen.insert(info.name.as_str()) {
            output(im, &info.name)
        } else {
            Err(refuse(Code::BadGraph, format!("the graph has two outputs '{}'", info.name)))
        };
        if let Err(refusal) = result {
            im.refusals.node(refusal, Location::node(&info.name));
        }
    }
}

fn output(im: &mut Importer<'_>, name: &str) -> Result<(), Refusal> {
    if im.states.is_fed_back(name) && im.get(name).is_some() {
        return Ok(());
    }
    let layer = match im.get(name) {
        Some(Value::Refused | Value::StateOut) => return Ok(()),
        Some(Value::Stored(_) | Value::Constant(_)) => {
            let message = format!("output '{name}' is a constant and does not depend on the input");
            return Err(refuse_with(Code::BadGraph, message, "remove the output, or export again"));
        }
        Some(Value::StateIn) => {
            let message = format!("output '{name}' is a state that is given back unchanged");
            return Err(refuse(Code::StateNotPaired, message));
        }
        None => {
            return Err(refuse(Code::BadGraph, format!("nothing in the graph gives the output '{name}'")));
        }
        Some(_) => im.layer(name)?,
    };
    let Some(shape) = im.graph.nodes.get(layer.node.index()).map(|n| n.shape) else { return Ok(()) };
    // The names of outputs were reserved before any layer got one.
    im.graph.push(Node {
        name: name.to_owned(),
        op: Op::Output,
        inputs: vec![layer.node],
        shape,
        origin: vec![name.to_owned()],
    });
    Ok(())
}
