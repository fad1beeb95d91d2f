//! Messages between cores.

use std::collections::BTreeMap;

use snnc_ir::graph::op::Op;
use snnc_ir::graph::shape::Shape;
use snnc_machine::activity::{Activity, Events, Profile};
use snnc_machine::load::Interval;
use snnc_machine::network::{Block, Layer, Network, Projection, field};

/// Neurons of a layer on a core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its core; parts may share one.
    pub core: usize,
    /// Index of its layer.
    pub layer: usize,
    /// Its neurons.
    pub block: Block,
}

/// Messages of a part to a core, in thousandths per step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Core of the sender.
    pub from: usize,
    /// Core of the receiver.
    pub to: usize,
    /// One message per spike and receiving core.
    pub messages: Interval,
}

/// All messages of a mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Between cores, by receiver, then source.
    pub flows: Vec<Flow>,
    /// Per part: messages sent to cores and to the host.
    pub sent: Vec<Interval>,
    /// Messages from the host into cores, over all cores.
    pub from_host: Interval,
    /// Messages from cores to the host.
    pub to_host: Interval,
}

/// Counts the messages of a mapping. A neuron that spikes sends one message to every core that holds a
/// neuron it is connected to, by a zero weight or not, and however many parts of the core read it.
pub fn traffic(network: &Network, parts: &[Part], profile: &Profile) -> Traffic {
    let mut out = Traffic { sent: vec![Interval::default(); parts.len()], ..Traffic::default() };
    let mut of_layer: Vec<Vec<usize>> = vec![Vec::new(); network.layers.len()];
    // Per core and source the parts that may read it, in their order.
    let mut readers: BTreeMap<(usize, usize), Vec<&Part>> = BTreeMap::new();
    for (k, part) in parts.iter().enumerate() {
        of_layer[part.layer].push(k);
        for source in sources(&network.layers[part.layer]) {
            readers.entry((part.core, source)).or_default().push(part);
        }
    }
    for ((to, source), readers) in readers {
        let read = Read::of_core(network, source, &readers);
        let activity = &profile.layers[source];
        let shape = network.layers[source].shape;
        if network.layers[source].is_input() {
            let messages = read.messages(shape, &Block::whole(shape, 0), activity);
            out.from_host = out.from_host.plus(messages.unwrap_or_default());
            continue;
        }
        for sender in &of_layer[source] {
            let Part { core: from, block, .. } = &parts[*sender];
            if let Some(messages) = read.messages(shape, block, activity) {
                out.flows.push(Flow { from: *from, to, messages });
                out.sent[*sender] = out.sent[*sender].plus(messages);
            }
        }
    }
    for output in &network.outputs {
        for sender in &of_layer[output.layer] {
            let shape = network.layers[output.layer].shape;
            let messages = profile.layers[output.layer].of_block(shape, &parts[*sender].block);
            out.sent[*sender] = out.sent[*sender].plus(messages);
            out.to_host = out.to_host.plus(messages);
        }
    }
    out
}

/// For each block of the layer `from` the messages per step that it sends to the blocks of the layer `to`.
pub fn fan_out(
    network: &Network,
    from: (usize, &[Block]),
    to: (usize, &[Block]),
    profile: &Profile,
) -> Vec<Interval> {
    let mut out = vec![Interval::default(); from.1.len()];
    let (shape, activity) = (network.layers[from.0].shape, &profile.layers[from.0]);
    for block in to.1 {
        let read = Read::of(&network.layers[to.0], from.0, network, block);
        for (sum, source) in out.iter_mut().zip(from.1) {
            *sum = sum.plus(read.messages(shape, source, activity).unwrap_or_default());
        }
    }
    out
}

/// The layers that a layer reads, each once.
pub fn sources(layer: &Layer) -> Vec<usize> {
    let mut out: Vec<usize> = layer.projections.iter().map(|p| p.source).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// The neurons of a source that a block reads.
enum Read {
    All,
    /// A product of channels, rows and columns.
    Box {
        channels: Vec<bool>,
        rows: Vec<bool>,
        cols: Vec<bool>,
    },
    /// One flag per neuron, and the shape.
    Any(Vec<bool>, Shape),
}

impl Read {
    /// What the parts of one core read, each neuron once.
    fn of_core(network: &Network, source: usize, readers: &[&Part]) -> Self {
        let of = |part: &&Part| Self::of(&network.layers[part.layer], source, network, &part.block);
        let shape = network.layers[source].shape;
        let whole = Block::whole(shape, 0);
        let mut reads = readers.iter().map(of);
        let Some(first) = reads.next() else { return Self::Any(vec![false; shape.len()], shape) };
        reads.fold(first, |all, more| {
            if matches!(all, Self::All) || matches!(more, Self::All) {
                return Self::All;
            }
            let mut flags = vec![false; shape.len()];
            all.each(shape, &whole, |at| flags[at] = true);
            more.each(shape, &whole, |at| flags[at] = true);
            Self::Any(flags, shape)
        })
    }

    fn of(layer: &Layer, source: usize, network: &Network, block: &Block) -> Self {
        let shape = network.layers[source].shape;
        let projections: Vec<&Projection> = layer.projections.iter().filter(|p| p.source == source).collect();
        if projections.iter().any(|p| matches!(p.op, Op::Linear(_))) {
            return Self::All;
        }
        if let [projection] = projections.as_slice()
            && projection.source_shape == shape
            && let Some((channels, rows, cols)) = product(projection, block)
        {
            return Self::Box { channels, rows, cols };
        }
        let mut flags = vec![false; shape.len()];
        for projection in projections {
            let from = projection.source_shape;
            let Some((channels, rows, cols)) = product(projection, block) else { continue };
            for c in (0..from.c).filter(|c| channels[*c]) {
                for y in (0..from.h).filter(|y| rows[*y]) {
                    for x in (0..from.w).filter(|x| cols[*x]) {
                        flags[from.index(c, y, x)] = true;
                    }
                }
            }
        }
        Self::Any(flags, shape)
    }

    /// The messages of a block of the source, which has shape `shape`; `None` when no neuron of it is read.
    fn messages(&self, shape: Shape, block: &Block, activity: &Activity) -> Option<Interval> {
        let neurons = self.count(block);
        let count = match activity.events() {
            _ if neurons == 0 => return None,
            Events::Each => neurons,
            Events::Counted(events) => {
                let mut sum = 0u64;
                self.each(shape, block, |at| sum = sum.saturating_add(events[at]));
                sum
            }
        };
        Some(activity.interval(count, count))
    }

    /// How many neurons of `block` are read.
    fn count(&self, block: &Block) -> u64 {
        let among = |flags: &[bool], range: &std::ops::Range<usize>| {
            flags[range.clone()].iter().filter(|f| **f).count()
        };
        match self {
            Self::All => block.neurons(),
            Self::Box { channels, rows, cols } => {
                (among(channels, &block.channels) * among(rows, &block.rows) * among(cols, &block.cols))
                    as u64
            }
            Self::Any(flags, shape) => {
                let mut count = 0;
                block.each(*shape, |at| count += u64::from(flags[at]));
                count
            }
        }
    }

    /// Visits the neurons of `block` that are read.
    fn each(&self, shape: Shape, block: &Block, mut visit: impl FnMut(usize)) {
        match self {
            Self::All => block.each(shape, visit),
            Self::Box { channels, rows, cols } => {
                for c in block.channels.clone().filter(|c| channels[*c]) {
                    for y in block.rows.clone().filter(|y| rows[*y]) {
                        for x in block.cols.clone().filter(|x| cols[*x]) {
                            visit(shape.index(c, y, x));
                        }
                    }
                }
            }
            Self::Any(flags, shape) => block.each(*shape, |at| {
                if flags[at] {
                    visit(at);
                }
            }),
        }
    }
}

type Axes = (Vec<bool>, Vec<bool>, Vec<bool>);

/// The channels, rows and columns of the source that a block reads through a convolution.
fn product(projection: &Projection, block: &Block) -> Option<Axes> {
    let Op::Conv2d(conv) = &projection.op else { return None };
    let shape = projection.source_shape;
    let mut channels = vec![false; shape.c];
    for (group, _) in field::groups(conv, &block.channels) {
        channels[group * conv.kernel[1]..(group + 1) * conv.kernel[1]].fill(true);
    }
    let flags = |axis: usize, size: usize, range| {
        let mut out = vec![false; size];
        field::span(conv, axis, size, range).read().for_each(|k| out[k] = true);
        out
    };
    let rows = flags(0, shape.h, &block.rows);
    let cols = flags(1, shape.w, &block.cols);
    Some((channels, rows, cols))
}
