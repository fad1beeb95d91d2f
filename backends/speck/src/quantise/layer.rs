//! One layer in integers.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Bias, Conv2d, Linear, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::weights::{Storage, Weights};
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::{Model, Neuron, Spec, Spiking};

use super::average::{self, Factor};
use super::layers::Layer;
use super::refusal::{about, refuse};
use super::{LayerError, Widths, neuron, scale};

/// A layer in integers.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) error: LayerError,
    /// The nodes of the layer with their new operators.
    pub(super) ops: Vec<(NodeId, Op)>,
    /// Weights of its connections.
    pub(super) weights: Vec<(NodeId, Weights)>,
}

/// A connection with its real parameters.
#[derive(Debug)]
struct Connection<'g> {
    id: NodeId,
    /// Weights times the factor of the averages in front.
    weights: Vec<f32>,
    bias: Option<&'g Param<f32>>,
}

fn values(param: Option<&Param<f32>>) -> impl Iterator<Item = f32> {
    param.map_or(&[][..], Param::values).iter().copied()
}

/// Quantises a layer of a real graph; `None` where it has no real neurons.
pub(super) fn quantise(
    graph: &Graph,
    layer: &Layer,
    widths: Widths,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Option<Made>, Box<Diagnostic>> {
    let Op::Neuron(neuron) = &graph.node(layer.neurons).op else { return Ok(None) };
    let Neuron::Real(spec) = neuron.as_ref() else { return Ok(None) };
    let (m, constants) = neuron::form(graph, layer.neurons, &spec.model)?;
    one_bias_per_channel(graph, layer.neurons, m.bias.as_ref())?;
    let connections: Vec<Connection<'_>> =
        layer.connections.iter().map(|id| connection(graph, *id, warnings)).collect::<Result<_, _>>()?;
    let mut error = LayerError {
        layer: graph.node(layer.neurons).name.clone(),
        scale: common_scale(&connections, m, &constants, widths),
        weight: 0.0,
        bias: 0.0,
        threshold: 0.0,
        v_min: 0.0,
    };
    let model = neuron::integers(graph, layer.neurons, m, &constants, widths, &mut error)?;
    let spec = Spec { model: Model::Spiking(model), start: spec.start };
    let mut ops = vec![(layer.neurons, Op::Neuron(Box::new(Neuron::Integer(spec, neuron::FIXED))))];
    let mut weights = Vec::with_capacity(connections.len());
    for connection in &connections {
        weights.push((connection.id, integers(graph, connection, widths, &mut error)?));
        ops.push((connection.id, with_bias(graph, connection, widths, &mut error)));
    }
    Ok(Some(Made { error, ops, weights }))
}

fn connection<'g>(
    graph: &'g Graph,
    id: NodeId,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Connection<'g>, Box<Diagnostic>> {
    let op = &graph.node(id).op;
    let factor = average::in_front_of(graph, id).ok_or_else(|| average::too_many(graph, id))?;
    if let Factor::Compromise { used, wanted } = &factor {
        warnings.push(average::disagree(graph, id, *used, wanted));
    }
    let factor = factor.value() as f32;
    let weights = op.weights().map_or(Vec::new(), |w| graph.weights(w).to_real());
    let weights = weights.into_iter().map(|v| v * factor).collect();
    let bias = match op {
        Op::Conv2d(Conv2d { bias: Some(Bias::Real(bias)), .. })
        | Op::Linear(Linear { bias: Some(Bias::Real(bias)), .. }) => Some(bias),
        _ => None,
    };
    one_bias_per_channel(graph, id, bias)?;
    Ok(Connection { id, weights, bias })
}

fn one_bias_per_channel(graph: &Graph, id: NodeId, bias: Option<&Param<f32>>) -> Result<(), Box<Diagnostic>> {
    if matches!(bias, Some(Param::PerNeuron(_))) && graph.node(id).shape.plane() > 1 {
        return Err(Box::new(refuse(
            graph,
            id,
            "has a bias for each neuron",
            "a core stores one per channel",
            "use one bias per channel",
        )));
    }
    Ok(())
}

/// The least of the scales that the parameters allow.
fn common_scale(
    connections: &[Connection<'_>],
    m: &Spiking<f32>,
    constants: &neuron::Constants<f32>,
    widths: Widths,
) -> f32 {
    let of_connections = connections.iter().flat_map(|c| {
        [
            scale::greatest(c.weights.iter().copied(), widths.weight),
            scale::greatest(values(c.bias), widths.weight),
        ]
    });
    let limits = constants.v_min.into_iter().chain([constants.threshold]);
    let of_neurons = [
        scale::greatest(limits, widths.state),
        scale::greatest(values(m.bias.as_ref()), widths.weight),
        scale::greatest(values(m.initial.as_ref()), widths.state),
    ];
    of_connections.chain(of_neurons).fold(f32::INFINITY, f32::min)
}

fn integers(
    graph: &Graph,
    connection: &Connection<'_>,
    widths: Widths,
    error: &mut LayerError,
) -> Result<Weights, Box<Diagnostic>> {
    let id = connection.id;
    let mut level = |v: &f32| {
        let (integer, off) = scale::held(*v, error.scale, widths.weight);
        error.weight = error.weight.max(off);
        integer as i8
    };
    let values: Vec<i8> = connection.weights.iter().map(&mut level).collect();
    if values.iter().all(|v| *v == 0) {
        return Err(Box::new(all_zero(graph, connection, error.scale)));
    }
    let shape = graph.node(id).op.weights().map_or([0; 4], |w| graph.weights(w).shape);
    Ok(Weights { shape, storage: Storage::I8(values.into()), scale: None })
}

/// The operator of a connection with its bias in integers.
fn with_bias(graph: &Graph, connection: &Connection<'_>, widths: Widths, error: &mut LayerError) -> Op {
    let mut op = graph.node(connection.id).op.clone();
    if let (Op::Conv2d(Conv2d { bias, .. }) | Op::Linear(Linear { bias, .. }), Some(real)) =
        (&mut op, connection.bias)
    {
        *bias = Some(Bias::Integer(real.map(|v| {
            let (integer, off) = scale::held(*v, error.scale, widths.weight);
            error.bias = error.bias.max(off);
            integer
        })));
    }
    op
}

fn all_zero(graph: &Graph, connection: &Connection<'_>, scale: f32) -> Diagnostic {
    let largest = connection.weights.iter().map(|v| v.abs()).fold(0f32, f32::max);
    let diagnostic =
        about(graph, connection.id, Code::AllWeightsZero, "has weights that all quantise to zero")
            .label("no spike passes this connection");
    if largest == 0.0 {
        return diagnostic
            .remedy("the file's weights are all zero: check the export, or remove the connection");
    }
    diagnostic
        .rule("half a step of the layer's scale", 0.5 / f64::from(scale), format!("largest weight {largest}"))
        .remedy("a layer has one scale: bring weights, biases, threshold and lower limit to a similar size")
}
