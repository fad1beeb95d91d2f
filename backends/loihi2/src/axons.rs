//! Output axons of a core, one for each core that reads: known when all layers have their tiles.

use std::ops::Range;

use snnc_ir::graph::op::Op;
use snnc_machine::network::{Block, Network, Projection, field};
use snnc_machine::target::{Memory, Part, Refusal};

use crate::rules::{AxonsOut, Rules};

/// Adds output axons to the memory of every part.
///
/// # Errors
/// The first part, by its position, that needs more than a core has.
pub fn assign(rules: &Rules, network: &Network, parts: &mut [(usize, Part)]) -> Result<(), (usize, Refusal)> {
    let AxonsOut::PerCore { cap, population } = rules.caps.axons_out else { return Ok(()) };
    let mut of_layer: Vec<Vec<usize>> = vec![Vec::new(); network.layers.len()];
    for (at, (layer, _)) in parts.iter().enumerate() {
        of_layer[*layer].push(at);
    }
    let mut used = vec![0u64; parts.len()];
    for (reader, part) in parts.iter() {
        for projection in &network.layers[*reader].projections {
            let read = Read::of(network, projection, &part.block);
            for sender in &of_layer[projection.source] {
                used[*sender] += read.axons(&parts[*sender].1.block, population);
            }
        }
    }
    for output in &network.outputs {
        for at in &of_layer[output.layer] {
            used[*at] += parts[*at].1.block.neurons();
        }
    }
    for (at, (used, (_, part))) in used.into_iter().zip(parts).enumerate() {
        if used > cap {
            return Err((at, Refusal { rule: "AxonOut per core".into(), limit: cap, found: used }));
        }
        part.memory.push(Memory { resource: "AxonOut", used, cap });
    }
    Ok(())
}

/// What one core reads of a source.
enum Read {
    /// Single neurons.
    Neurons,
    /// Positions, each with the channels that share it: rows and columns in order, ranges of channels.
    Positions(Vec<usize>, Vec<usize>, Vec<Range<usize>>),
}

impl Read {
    fn of(network: &Network, projection: &Projection, reader: &Block) -> Self {
        let shape = projection.source_shape;
        let Op::Conv2d(conv) = &projection.op else { return Self::Neurons };
        // What is read in another shape has no positions of its own.
        if shape != network.layers[projection.source].shape {
            return Self::Neurons;
        }
        let rows = field::span(conv, 0, shape.h, &reader.rows).read().collect();
        let cols = field::span(conv, 1, shape.w, &reader.cols).read().collect();
        let channels = field::groups(conv, &reader.channels);
        let channels = channels.into_iter().map(|(g, _)| g * conv.kernel[1]..(g + 1) * conv.kernel[1]);
        Self::Positions(rows, cols, channels.collect())
    }

    fn axons(&self, sender: &Block, population: u64) -> u64 {
        let Self::Positions(rows, cols, channels) = self else { return sender.neurons() };
        if !channels.iter().any(|c| c.start < sender.channels.end && sender.channels.start < c.end) {
            return 0;
        }
        let among = |read: &[usize], range: &Range<usize>| {
            (read.partition_point(|at| *at < range.end) - read.partition_point(|at| *at < range.start)) as u64
        };
        population * among(rows, &sender.rows) * among(cols, &sender.cols)
    }
}
