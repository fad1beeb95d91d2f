//! Sample inputs: `.npz` and `.npy` files with spike tensors.

mod array;
mod write;

pub use array::{Array, read_archive};
pub use write::{Named, write_archive};

use std::path::Path;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Input, Op, Values as Range};
use snnc_ir::graph::{Graph, Number};
use snnc_ir::sim::Values;

/// Samples for a network: for each sample and step the values of every input.
#[derive(Clone, Debug)]
pub struct Samples {
    /// One array per input of the network, in its order: `[N, T, C, H, W]`.
    inputs: Vec<Array>,
    /// Number of samples.
    pub count: usize,
    /// Steps per sample.
    pub steps: usize,
    /// Labels, one per sample, when the file has them (an integer array `y` or `labels` of length N).
    pub labels: Option<Vec<i64>>,
}

impl Samples {
    /// Reads the samples for a network from a file.
    ///
    /// An input takes the array of its name; a network with one input takes the only array that is no
    /// label, or `x`. Accepted shapes are `[N, T, …]` and `[T, …]` with the input's shape behind it.
    ///
    /// # Errors
    /// An unreadable file, a missing array, a shape or a value that does not fit.
    pub fn read(path: &Path, graph: &Graph) -> Result<Self, Diagnostic> {
        let mut arrays = read_archive(path)?;
        let labels = ["y", "labels"].iter().find_map(|name| {
            let at = arrays.iter().position(|(n, a)| n == name && a.shape.len() == 1 && a.is_integer())?;
            Some(arrays.remove(at).1)
        });
        let mut inputs = Vec::new();
        let mut size: Option<(usize, usize)> = None;
        let ids = graph.inputs();
        for id in &ids {
            let node = graph.node(*id);
            let only = ids.len() == 1 && arrays.len() == 1;
            let found = arrays.iter().find(|(n, _)| *n == node.name);
            let found = found.or_else(|| arrays.iter().find(|(n, _)| n == "x").filter(|_| ids.len() == 1));
            let Some((name, array)) = found.or_else(|| arrays.first().filter(|_| only)) else {
                let names: Vec<&str> = arrays.iter().map(|(n, _)| n.as_str()).collect();
                return Err(bad(format!("the sample file has no array '{}'", node.name))
                    .rule("arrays in the file", format!("'{}'", node.name), names.join(", "))
                    .remedy(format!("save the input under that name: numpy.savez(file, {}=…)", node.name)));
            };
            let shape = [node.shape.c, node.shape.h, node.shape.w];
            let (n, t) = leading(&array.shape, &shape).ok_or_else(|| {
                bad(format!("array '{name}' does not fit the input '{}'", node.name))
                    .rule(
                        "shape",
                        format!("[N, T, {}] or [T, {}]", join(&shape), join(&shape)),
                        join(&array.shape),
                    )
                    .remedy("put samples first, then steps, then channels, rows, columns")
            })?;
            if size.is_some_and(|s| s != (n, t)) {
                return Err(bad("the inputs have different numbers of samples or steps")
                    .remedy("save every input with the same N and T"));
            }
            size = Some((n, t));
            check_values(array, graph, node)?;
            inputs.push(array.clone());
        }
        let (count, steps) = size.unwrap_or((0, 0));
        let labels = labels.map(|l| l.integers());
        if let Some(l) = labels.as_ref().filter(|l| l.len() != count) {
            return Err(bad("the labels do not fit the samples")
                .rule("labels", count, l.len())
                .remedy("save one label per sample"));
        }
        Ok(Self { inputs, count, steps, labels })
    }

    /// Keeps the first `count` samples.
    pub fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
        if let Some(labels) = &mut self.labels {
            labels.truncate(self.count);
        }
    }

    /// The values of every input for one step of one sample; zeros beyond the last step.
    pub fn step(&self, graph: &Graph, sample: usize, step: usize) -> Vec<Values> {
        let values = |(array, id): (&Array, &snnc_ir::graph::NodeId)| {
            let len = graph.node(*id).shape.len();
            let start = (sample * self.steps + step) * len;
            let inside = step < self.steps;
            match graph.number {
                Number::Real if inside => Values::Real(array.reals(start, len)),
                Number::Real => Values::Real(vec![0.0; len]),
                Number::Integer if inside => match graph.node(*id).op {
                    Op::Input(Input { values: range @ Range::Quantised { .. } }) => Values::Integer(
                        array.reals(start, len).into_iter().map(|v| range.encode(v)).collect(),
                    ),
                    _ => Values::Integer(array.ints(start, len)),
                },
                Number::Integer => Values::Integer(vec![0; len]),
            }
        };
        self.inputs.iter().zip(&graph.inputs()).map(values).collect()
    }
}

/// blake3 of a sample file, in hex.
///
/// # Errors
/// [`Code::FileUnreadable`].
pub fn hash(path: &Path) -> Result<String, Diagnostic> {
    let mut hasher = blake3::Hasher::new();
    let read = std::fs::File::open(path).and_then(|file| hasher.update_reader(file).map(|_| ()));
    read.map_err(|e| {
        Diagnostic::new(Code::FileUnreadable, format!("cannot read '{}': {e}", path.display()))
            .remedy("check the path of the sample file")
    })?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn bad(message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::BadSample, message)
}

fn join(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// N and T of an array whose last axes are `shape`, with or without its axes of size 1.
fn leading(array: &[usize], shape: &[usize; 3]) -> Option<(usize, usize)> {
    let tails: [&[usize]; 2] = [shape, &shape[..1]];
    let flat = shape[1] == 1 && shape[2] == 1;
    for tail in tails.into_iter().take(if flat { 2 } else { 1 }) {
        if let Some(lead) = array.strip_suffix(tail) {
            match lead {
                [t] => return Some((1, *t)),
                [n, t] => return Some((*n, *t)),
                _ => {}
            }
        }
    }
    None
}

/// Integer networks take integers within the input's range.
fn check_values(array: &Array, graph: &Graph, node: &snnc_ir::graph::Node) -> Result<(), Diagnostic> {
    let Op::Input(input) = &node.op else { return Ok(()) };
    let (lo, hi) = match input.values {
        Range::Binary => (0.0, 1.0),
        Range::Integer { lo, hi } => (f64::from(lo), f64::from(hi)),
        Range::Real | Range::Quantised { .. } => return Ok(()),
    };
    if graph.number == Number::Real {
        return Ok(());
    }
    match array.first_outside(lo, hi) {
        None => Ok(()),
        Some(value) => Err(bad(format!("input '{}' takes integers", node.name))
            .rule("value", format!("an integer from {lo} to {hi}"), value)
            .remedy("encode the data as spikes or integer events before simulation")),
    }
}

#[cfg(test)]
mod tests {
    use super::leading;

    #[test]
    fn samples_and_steps_come_first() {
        assert_eq!(leading(&[5, 4, 2, 3, 3], &[2, 3, 3]), Some((5, 4)));
        assert_eq!(leading(&[4, 2, 3, 3], &[2, 3, 3]), Some((1, 4)));
        assert_eq!(leading(&[5, 4, 7], &[7, 1, 1]), Some((5, 4)));
        assert_eq!(leading(&[5, 4, 7, 1, 1], &[7, 1, 1]), Some((5, 4)));
        assert_eq!(leading(&[2, 3, 3], &[2, 3, 3]), None);
    }
}
