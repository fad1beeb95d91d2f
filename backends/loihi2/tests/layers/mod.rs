//! Random small layers with everything that decides what they cost.
#![allow(dead_code, reason = "every test takes its own part")]

use snnc_ir::graph::op::{Conv2d, Input, Linear, Op, Values};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Storage, WeightId, Weights};
use snnc_ir::neuron::{Compare, FixedPoint, Model, Neuron, Reset, Spec, Spiking, Timing};
use snnc_loihi2::{CHIP, LOIHI1, Loihi};
use snnc_machine::activity::{Activity, Measured, Profile, Rate};
use snnc_machine::chip::ChipFile;
use snnc_machine::network::{Layer, LayerKind, Network, Output, Projection};

/// Numbers that follow from a seed.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }

    /// A number from `lo` to `hi`.
    pub(crate) fn within(&mut self, lo: usize, hi: usize) -> usize {
        lo + self.below(hi + 1 - lo)
    }

    /// Weights of `bits` bits, of which `zeros` in a thousand are zero.
    pub(crate) fn weights(&mut self, shape: [usize; 4], zeros: usize, bits: u32) -> Weights {
        let most = (1 << (bits - 1)) - 1;
        let len = shape.iter().product();
        let values: Vec<i8> = (0..len)
            .map(|_| if self.below(1000) < zeros { 0 } else { self.within(1, most.max(1)) as i8 })
            .collect();
        Weights { shape, storage: Storage::I8(values.into()), scale: None }
    }
}

/// A chip, with its caps divided by `shrink`.
pub(crate) fn chip(text: &str, shrink: u64) -> Loihi {
    let mut out = Vec::new();
    let mut is_cap = false;
    for line in text.lines() {
        if line.starts_with('[') {
            is_cap = line.contains("_per_core") && !line.contains("groups");
        }
        out.push(match line.strip_prefix("value = ").filter(|_| is_cap) {
            Some(value) => format!("value = {}", (value.parse::<u64>().expect("a number") / shrink).max(1)),
            None => line.to_owned(),
        });
    }
    Loihi::new(ChipFile::parse(&out.join("\n")).expect("a chip file")).expect("a Loihi")
}

/// Both chips, whole and with small cores.
pub(crate) fn chips() -> Vec<Loihi> {
    [(CHIP, 1), (LOIHI1, 1), (CHIP, 200), (LOIHI1, 100)].map(|(text, shrink)| chip(text, shrink)).into()
}

/// An input of that shape.
pub(crate) fn input(name: &str, shape: Shape) -> Layer {
    let kind = LayerKind::Input(Input { values: Values::Integer { lo: 0, hi: 1 } });
    Layer { name: name.into(), origin: Vec::new(), shape, kind, projections: Vec::new(), bias: None }
}

/// A population of that shape; soft reset takes two compartments of Loihi 1.
pub(crate) fn population(name: &str, shape: Shape, projections: Vec<Projection>, soft: bool) -> Layer {
    let mut spiking = Spiking::new(Param::Scalar(64), None);
    spiking.compare = Compare::Greater;
    spiking.reset = if soft { Reset::Subtract(Timing::Same) } else { Reset::Zero(Timing::Same) };
    let spec = Spec { model: Model::Spiking(spiking), start: 0 };
    let kind = LayerKind::Neurons(Box::new(Neuron::Integer(spec, FixedPoint::LAVA)));
    Layer { name: name.into(), origin: Vec::new(), shape, kind, projections, bias: None }
}

/// A convolution into a population of shape `to`, with the shape of its source.
pub(crate) fn conv(n: &mut Numbers, to: Shape) -> (Conv2d, Shape) {
    let divisors: Vec<usize> = (1..=to.c).filter(|g| to.c.is_multiple_of(*g)).collect();
    let groups = divisors[n.below(divisors.len())];
    let per_group = n.within(1, 3);
    let [kh, kw] = [n.within(1, 4), n.within(1, 3)];
    let stride = [n.within(1, 3), n.within(1, 3)];
    let dilation = [n.within(1, 3), n.within(1, 2)];
    let side = |n: &mut Numbers, out: usize, k: usize, s: usize, d: usize| {
        let need = (out - 1) * s + (k - 1) * d + 1;
        let before = n.below(k.min(3)).min(need - 1);
        let after = n.below(k.min(3)).min(need - 1 - before);
        (need - before - after, before, after)
    };
    let (h, top, bottom) = side(n, to.h, kh, stride[0], dilation[0]);
    let (w, left, right) = side(n, to.w, kw, stride[1], dilation[1]);
    let conv = Conv2d {
        weights: WeightId(0),
        kernel: [to.c, per_group, kh, kw],
        bias: None,
        stride,
        pad: [top, left, bottom, right],
        dilation,
        groups,
    };
    (conv, Shape::new(groups * per_group, h, w))
}

/// A network of inputs, a layer with one to three projections, and one that reads it; the layer's index.
pub(crate) fn network(seed: u64) -> (Network, usize) {
    let mut n = Numbers(seed);
    let flat = n.below(3) == 0;
    let plane = if flat { [1, 1] } else { [n.within(1, 9), n.within(1, 9)] };
    let shape = Shape::new(n.within(1, 8), plane[0], plane[1]);
    let mut layers = Vec::new();
    let mut projections = Vec::new();
    for k in 0..[1, 1, 1, 2, 2, 3][n.below(6)] {
        let (zeros, bits) = ([0, 300, 900][n.below(3)], [2, 4, 7, 8][n.below(4)]);
        let (op, source, kernel) = if n.below(3) == 0 {
            let inputs = n.within(1, 30);
            let linear = Linear { weights: WeightId(0), outputs: shape.len(), inputs, bias: None };
            (Op::Linear(linear), Shape::new(inputs, 1, 1), [shape.len(), inputs, 1, 1])
        } else {
            let (conv, source) = conv(&mut n, shape);
            let kernel = conv.kernel;
            (Op::Conv2d(conv), source, kernel)
        };
        layers.push(input(&format!("in{k}"), source));
        let weights = n.weights(kernel, zeros, bits);
        let delay = n.within(1, 2) as u32;
        projections.push(Projection::new(k, delay, source, op, weights));
    }
    let index = layers.len();
    layers.push(population("layer", shape, projections, n.below(2) == 0));
    if n.below(2) == 0 {
        let kernel = [2, shape.c, 1, 1];
        let conv = Conv2d {
            weights: WeightId(0),
            kernel,
            bias: None,
            stride: [1; 2],
            pad: [0; 4],
            dilation: [1; 2],
            groups: 1,
        };
        let weights = n.weights(kernel, 200, 4);
        let reads = Projection::new(index, 1, shape, Op::Conv2d(conv), weights);
        layers.push(population("next", Shape::new(2, shape.h, shape.w), vec![reads], false));
    }
    let output = Output {
        name: "out".into(),
        layer: layers.len() - 1,
        delay: 0,
        shape: layers[layers.len() - 1].shape,
    };
    (Network { name: "random".into(), steps: 1, layers, outputs: vec![output] }, index)
}

/// Activity of every layer: stated, unknown or counted, or some of each.
pub(crate) fn profile(network: &Network, seed: u64) -> Profile {
    let mut n = Numbers(seed);
    let kind = n.below(4);
    let mut one = |shape: Shape| match if kind == 3 { n.below(3) } else { kind } {
        0 => Activity::stated(n.within(0, Rate::ONE as usize) as u32),
        1 => Activity::UNKNOWN,
        _ => Activity::Measured(Measured {
            events: (0..shape.len()).map(|_| n.below(5) as u64).collect(),
            steps: 7,
        }),
    };
    Profile { layers: network.layers.iter().map(|l| one(l.shape)).collect() }
}
