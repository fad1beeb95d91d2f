//! `%1 = conv2d "conv1" (%0, @0) : 8x8x8 {pad [1, 1, 1, 1]} from ["/conv1/Conv"]`

use super::attributes::Attributes;
use super::blob::Lists;
use super::cursor::Cursor;
use super::error::TextError;
use super::fields::Fields;
use super::lexer::{Kind, quote};
use super::{op, weights};
use crate::graph::weights::WeightId;
use crate::graph::{Graph, Node, NodeId};
use std::fmt::Write;

/// Most origins in a line for people.
const SHOWN: usize = 4;

/// One statement, without its indent.
pub(super) fn print(graph: &Graph, id: NodeId, node: &Node, lists: &mut Lists) -> String {
    let operands = node.inputs.iter().map(|i| format!("%{}", i.0));
    let operands: Vec<String> = operands.chain(node.op.weights().map(|w| format!("@{}", w.0))).collect();
    let mut out = format!("%{} = {} {}", id.0, node.op.mnemonic(), quote(&node.name));
    // Writing into a string cannot fail.
    if !operands.is_empty() {
        let _ = write!(out, " ({})", operands.join(", "));
    }
    let _ = write!(out, " : {}", node.shape);
    let abridged = matches!(lists, Lists::Abridged);
    let mut fields = Fields::new(lists);
    op::print(graph, &node.op, &mut fields);
    out.push_str(&fields.finish());
    if !matches!(node.origin.as_slice(), [only] if *only == node.name) {
        let shown = if abridged { SHOWN } else { usize::MAX };
        let mut origins: Vec<String> = node.origin.iter().take(shown).map(|o| quote(o)).collect();
        if origins.len() < node.origin.len() {
            origins.push(format!("… {} names", node.origin.len()));
        }
        let _ = write!(out, " from [{}]", origins.join(", "));
    }
    out
}

/// Reads what follows `%1 =`.
pub(super) fn parse(cursor: &mut Cursor<'_>, graph: &Graph) -> Result<Node, TextError> {
    let (mnemonic, at) = cursor.atom("the name of an operator")?;
    let name = cursor.quoted()?;
    let (inputs, weights) = operands(cursor)?;
    if weights.is_some() != op::reads_weights(mnemonic) {
        let problem = if weights.is_some() { "reads no weights" } else { "reads weights, its last operand" };
        return Err(cursor.error(at, format!("{} {problem}", super::cursor::clip(mnemonic))));
    }
    cursor.mark(':')?;
    let shape = cursor.shape()?;
    let mut attributes = Attributes::read(cursor, mnemonic, at)?;
    let op = op::parse(graph, mnemonic, weights.unwrap_or(WeightId(0)), &mut attributes)?;
    let Some(op) = op else {
        let problem = format!("there is no operator '{}'", super::cursor::clip(mnemonic));
        return Err(cursor.error(at, problem));
    };
    attributes.finish()?;
    let origin = origin(cursor)?.unwrap_or_else(|| vec![name.clone()]);
    Ok(Node { name, op, inputs, shape, origin })
}

/// Nodes, then weights where there are any.
fn operands(cursor: &mut Cursor<'_>) -> Result<(Vec<NodeId>, Option<WeightId>), TextError> {
    let mut inputs = Vec::new();
    if !cursor.accept(Kind::Mark('('))? {
        return Ok((inputs, None));
    }
    loop {
        if let Some(weights) = weights::index(cursor)? {
            cursor.mark(')')?;
            return Ok((inputs, Some(WeightId(weights))));
        }
        cursor.mark('%')?;
        inputs.push(NodeId(cursor.number()?));
        if cursor.accept(Kind::Mark(')'))? {
            return Ok((inputs, None));
        }
        cursor.mark(',')?;
    }
}

fn origin(cursor: &mut Cursor<'_>) -> Result<Option<Vec<String>>, TextError> {
    if !cursor.accept_word("from")? {
        return Ok(None);
    }
    let mut names = Vec::new();
    cursor.mark('[')?;
    while !cursor.accept(Kind::Mark(']'))? {
        if !names.is_empty() {
            cursor.mark(',')?;
        }
        names.push(cursor.quoted()?);
    }
    Ok(Some(names))
}
