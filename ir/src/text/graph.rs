//! `network "digits" steps 8 real { … }`

use super::blob::Lists;
use super::cursor::{Cursor, Source};
use super::error::TextError;
use super::lexer::{Kind, quote};
use super::words::{NUMBER, word};
use super::{node, weights};
use crate::graph::Graph;
use std::fmt::Write;

pub(super) fn print(graph: &Graph, lists: &mut Lists) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let number = word(NUMBER, &graph.number);
    let _ = writeln!(out, "network {} steps {} {number} {{", quote(&graph.name), graph.steps);
    for (index, w) in graph.weights.iter().enumerate() {
        let _ = writeln!(out, "  {}", weights::print(index, w, lists));
    }
    for (id, node) in graph.ids().zip(&graph.nodes) {
        let _ = writeln!(out, "  {}", node::print(graph, id, node, lists));
    }
    out.push_str("}\n");
    out
}

pub(super) fn parse(source: &Source<'_>) -> Result<Graph, TextError> {
    let mut cursor = Cursor::new(source);
    cursor.word("network")?;
    let name = cursor.quoted()?;
    cursor.word("steps")?;
    let steps = cursor.number()?;
    let mut graph = Graph::new(name, steps, cursor.choice(NUMBER)?);
    cursor.mark('{')?;
    while !cursor.accept(Kind::Mark('}'))? {
        let at = cursor.here();
        if let Some(index) = weights::index(&mut cursor)? {
            in_order(source, at, '@', index, graph.weights.len())?;
            cursor.mark('=')?;
            graph.weights.push(weights::parse(&mut cursor)?);
        } else if cursor.accept(Kind::Mark('%'))? {
            in_order(source, at, '%', cursor.number()?, graph.nodes.len())?;
            cursor.mark('=')?;
            let node = node::parse(&mut cursor, &graph)?;
            graph.nodes.push(node);
        } else {
            return Err(source.error(at, "expected a node '%…', weights '@…' or '}'"));
        }
    }
    cursor.end()?;
    Ok(graph)
}

/// Nodes and weights are numbered in their order.
fn in_order(source: &Source<'_>, at: usize, mark: char, index: u32, next: usize) -> Result<(), TextError> {
    if index as usize == next {
        Ok(())
    } else {
        Err(source.error(at, format!("expected '{mark}{next}', found '{mark}{index}'")))
    }
}
