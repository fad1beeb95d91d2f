//! Exact normalisation: from a retimed integer graph to populations and projections.
//!
//! What lies between two populations is linear (or it is refused), so it is one connection with
//! weights. Common forms keep their structure, which is what makes shared weights cheap on a chip:
//!
//! | between the populations | becomes |
//! |---|---|
//! | convolution, linear | itself |
//! | nothing | depthwise 1×1 convolution, weight 1 |
//! | sum pooling | depthwise convolution, weights 1 |
//! | sum pooling, convolution | one convolution with a larger kernel and stride |
//! | sum pooling, linear | one linear layer over the input of the pooling |
//! | concatenation, convolution | one convolution per part, its share of the weights |
//! | a sum of these | one projection per term |
//! | anything else linear | one linear layer, found by evaluating unit inputs |

mod affine;
mod compose;
mod cone;

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::text::print_node;
use snnc_machine::network::{Layer, LayerKind, Network, Output};

/// Greatest number of weights that one connection may have when it is found by evaluation.
const MAX_EVALUATED: usize = 1 << 24;

/// Lowers a verified, retimed integer graph.
///
/// # Errors
/// Every connection that is not linear or is too large to evaluate, with the node.
pub fn normalise(graph: &Graph) -> Result<Network, Vec<Diagnostic>> {
    debug_assert_eq!(graph.number, Number::Integer);
    let mut layer_of = vec![None; graph.nodes.len()];
    let populations: Vec<NodeId> =
        graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Input(_) | Op::Neuron(_))).collect();
    for (k, id) in populations.iter().enumerate() {
        layer_of[id.index()] = Some(k);
    }
    let mut refused = Vec::new();
    let mut layers = Vec::with_capacity(populations.len());
    for id in &populations {
        let node = graph.node(*id);
        let (kind, incoming) = match &node.op {
            Op::Neuron(neuron) => {
                let incoming = cone::connections(graph, &layer_of, node.inputs[0]).unwrap_or_else(|d| {
                    refused.extend(d);
                    cone::Incoming::default()
                });
                (LayerKind::Neurons(neuron.clone()), incoming)
            }
            Op::Input(input) => (LayerKind::Input(*input), cone::Incoming::default()),
            _ => continue,
        };
        let mut origin = incoming.origin;
        origin.extend(node.origin.iter().cloned());
        let mut seen = std::collections::BTreeSet::new();
        origin.retain(|o| seen.insert(o.clone()));
        layers.push(Layer {
            name: node.name.clone(),
            origin,
            shape: node.shape,
            kind,
            projections: incoming.projections,
            bias: incoming.bias,
        });
    }
    let mut outputs = Vec::new();
    for id in graph.outputs() {
        match output(graph, &layer_of, id) {
            Ok(output) => outputs.push(output),
            Err(d) => refused.push(d),
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    Ok(Network { name: graph.name.clone(), steps: graph.steps, layers, outputs })
}

/// An output must give a population's events, at most reshaped and delayed.
fn output(graph: &Graph, layer_of: &[Option<usize>], id: NodeId) -> Result<Output, Diagnostic> {
    let node = graph.node(id);
    let mut delay = 0u32;
    let mut at = node.inputs[0];
    loop {
        if let Some(layer) = layer_of[at.index()] {
            return Ok(Output { name: node.name.clone(), layer, delay, shape: node.shape });
        }
        let source = graph.node(at);
        match &source.op {
            Op::Reshape => {}
            Op::Delay(d) => delay = delay.saturating_add(d.steps),
            _ => {
                return Err(Diagnostic::new(
                    Code::UnsupportedLayer,
                    format!("output '{}' is not given by a layer of neurons", node.name),
                )
                .at(Location::node(&source.name).with_line(print_node(graph, at)))
                .label("this is computed after the last neurons")
                .remedy("end the network with a layer of neurons, for readout with a leaky integrator (ai.snnc LI)"));
            }
        }
        at = source.inputs[0];
    }
}
