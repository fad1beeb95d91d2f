//! Values of the step before: delays whose source comes later in the graph.

use super::dims;
use super::importer::Importer;
use super::proto::tensor_proto::DataType;
use super::refusal::{Refusal, refuse, refuse_with};
use super::value::{Layer, Value};
use snnc_ir::diag::Code;
use snnc_ir::graph::op::{Delay, Op};
use snnc_ir::graph::{Node, NodeId};

/// A delay that waits for the layer it delays.
pub(crate) struct Waiting<'m> {
    delay: NodeId,
    source: &'m str,
}

/// What to put at the place of a value of an earlier step.
pub(crate) struct Earlier<'m> {
    /// Name of the delay.
    pub name: String,
    /// Name of the value that is delayed; it may be defined later.
    pub source: &'m str,
    pub steps: u32,
    /// Dimensions of the value, batch included.
    pub dims: Vec<usize>,
    pub ty: DataType,
}

/// Defines `name` as the value of an earlier step.
pub(crate) fn open<'m>(
    im: &mut Importer<'m>,
    name: Option<&'m str>,
    earlier: Earlier<'m>,
) -> Result<(), Refusal> {
    let Earlier { name: layer, source, steps, dims, ty } = earlier;
    let lead = dims::lead(dims.len(), false)?;
    let shape = dims::shape(dims.get(lead..).unwrap_or_default())?;
    // Its source may come later; `close` puts it in.
    let node = im.graph.push(Node {
        name: im.names.unique(&layer),
        op: Op::Delay(Delay { steps }),
        inputs: vec![NodeId(0)],
        shape,
        origin: vec![layer],
    });
    im.delays.push(Waiting { delay: node, source });
    im.define(name, Value::Layer(Layer { node, dims, lead, ty }));
    Ok(())
}

/// Connects the delays with their sources.
pub(crate) fn close(im: &mut Importer<'_>) {
    for Waiting { delay, source } in std::mem::take(&mut im.delays) {
        match im.get(source) {
            Some(Value::Layer(layer)) => {
                let from = layer.node;
                let shape = im.graph.nodes.get(from.index()).map(|n| n.shape);
                let Some(node) = im.graph.nodes.get_mut(delay.index()) else { continue };
                node.inputs = vec![from];
                if shape != Some(node.shape) {
                    let message = format!(
                        "'{}' and '{source}', its value in the step before, differ in shape",
                        node.name
                    );
                    im.refusals.model(refuse(Code::BadShape, message));
                }
            }
            Some(Value::Refused) => {}
            Some(Value::StateIn | Value::StateOut) => {
                let message =
                    format!("'{source}' is the state of a neuron and is read by a node that is none");
                let remedy = "feed back the neuron's spikes; read a membrane through an ai.snnc LI neuron";
                im.refusals.model(refuse_with(Code::StateNotPaired, message, remedy));
            }
            _ => {
                let message = format!("the values of earlier steps of '{source}' are those of no layer");
                im.refusals.model(refuse(Code::UnsupportedAttribute, message));
            }
        }
    }
}
