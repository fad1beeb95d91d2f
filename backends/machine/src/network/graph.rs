//! A network as a graph again: what the chip runs, in the text form and for the interpreter.

use snnc_ir::graph::op::{Bias, Conv2d, Delay, Linear, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, Node, NodeId, Number};

use super::{Layer, LayerKind, Network};

impl Network {
    /// The integer graph of populations, projections and delays. Layers keep their names; a projection
    /// is named after its layer and its source.
    pub fn to_graph(&self) -> Graph {
        let mut graph = Graph::new(self.name.clone(), self.steps, Number::Integer);
        // A delay may refer to a later population: delays are built on its layer index and corrected
        // when every population has its place.
        let mut place = vec![NodeId(0); self.layers.len()];
        let mut ahead = Vec::new();
        for (k, layer) in self.layers.iter().enumerate() {
            let (op, inputs) = match &layer.kind {
                LayerKind::Input(input) => (Op::Input(*input), Vec::new()),
                LayerKind::Neurons(neuron) => {
                    let incoming = self.incoming(k, &place, &mut graph, &mut ahead);
                    (Op::Neuron(neuron.clone()), vec![incoming])
                }
            };
            place[k] = graph.push(node(layer, layer.name.clone(), op, inputs, layer.shape));
        }
        for (delay, source) in ahead {
            graph.nodes[delay.index()].inputs = vec![place[source]];
        }
        for output in &self.outputs {
            let layer = &self.layers[output.layer];
            let mut at = place[output.layer];
            if output.delay > 0 {
                let op = Op::Delay(Delay { steps: output.delay });
                at = graph.push(node(layer, format!("{}.delay", output.name), op, vec![at], layer.shape));
            }
            if output.shape != layer.shape {
                at = graph.push(node(
                    layer,
                    format!("{}.shape", output.name),
                    Op::Reshape,
                    vec![at],
                    output.shape,
                ));
            }
            graph.push(node(layer, output.name.clone(), Op::Output, vec![at], output.shape));
        }
        graph
    }

    /// Adds the nodes in front of a population and gives the last one.
    fn incoming(
        &self,
        index: usize,
        place: &[NodeId],
        graph: &mut Graph,
        ahead: &mut Vec<(NodeId, usize)>,
    ) -> NodeId {
        let layer = &self.layers[index];
        let mut terms = Vec::with_capacity(layer.projections.len());
        for (k, projection) in layer.projections.iter().enumerate() {
            let source = &self.layers[projection.source];
            let name = format!("{}.from.{}.{k}", layer.name, source.name);
            let mut at = place[projection.source];
            if projection.delay > 0 {
                let op = Op::Delay(Delay { steps: projection.delay });
                at = graph.push(node(layer, format!("{name}.delay"), op, vec![at], source.shape));
                if projection.source >= index {
                    ahead.push((at, projection.source));
                }
            }
            if projection.source_shape != source.shape {
                at = graph.push(node(
                    layer,
                    format!("{name}.read"),
                    Op::Reshape,
                    vec![at],
                    projection.source_shape,
                ));
            }
            let weights = graph.push_weights(projection.weights.clone());
            let bias = if k == 0 { layer.bias.as_ref() } else { None };
            let (op, shape) = match &projection.op {
                Op::Linear(linear) => {
                    let shape = snnc_ir::graph::shape::Shape::flat(linear.outputs);
                    let spread = |p: &Param<i32>| {
                        (0..layer.shape.len()).map(|n| p.at(n, layer.shape.plane())).collect()
                    };
                    let bias = bias.map(|p| Bias::Integer(Param::PerNeuron(spread(p))));
                    (Op::Linear(Linear { weights, bias, ..linear.clone() }), shape)
                }
                Op::Conv2d(conv) => {
                    let bias = bias.cloned().map(Bias::Integer);
                    (Op::Conv2d(Conv2d { weights, bias, ..conv.clone() }), layer.shape)
                }
                other => (other.clone(), layer.shape),
            };
            at = graph.push(node(layer, name.clone(), op, vec![at], shape));
            if shape != layer.shape {
                at = graph.push(node(layer, format!("{name}.shape"), Op::Reshape, vec![at], layer.shape));
            }
            terms.push(at);
        }
        match terms.as_slice() {
            [one] => *one,
            _ => graph.push(node(layer, format!("{}.sum", layer.name), Op::Add, terms, layer.shape)),
        }
    }
}

fn node(
    layer: &Layer,
    name: String,
    op: Op,
    inputs: Vec<NodeId>,
    shape: snnc_ir::graph::shape::Shape,
) -> Node {
    Node { name, op, inputs, shape, origin: layer.origin.clone() }
}
