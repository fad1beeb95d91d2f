//! Connections with weights: convolutions and linear layers, by scattering events.

use super::super::arith::Element;
use super::axis::{Axis, Spans};
use super::gather::Gather;
use super::layout;
use crate::graph::op::{Bias, Op};
use crate::graph::param::Param;
use crate::graph::shape::Shape;

/// A connection made ready: a linear layer is a convolution with one place.
#[derive(Debug)]
pub(super) struct Connect<E> {
    /// Places and channels of the input as the kernel sees it.
    input: Shape,
    output: Shape,
    /// Output channels that an input channel reaches.
    outs: usize,
    /// Input channels of a group.
    per_group: usize,
    rows: Spans,
    cols: Spans,
    /// Kernel rows and columns.
    kernel: [usize; 2],
    /// By input channel, kernel row, slot of the kernel column, output channel of the group.
    weights: Vec<E>,
    /// One value per output channel, or one per output, channels last.
    bias: Option<Vec<E>>,
    /// Of a factor per channel: the factors and the bias (or nothing), repeated to rows of some length.
    scale: Option<(Vec<E>, Vec<E>)>,
    /// The same convolution by gathering, where sums can be taken in any order.
    gather: Option<Gather>,
    /// Channels of the source, where the order of its events is not that of their C, H, W positions.
    channels: Option<usize>,
}

/// Room for what one step needs; kept between steps.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    ordered: Vec<u32>,
    pub(super) starts: Vec<u32>,
    /// Sums in 64 bits.
    pub(super) wide: Vec<i64>,
    /// Positions on their way to another shape.
    pub(super) places: Vec<u32>,
}

impl<E: Element> Connect<E> {
    /// `None` for an operator without weights.
    pub(super) fn new(op: &Op, source: Shape, output: Shape, weights: &[E]) -> Option<Self> {
        let channels = (!layout::is_same(source)).then_some(source.c);
        let with = |bias: &Option<Bias>| {
            let param = bias.as_ref().and_then(E::bias)?;
            let places = if matches!(param, Param::PerNeuron(_)) { output.len() } else { output.c };
            let at = |p: usize| param.at(layout::outside(output, p), output.plane());
            Some((0..places).map(at).collect::<Vec<E>>())
        };
        match op {
            Op::Conv2d(conv) => {
                let [out, per_group, kh, kw] = conv.kernel;
                let outs = out / conv.groups;
                let axis = |k: usize, input: usize, output: usize| Axis {
                    input,
                    output,
                    kernel: conv.kernel[2 + k],
                    stride: conv.stride[k],
                    pad: conv.pad[k],
                    dilation: conv.dilation[k],
                };
                let (rows, cols) = (axis(0, source.h, output.h), axis(1, source.w, output.w));
                let (row_slots, col_slots) = (rows.slots(), cols.slots());
                let mut ready = Vec::with_capacity(source.c * kh * kw * outs);
                for ci in 0..source.c {
                    for ky in &row_slots {
                        for kx in &col_slots {
                            let element = ((ci % per_group) * kh + ky) * kw + kx;
                            let first = ci / per_group * outs;
                            ready.extend(
                                (first..first + outs).map(|o| weights[o * per_group * kh * kw + element]),
                            );
                        }
                    }
                }
                let bias = with(&conv.bias);
                let by_channel = bias.as_ref().is_none_or(|bias| bias.len() == out);
                let plain = conv.groups == 1 && conv.dilation == [1, 1] && by_channel;
                let gather = E::integers(weights).filter(|_| plain).map(|weights| {
                    let weight = |o: usize, ci: usize, ky: usize, kx: usize| {
                        weights[((o * per_group + ci) * kh + ky) * kw + kx]
                    };
                    let bias = bias.as_deref().and_then(E::integers);
                    Gather::new(rows, cols, [per_group, out], bias, weight)
                });
                let fixed = conv.stride == [1, 1] && conv.pad == [0; 4];
                let factors = fixed && by_channel && [outs, per_group, kh, kw] == [1; 4];
                let rows_of = |v: &[E]| v.repeat(256usize.div_ceil(source.c));
                let scale = factors.then(|| (rows_of(&ready), bias.as_deref().map_or(Vec::new(), rows_of)));
                Some(Self {
                    input: source,
                    output,
                    scale,
                    gather,
                    outs,
                    per_group,
                    rows: rows.spans(),
                    cols: cols.spans(),
                    kernel: [kh, kw],
                    weights: ready,
                    bias,
                    channels,
                })
            }
            Op::Linear(linear) => {
                let mut ready = Vec::with_capacity(linear.inputs * linear.outputs);
                for p in 0..linear.inputs {
                    let k = layout::outside(source, p);
                    ready.extend((0..linear.outputs).map(|o| weights[o * linear.inputs + k]));
                }
                let one = Axis { input: 1, output: 1, kernel: 1, stride: 1, pad: 0, dilation: 1 };
                Some(Self {
                    input: Shape::flat(linear.inputs),
                    output,
                    outs: linear.outputs,
                    per_group: linear.inputs,
                    rows: one.spans(),
                    cols: one.spans(),
                    kernel: [1, 1],
                    weights: ready,
                    bias: with(&linear.bias),
                    scale: None,
                    gather: None,
                    channels,
                })
            }
            _ => None,
        }
    }

    pub(super) fn input(&self) -> Shape {
        self.input
    }

    /// Factors of the channels and a bias, where that is all; both repeat.
    pub(super) fn scale(&self) -> Option<(&[E], &[E])> {
        self.scale.as_ref().map(|(factors, bias)| (&factors[..], &bias[..]))
    }

    pub(super) fn gather(&self) -> Option<&Gather> {
        self.gather.as_ref()
    }

    pub(super) fn bias(&self) -> Option<&[E]> {
        self.bias.as_deref()
    }

    /// Greatest sum over the fan-in of an output of `size` of a weight; borders are not taken off.
    pub(super) fn reach(&self, size: impl Fn(E) -> u64) -> u64 {
        let taps = self.per_group * self.kernel[0] * self.kernel[1];
        let group = |weights: &[E]| {
            let mut sums = vec![0u64; self.outs];
            for row in weights.chunks_exact(self.outs) {
                sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += size(*w));
            }
            sums.into_iter().max().unwrap_or(0)
        };
        self.weights.chunks_exact((taps * self.outs).max(1)).map(group).max().unwrap_or(0)
    }

    /// The events in ascending order of their C, H, W positions, which is the order in which the terms of an output
    /// are added up.
    pub(super) fn in_order<'a>(&self, events: &'a [u32], scratch: &'a mut Scratch) -> &'a [u32] {
        let Some(channels) = self.channels else { return events };
        let starts = &mut scratch.starts;
        starts.clear();
        starts.resize(channels + 1, 0);
        for p in events {
            starts[*p as usize % channels + 1] += 1;
        }
        for c in 0..channels {
            starts[c + 1] += starts[c];
        }
        scratch.ordered.resize(events.len(), 0);
        for p in events {
            let next = &mut starts[*p as usize % channels];
            scratch.ordered[*next as usize] = *p;
            *next += 1;
        }
        &scratch.ordered
    }

    /// Adds the weights of every event to the sums of the outputs that it reaches, in the order of the events;
    /// tells how many there were. `add` is given sums, as many weights and the value of the event.
    #[inline(always)]
    pub(super) fn scatter<S>(
        &self,
        events: &[u32],
        data: &[E],
        sums: &mut [S],
        add: impl Fn(&mut [S], &[E], E),
    ) -> u64 {
        let (channels, width, outs) = (self.input.c, self.input.w, self.outs);
        let [kh, kw] = self.kernel;
        let grouped = self.per_group != channels;
        let mut synops = 0;
        // The place of the event before.
        let (mut begin, mut end) = (1, 0);
        let (mut rows, mut cols): (&[_], &[_]) = (&[], &[]);
        let mut fan_out = 0;
        for p in events {
            let p = *p as usize;
            if p < begin || p >= end {
                let place = p / channels;
                (begin, end) = (place * channels, (place + 1) * channels);
                (rows, cols) = (self.rows.at(place / width), self.cols.at(place % width));
                fan_out = Spans::count(rows) * Spans::count(cols) * outs as u64;
            }
            let channel = p - begin;
            synops += fan_out;
            let value = data[p];
            for row in rows {
                for r in 0..row.len {
                    let slots = (channel * kh + (row.slot + r) as usize) * kw;
                    let line = (row.output + r) as usize * self.output.w;
                    for span in cols {
                        let len = span.len as usize;
                        let w = (slots + span.slot as usize) * outs;
                        let to = (line + span.output as usize) * self.output.c;
                        let weights = &self.weights[w..w + len * outs];
                        if grouped {
                            let first = to + channel / self.per_group * outs;
                            for (k, weights) in weights.chunks_exact(outs).enumerate() {
                                let to = first + k * self.output.c;
                                add(&mut sums[to..to + outs], weights, value);
                            }
                        } else {
                            add(&mut sums[to..to + len * outs], weights, value);
                        }
                    }
                }
            }
        }
        synops
    }
}

/// Fills sums with what they start from: their bias, or zero.
pub(super) fn start<E: Element>(sums: &mut [E], bias: Option<&[E]>) {
    match bias {
        None => sums.fill(E::default()),
        Some(bias) => sums.chunks_exact_mut(bias.len()).for_each(|place| place.copy_from_slice(bias)),
    }
}
