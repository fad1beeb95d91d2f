//! Attributes of connections: `conv2d` and `linear`.

use super::attributes::{Attributes, param};
use super::cursor::Cursor;
use super::error::TextError;
use super::fields::Fields;
use super::words::{NUMBER, word};
use crate::graph::op::{Bias, Conv2d, Linear};
use crate::graph::weights::{WeightId, Weights};
use crate::graph::{Graph, Number};

fn shape_of(weights: &[Weights], id: WeightId) -> Option<[usize; 4]> {
    weights.get(id.0 as usize).map(|w| w.shape)
}

/// Outputs and inputs of weights that fit a linear layer.
fn size_of(weights: &[Weights], id: WeightId) -> Option<[usize; 2]> {
    match shape_of(weights, id) {
        Some([outputs, inputs, 1, 1]) => Some([outputs, inputs]),
        _ => None,
    }
}

pub(super) fn print_conv2d(graph: &Graph, conv: &Conv2d, fields: &mut Fields<'_>) {
    let Conv2d { weights, kernel, bias, stride, pad, dilation, groups } = conv;
    let known = shape_of(&graph.weights, *weights);
    fields.unless(known, "kernel", Some(*kernel), format_args!("{kernel:?}"));
    fields.unless([1, 1], "stride", *stride, format_args!("{stride:?}"));
    fields.unless([0; 4], "pad", *pad, format_args!("{pad:?}"));
    fields.unless([1, 1], "dilation", *dilation, format_args!("{dilation:?}"));
    fields.unless(1, "groups", *groups, groups);
    print_bias(graph.number, bias.as_ref(), fields);
}

pub(super) fn print_linear(graph: &Graph, linear: &Linear, fields: &mut Fields<'_>) {
    let size = [linear.outputs, linear.inputs];
    fields.unless(size_of(&graph.weights, linear.weights), "size", Some(size), format_args!("{size:?}"));
    print_bias(graph.number, linear.bias.as_ref(), fields);
}

fn print_bias(number: Number, bias: Option<&Bias>, fields: &mut Fields<'_>) {
    let name = |of: Number| match of == number {
        true => "bias".to_owned(),
        false => format!("bias {}", word(NUMBER, &of)),
    };
    match bias {
        None => {}
        Some(Bias::Real(p)) => fields.param(&name(Number::Real), p),
        Some(Bias::Integer(p)) => fields.param(&name(Number::Integer), p),
    }
}

pub(super) fn parse_conv2d(
    graph: &Graph,
    weights: WeightId,
    a: &mut Attributes<'_>,
) -> Result<Conv2d, TextError> {
    let kernel = match (a.take("kernel", Cursor::array)?, shape_of(&graph.weights, weights)) {
        (Some(kernel), _) | (None, Some(kernel)) => kernel,
        (None, None) => a.need("kernel", Cursor::array)?,
    };
    Ok(Conv2d {
        weights,
        kernel,
        stride: a.array("stride", [1, 1])?,
        pad: a.array("pad", [0; 4])?,
        dilation: a.array("dilation", [1, 1])?,
        groups: a.number("groups", 1)?,
        bias: a.take("bias", |c| bias(c, graph.number))?,
    })
}

pub(super) fn parse_linear(
    graph: &Graph,
    weights: WeightId,
    a: &mut Attributes<'_>,
) -> Result<Linear, TextError> {
    let [outputs, inputs] = match (a.take("size", Cursor::array)?, size_of(&graph.weights, weights)) {
        (Some(size), _) | (None, Some(size)) => size,
        (None, None) => a.need("size", Cursor::array)?,
    };
    Ok(Linear { weights, outputs, inputs, bias: a.take("bias", |c| bias(c, graph.number))? })
}

/// A parameter of the graph's number system, or of the one that is named first.
fn bias(cursor: &mut Cursor<'_>, number: Number) -> Result<Bias, TextError> {
    let number = if cursor.accept_word("real")? {
        Number::Real
    } else if cursor.accept_word("integer")? {
        Number::Integer
    } else {
        number
    };
    match number {
        Number::Real => param(cursor).map(Bias::Real),
        Number::Integer => param(cursor).map(Bias::Integer),
    }
}
