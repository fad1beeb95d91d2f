//! Networks that are integers already: checked and kept.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Bias, Conv2d, Input, Linear, Op, Values};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::Neuron;

use super::refusal::about;
use super::{Widths, layers, neuron, scale};

/// Everything of an integer graph that the chip cannot hold.
pub(super) fn check(graph: &Graph, widths: Widths) -> Vec<Diagnostic> {
    let mut refused = layers::layers(graph).err().unwrap_or_default();
    for id in graph.ids() {
        match &graph.node(id).op {
            Op::Conv2d(_) | Op::Linear(_) => connection(graph, id, widths, &mut refused),
            Op::Neuron(n) => neurons(graph, id, n, widths, &mut refused),
            Op::Input(Input { values: Values::Integer { lo, .. } | Values::Quantised { lo, .. } })
                if *lo < 0 =>
            {
                refused.push(super::negative_events(graph, id));
            }
            _ => {}
        }
    }
    refused
}

fn connection(graph: &Graph, id: NodeId, widths: Widths, refused: &mut Vec<Diagnostic>) {
    let op = &graph.node(id).op;
    if let Some(weights) = op.weights().map(|w| graph.weights(w)) {
        let statistics = weights.statistics();
        let ends = [statistics.min.unwrap_or(0), statistics.max.unwrap_or(0)];
        outside(graph, id, "integer weight", ends, widths.weight, refused);
    }
    if let Op::Conv2d(Conv2d { bias: Some(Bias::Integer(bias)), .. })
    | Op::Linear(Linear { bias: Some(Bias::Integer(bias)), .. }) = op
    {
        outside(graph, id, "integer bias", ends(bias), widths.bias, refused);
    }
}

fn neurons(graph: &Graph, id: NodeId, neuron: &Neuron, widths: Widths, refused: &mut Vec<Diagnostic>) {
    let Neuron::Integer(spec, _) = neuron else { return };
    match neuron::form(graph, id, &spec.model) {
        Err(problem) => refused.push(*problem),
        Ok((m, constants)) => {
            let low = constants.v_min.unwrap_or(-1);
            outside(graph, id, "threshold", [constants.threshold, low], widths.state, refused);
            if let Some(initial) = &m.initial {
                outside(graph, id, "initial state", ends(initial), widths.state, refused);
            }
        }
    }
}

fn ends(param: &Param<i32>) -> [i32; 2] {
    let values = param.values().iter().copied();
    [values.clone().min().unwrap_or(0), values.max().unwrap_or(0)]
}

fn outside(
    graph: &Graph,
    id: NodeId,
    what: &str,
    values: [i32; 2],
    bits: u32,
    refused: &mut Vec<Diagnostic>,
) {
    let (lo, hi) = scale::range(bits);
    if let Some(value) = values.into_iter().find(|v| !(lo..=hi).contains(&f64::from(*v))) {
        refused.push(
            about(graph, id, Code::NotQuantisable, "does not fit the chip's words")
                .label("an integer network is kept bit for bit")
                .rule(what, format!("{lo}..{hi}"), value)
                .remedy(format!("quantise it to {bits} bits before export")),
        );
    }
}
