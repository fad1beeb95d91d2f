//! Axons out of a core, as far as they depend on the layers that read: how these are stored and, on Loihi 1,
//! how they are cut.

use std::ops::Range;

use snnc_ir::graph::op::Op;
use snnc_ir::graph::shape::Shape;
use snnc_machine::network::{Block, Network, Projection, field};
use snnc_machine::target::{Memory, Part, Refusal};

use crate::encoding::{self, Encoding};
use crate::memory::{self, AXON_MAP, TOTAL};
use crate::rules::{AxonsOut, Rules};

/// Adds to the memory of every part what the layers that read it make of its axons.
///
/// # Errors
/// The first part, by its position, that needs more than a core has.
pub fn assign(rules: &Rules, network: &Network, parts: &mut [(usize, Part)]) -> Result<(), (usize, Refusal)> {
    match rules.caps.axons_out {
        AxonsOut::Map(_) => map(network, parts),
        AxonsOut::PerCore { cap, population } => per_core(network, parts, cap, population),
    }
}

/// The encodings of every layer that has parts.
fn encodings(network: &Network, parts: &[(usize, Part)]) -> Vec<Vec<Encoding>> {
    let mut out = vec![Vec::new(); network.layers.len()];
    for (layer, part) in parts {
        if out[*layer].is_empty() {
            out[*layer] = encoding::of(&network.layers[*layer], part.how);
        }
    }
    out
}

/// Where a convolution is stored in lists of non-zero weights, each neuron that it reads has an entry in the
/// axon map, not each position.
fn map(network: &Network, parts: &mut [(usize, Part)]) -> Result<(), (usize, Refusal)> {
    let mut readers = vec![0u64; network.layers.len()];
    for (layer, encodings) in network.layers.iter().zip(encodings(network, parts)) {
        for (projection, encoding) in layer.projections.iter().zip(encodings) {
            if encoding == Encoding::Sparse && matches!(projection.op, Op::Conv2d(_)) {
                readers[projection.source] += 1;
            }
        }
    }
    for (at, (layer, part)) in parts.iter_mut().enumerate() {
        let more = readers[*layer] * (part.block.neurons() - part.block.positions());
        if more == 0 {
            continue;
        }
        for memory in part.memory.iter_mut().filter(|m| [AXON_MAP, TOTAL].contains(&m.resource)) {
            memory.used = memory.used.saturating_add(more);
        }
        memory::check(&part.memory).map_err(|refusal| (at, refusal))?;
    }
    Ok(())
}

/// Output axons, one for each core that reads.
fn per_core(
    network: &Network,
    parts: &mut [(usize, Part)],
    cap: u64,
    population: u64,
) -> Result<(), (usize, Refusal)> {
    let mut of_layer: Vec<Vec<usize>> = vec![Vec::new(); network.layers.len()];
    for (at, (layer, _)) in parts.iter().enumerate() {
        of_layer[*layer].push(at);
    }
    let encodings = encodings(network, parts);
    let mut used = vec![0u64; parts.len()];
    for (reader, part) in parts.iter() {
        let layer = &network.layers[*reader];
        for (projection, encoding) in layer.projections.iter().zip(&encodings[*reader]) {
            let read = Read::of(network, *reader, projection, *encoding, &part.block);
            for sender in &of_layer[projection.source] {
                let shape = network.layers[projection.source].shape;
                used[*sender] += read.axons(shape, &parts[*sender].1.block, population);
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
    /// Every neuron on its own.
    Neurons,
    /// The neurons that are set, in the order of the source.
    Listed(Vec<bool>),
    /// Positions, each with the channels that share it: rows and columns in order, ranges of channels.
    Positions(Vec<usize>, Vec<usize>, Vec<Range<usize>>),
}

impl Read {
    fn of(
        network: &Network,
        index: usize,
        projection: &Projection,
        encoding: Encoding,
        reader: &Block,
    ) -> Self {
        if encoding == Encoding::Sparse {
            return Self::Listed(projection.listed_sources(network.layers[index].shape, reader));
        }
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

    /// Axons of a sender whose layer has shape `shape`.
    fn axons(&self, shape: Shape, sender: &Block, population: u64) -> u64 {
        let (rows, cols, channels) = match self {
            Self::Neurons => return sender.neurons(),
            Self::Listed(listed) => {
                let mut axons = 0;
                sender.each(shape, |at| axons += u64::from(listed[at]));
                return axons;
            }
            Self::Positions(rows, cols, channels) => (rows, cols, channels),
        };
        if !channels.iter().any(|c| c.start < sender.channels.end && sender.channels.start < c.end) {
            return 0;
        }
        let among = |read: &[usize], range: &Range<usize>| {
            (read.partition_point(|at| *at < range.end) - read.partition_point(|at| *at < range.start)) as u64
        };
        population * among(rows, &sender.rows) * among(cols, &sender.cols)
    }
}
