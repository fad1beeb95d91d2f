//! Attributes of each operator.

use super::attributes::Attributes;
use super::cursor::Cursor;
use super::error::TextError;
use super::fields::Fields;
use super::{connection, neuron};
use crate::graph::Graph;
use crate::graph::op::{Delay, Input, MaxPool, Op, Slice, SumPool, Values, Window};
use crate::graph::weights::WeightId;

/// Names of the axes of a slice.
const AXES: [&str; 3] = ["channels", "rows", "cols"];

pub(super) fn print(graph: &Graph, op: &Op, fields: &mut Fields<'_>) {
    match op {
        Op::Input(Input { values }) => match values {
            Values::Binary => fields.set("values", "binary"),
            Values::Integer { lo, hi } => fields.set("values", format_args!("{lo}..={hi}")),
            Values::Quantised { lo, hi, scale, half_up } => {
                fields.set("values", format_args!("{lo}..={hi}"));
                fields.set("scale", format_args!("{scale:?}"));
                if *half_up {
                    fields.flag("half_up");
                }
            }
            Values::Real => fields.set("values", "real"),
        },
        Op::Conv2d(conv) => connection::print_conv2d(graph, conv, fields),
        Op::Linear(linear) => connection::print_linear(graph, linear, fields),
        Op::SumPool(SumPool { window, divisor }) => {
            print_window(window, fields);
            fields.unless(1, "divisor", *divisor, divisor);
        }
        Op::MaxPool(MaxPool { window }) => print_window(window, fields),
        Op::Slice(Slice { start, end }) => {
            for ((axis, start), end) in AXES.iter().zip(start).zip(end) {
                fields.set(axis, format_args!("{start}..{end}"));
            }
        }
        Op::Delay(Delay { steps }) => fields.set("steps", steps),
        Op::Neuron(n) => neuron::print(graph.number, n, fields),
        Op::Add | Op::Concat | Op::Reshape | Op::Output => {}
    }
}

fn print_window(window: &Window, fields: &mut Fields<'_>) {
    let Window { kernel, stride, pad } = window;
    fields.set("kernel", format_args!("{kernel:?}"));
    fields.set("stride", format_args!("{stride:?}"));
    fields.unless([0; 4], "pad", *pad, format_args!("{pad:?}"));
}

/// Whether an operator reads weights, as its last operand.
pub(super) fn reads_weights(mnemonic: &str) -> bool {
    matches!(mnemonic, "conv2d" | "linear")
}

/// The operator with that name; `None` when there is none.
pub(super) fn parse(
    graph: &Graph,
    mnemonic: &str,
    weights: WeightId,
    a: &mut Attributes<'_>,
) -> Result<Option<Op>, TextError> {
    Ok(Some(match mnemonic {
        "input" => Op::Input(Input { values: input_values(a)? }),
        "conv2d" => Op::Conv2d(connection::parse_conv2d(graph, weights, a)?),
        "linear" => Op::Linear(connection::parse_linear(graph, weights, a)?),
        "sum_pool" => Op::SumPool(SumPool { window: window(a)?, divisor: a.number("divisor", 1)? }),
        "max_pool" => Op::MaxPool(MaxPool { window: window(a)? }),
        "add" => Op::Add,
        "concat" => Op::Concat,
        "reshape" => Op::Reshape,
        "slice" => {
            let [c, h, w] = AXES.map(|axis| a.need(axis, Cursor::range));
            let (c, h, w) = (c?, h?, w?);
            Op::Slice(Slice { start: [c.0, h.0, w.0], end: [c.1, h.1, w.1] })
        }
        "delay" => Op::Delay(Delay { steps: a.need("steps", Cursor::number)? }),
        "output" => Op::Output,
        _ => return Ok(neuron::parse(graph.number, mnemonic, a)?.map(|n| Op::Neuron(Box::new(n)))),
    }))
}

fn input_values(a: &mut Attributes<'_>) -> Result<Values, TextError> {
    let values = a.need("values", values)?;
    Ok(match values {
        Values::Integer { lo, hi } => match a.take("scale", Cursor::number)? {
            None => values,
            Some(scale) => Values::Quantised { lo, hi, scale, half_up: a.flag("half_up")? },
        },
        _ => values,
    })
}

fn values(cursor: &mut Cursor<'_>) -> Result<Values, TextError> {
    if cursor.accept_word("binary")? {
        Ok(Values::Binary)
    } else if cursor.accept_word("real")? {
        Ok(Values::Real)
    } else {
        let (lo, hi) = cursor.closed_range()?;
        Ok(Values::Integer { lo, hi })
    }
}

fn window(a: &mut Attributes<'_>) -> Result<Window, TextError> {
    Ok(Window {
        kernel: a.need("kernel", Cursor::array)?,
        stride: a.need("stride", Cursor::array)?,
        pad: a.array("pad", [0; 4])?,
    })
}
