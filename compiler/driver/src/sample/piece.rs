//! Some steps of a sample, still as the file has them.

use std::sync::Arc;

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::op::Values as Range;
use snnc_ir::graph::{Graph, Node, Number};
use snnc_ir::sim::Values;

use super::encode::{self, Place};
use super::file::element::Scalar;
use super::layout::Channel;
use super::options::Encode;

/// Steps of one sample that follow each other. The bytes are those of the file: [`step`](Self::step)
/// makes values of them when and where they are wanted. Clones share the bytes.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Number of the sample in its file.
    pub sample: usize,
    /// First step.
    pub first: usize,
    /// Number of steps.
    pub steps: usize,
    /// Whether the sample ends here.
    pub last: bool,
    pub(super) plan: Arc<Plan>,
    pub(super) data: Arc<Data>,
}

/// What all pieces of a file share.
#[derive(Debug)]
pub(super) struct Plan {
    /// One entry per input; for events the only one.
    pub(super) channels: Vec<Channel>,
    pub(super) encode: Option<Encode>,
    /// What numbers are divided by.
    pub(super) max: Option<f64>,
}

#[derive(Debug)]
pub(super) enum Data {
    /// Per input the frames of the steps; for differences one more in front of them.
    Frames(Vec<Vec<u8>>),
    /// Per input one frame for all steps.
    Image(Vec<Vec<u8>>),
    /// Events of one input by step and position.
    Events(Vec<Entry>),
}

/// What happened in a step at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) step: u32,
    /// Flat position in C, H, W order.
    pub(super) position: u32,
    pub(super) count: u32,
}

impl Piece {
    /// The values of every input in a step of the sample, in the order of [`Graph::inputs`]; zeros for
    /// steps that the piece does not have.
    ///
    /// # Errors
    /// A value that an input does not take, with its place.
    pub fn step(&self, graph: &Graph, step: usize) -> Result<Vec<Values>, Diagnostic> {
        let ids = graph.inputs();
        let at = step.checked_sub(self.first).filter(|at| *at < self.steps);
        let Some(at) = at else { return Ok(ids.iter().map(|id| zeros(graph, graph.node(*id))).collect()) };
        let input = |(k, id): (usize, &snnc_ir::graph::NodeId)| {
            let node = graph.node(*id);
            let array = self.plan.channels.get(k).map_or("", |c| c.name.as_str());
            let place = Place { array, sample: self.sample, step };
            let numbers = self.numbers(k, node, at, place)?;
            encode::values(&numbers, node, graph.number, place)
        };
        ids.iter().enumerate().map(input).collect()
    }

    /// Bytes that the piece keeps in memory.
    pub fn bytes(&self) -> u64 {
        match &*self.data {
            Data::Frames(raw) | Data::Image(raw) => raw.iter().map(|r| r.len() as u64).sum(),
            Data::Events(entries) => (entries.len() * size_of::<Entry>()) as u64,
        }
    }

    /// The numbers of an input in the `at`-th step of the piece.
    fn numbers(
        &self,
        input: usize,
        node: &Node,
        at: usize,
        place: Place<'_>,
    ) -> Result<Vec<f64>, Diagnostic> {
        let frame = |raw: &[u8], k: usize| {
            let channel = &self.plan.channels[input];
            let scale = |v: Scalar| self.plan.max.map_or(v.to_f64(), |max| v.to_f64() / max);
            channel.element.all(&raw[k * channel.frame..][..channel.frame], scale)
        };
        match (&*self.data, self.plan.encode) {
            (Data::Events(entries), _) => {
                let mut out = vec![0.0; node.shape.len()];
                let from = entries.partition_point(|e| (e.step as usize) < place.step);
                for e in entries[from..].iter().take_while(|e| e.step as usize == place.step) {
                    out[e.position as usize] = f64::from(e.count);
                }
                Ok(out)
            }
            (Data::Image(raw), Some(Encode::Rate { seed })) => {
                encode::rate(&frame(&raw[input], 0), node, seed, input, place)
            }
            (Data::Image(raw), _) => Ok(frame(&raw[input], 0)),
            (Data::Frames(raw), Some(Encode::Delta { threshold })) => {
                let raw = &raw[input];
                let mut events = encode::changes(&frame(raw, at), &frame(raw, at + 1), threshold);
                if self.plan.channels[input].split {
                    return Ok(encode::split(&events, node.shape.plane()));
                }
                if !takes_negative(node) {
                    events.iter_mut().for_each(|e| *e = e.max(0.0));
                }
                Ok(events)
            }
            (Data::Frames(raw), _) => Ok(frame(&raw[input], at)),
        }
    }
}

fn takes_negative(node: &Node) -> bool {
    match encode::range(node) {
        Range::Binary => false,
        Range::Integer { lo, .. } | Range::Quantised { lo, .. } => lo < 0,
        Range::Real => true,
    }
}

fn zeros(graph: &Graph, node: &Node) -> Values {
    match graph.number {
        Number::Real => Values::Real(vec![0.0; node.shape.len()]),
        Number::Integer => Values::Integer(vec![0; node.shape.len()]),
    }
}
