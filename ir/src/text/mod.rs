//! The `.snn` text form.
//!
//! One statement a line, in the order of the graph; `docs/text-form.md` is the grammar. Printing and
//! parsing are inverse: [`parse`] of [`print()`] is the same graph, bit for bit. [`print_with_blob`]
//! keeps lists of more than [`INLINE`] numbers out of the text, in a companion file of bytes ([`BLOB_FILE`]).
//!
//! ```
//! use snnc_ir::text::{parse, print};
//!
//! let text = r#"network "one" steps 1 real {
//!   %0 = input "x" : 2x1x1 {values binary}
//!   %1 = if "n" (%0) : 2x1x1 {threshold 1.0, compare ge, reset zero same}
//!   %2 = output "y" (%1) : 2x1x1
//! }
//! "#;
//! let graph = parse(text)?;
//! assert_eq!(graph.nodes.len(), 3);
//! assert_eq!(print(&graph), text);
//! # Ok::<(), snnc_ir::text::TextError>(())
//! ```
//!
//! The parser takes any text: it gives a graph or a [`TextError`], in time and memory proportional to
//! the text and the blob. It checks the form; the rules of a graph are the verifier's.

mod attributes;
mod blob;
mod connection;
mod cursor;
mod error;
mod fields;
mod graph;
mod lexer;
mod neuron;
mod node;
mod op;
mod scalar;
mod spiking;
mod weights;
mod words;

#[cfg(test)]
mod tests;

pub use blob::INLINE;
pub use error::TextError;

use crate::graph::{Graph, NodeId};
use blob::Lists;

/// Name of the companion file of bytes, beside the text.
pub const BLOB_FILE: &str = "weights.bin";

/// The text of a graph, every list of numbers in it.
pub fn print(graph: &Graph) -> String {
    graph::print(graph, &mut Lists::Inline)
}

/// The text of a graph and the bytes that it refers to for lists of more than [`INLINE`] numbers:
/// little-endian, each list aligned to 8 bytes, in the order of the text.
pub fn print_with_blob(graph: &Graph) -> (String, Vec<u8>) {
    let mut lists = Lists::Blob(Vec::new());
    let text = graph::print(graph, &mut lists);
    match lists {
        Lists::Blob(bytes) => (text, bytes),
        Lists::Inline | Lists::Abridged => (text, Vec::new()),
    }
}

/// One node on one line, long lists abridged: for people, not for [`parse`].
pub fn print_node(graph: &Graph, id: NodeId) -> String {
    match graph.nodes.get(id.index()) {
        Some(node) => node::print(graph, id, node, &mut Lists::Abridged),
        None => format!("%{}", id.0),
    }
}

/// Reads a text that refers to no blob.
///
/// # Errors
/// Where the text is not of the form, or refers to a blob.
pub fn parse(text: &str) -> Result<Graph, TextError> {
    parse_with_blob(text, &[])
}

/// Reads a text with the bytes that it refers to.
///
/// # Errors
/// Where the text is not of the form, or a reference does not fit the blob.
pub fn parse_with_blob(text: &str, blob: &[u8]) -> Result<Graph, TextError> {
    graph::parse(&cursor::Source::new(text, blob))
}

/// Whether a text refers to a blob. A text that cannot be read refers to none.
pub fn refers_to_blob(text: &str) -> bool {
    let mut lexer = lexer::Lexer::new(text);
    while let Ok(Some(token)) = lexer.next() {
        if token.kind == lexer::Kind::Atom("blob") {
            return true;
        }
    }
    false
}
