//! Random neurons: every model, every option.

use super::choices::Choices;
use super::{Config, Family};
use snnc_ir::graph::Number;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::neuron::{
    Activation, Compare, Current, DecayOrder, Delta, Emission, FixedPoint, Integrator, MAX_UNIT, Model,
    Neuron, Overflow, Rectifier, Rescale, Reset, Rounding, SigmaDelta, Spec, Spiking, Timing,
};

/// How parameters of a number system are drawn.
trait Draw: Copy {
    fn threshold(c: &mut Choices) -> Self;
    fn signed(c: &mut Choices) -> Self;
    fn decay(c: &mut Choices, shift: u8) -> Self;
    fn step(c: &mut Choices) -> Self;
}

impl Draw for f32 {
    fn threshold(c: &mut Choices) -> f32 {
        c.of(&[1.0, 0.5, 0.7, 2.0, 3.3])
    }
    fn signed(c: &mut Choices) -> f32 {
        c.range(-30, 30) as f32 * 0.1
    }
    fn decay(c: &mut Choices, _shift: u8) -> f32 {
        c.of(&[0.875, 0.5, 0.9, 0.0, 1.0, 0.95])
    }
    fn step(c: &mut Choices) -> f32 {
        c.of(&[1.0, 0.25, 0.1])
    }
}

impl Draw for i32 {
    fn threshold(c: &mut Choices) -> i32 {
        c.of(&[64, 1, 7, 100, 1000])
    }
    fn signed(c: &mut Choices) -> i32 {
        c.range(-100, 100)
    }
    fn decay(c: &mut Choices, shift: u8) -> i32 {
        c.range(0, 1 << shift)
    }
    fn step(_: &mut Choices) -> i32 {
        1
    }
}

/// A layer of neurons of that shape.
pub(super) fn neuron(c: &mut Choices, config: &Config, shape: Shape) -> Neuron {
    let fixed = if config.options { fixed(c) } else { FixedPoint::LAVA };
    let family = c.of(config.families);
    let mut layer = Layer { c, options: config.options, shape, shift: fixed.shift };
    match config.number {
        Number::Real => Neuron::Real(layer.spec(family)),
        Number::Integer => {
            let spec = layer.spec(family);
            let graded = match spec.model {
                Model::Spiking(_) => false,
                Model::Activation(_) => true,
                _ => config.options,
            };
            let rescale = if graded { c.maybe(3, rescale) } else { None };
            Neuron::Integer(spec, FixedPoint { rescale, ..fixed })
        }
    }
}

fn rescale(c: &mut Choices) -> Rescale {
    let multiplier = c.of(&[1, 3, 77, Rescale::MAX_MULTIPLIER]);
    Rescale { multiplier, shift: c.of(&[1, 4, 24, Rescale::MAX_SHIFT, 0]) }
}

fn fixed(c: &mut Choices) -> FixedPoint {
    let lava = FixedPoint::LAVA;
    if !c.one_in(2) {
        return lava;
    }
    FixedPoint {
        shift: c.of(&[12, 7, 3, 0]),
        rounding: c.of(&[Rounding::TowardZero, Rounding::Down, Rounding::Nearest]),
        v_bits: c.of(&[24, 16, 8, 32, 12]),
        v_overflow: c.of(&[Overflow::Saturate, Overflow::Wrap]),
        i_bits: c.of(&[24, 16, 8, 32, 12]),
        i_overflow: c.of(&[Overflow::Wrap, Overflow::Saturate]),
        rescale: None,
    }
}

struct Layer<'c> {
    c: &'c mut Choices,
    options: bool,
    shape: Shape,
    shift: u8,
}

impl Layer<'_> {
    fn param<S>(&mut self, mut one: impl FnMut(&mut Choices) -> S) -> Param<S> {
        if self.options { self.c.param(self.shape, one) } else { Param::Scalar(one(self.c)) }
    }

    /// An option that is more often not taken.
    fn maybe<S>(&mut self, one: impl FnMut(&mut Choices) -> S) -> Option<Param<S>> {
        if self.options && self.c.one_in(5) { Some(self.param(one)) } else { None }
    }

    fn option<T>(&mut self, plain: T, make: impl FnOnce(&mut Choices) -> T) -> T {
        if self.options && self.c.one_in(4) { make(self.c) } else { plain }
    }

    fn decay<S: Draw>(&mut self) -> Param<S> {
        let shift = self.shift;
        self.param(move |c| S::decay(c, shift))
    }

    fn compare(&mut self) -> Compare {
        self.c.of(&[Compare::GreaterOrEqual, Compare::Greater])
    }

    fn unit(&mut self) -> Option<u32> {
        self.c.maybe(2, |c| c.of(&[1, 2, 4, 64, MAX_UNIT]))
    }

    fn spec<S: Draw>(&mut self, family: Family) -> Spec<S> {
        let model = match family {
            Family::If | Family::Lif | Family::Cuba => Model::Spiking(self.spiking(family)),
            Family::SigmaDelta => Model::SigmaDelta(SigmaDelta {
                activation: self.c.of(&[Rectifier::Relu, Rectifier::Identity]),
                threshold: self.param(S::threshold),
                compare: self.compare(),
                bias: self.maybe(S::signed),
                unit: self.unit(),
            }),
            Family::Delta => Model::Delta(Delta {
                threshold: self.param(S::threshold),
                compare: self.compare(),
                unit: self.unit(),
            }),
            Family::Integrator => Model::Integrator(Integrator {
                decay: self.c.one_in(2).then(|| self.decay()),
                gain: self.maybe(S::signed),
                rest: self.maybe(S::signed),
                initial: self.maybe(S::signed),
            }),
            Family::Activation => Model::Activation(Activation {
                scale: S::step(self.c),
                zero_point: self.option(0, |c| c.range(-8, 8)),
                lo: self.option(0, |c| c.range(-8, 0)),
                hi: self.c.range(1, 15),
                relu: self.c.one_in(2),
                half_up: self.c.one_in(4),
            }),
        };
        Spec { model, start: self.option(0, |c| c.below(4) as u32) }
    }

    fn spiking<S: Draw>(&mut self, family: Family) -> Spiking<S> {
        let orders = [DecayOrder::BeforeInput, DecayOrder::AfterInput];
        let decay = match family {
            Family::Lif => Some(self.decay()),
            Family::Cuba => self.c.one_in(2).then(|| self.decay()),
            _ => None,
        };
        let threshold = self.param(S::threshold);
        let mut m = Spiking::new(threshold, decay);
        m.compare = self.compare();
        if family == Family::Cuba {
            m.current = Some(Current {
                decay: self.decay(),
                order: self.option(DecayOrder::BeforeInput, |c| c.of(&orders)),
                gain: self.option(None, |c| Some(S::signed(c))),
                initial: self.maybe(S::signed),
            });
        }
        m.order = self.option(DecayOrder::BeforeInput, |c| c.of(&orders));
        m.gain = self.maybe(S::signed);
        m.bias = self.maybe(S::signed);
        m.rest = self.maybe(S::signed);
        m.v_min = self.maybe(S::signed);
        m.initial = self.maybe(S::signed);
        m.refractory = self.option(0, |c| c.below(4) as u32);
        m.levels = self.option(None, |c| Some((0..=c.below(4)).map(|_| S::signed(c)).collect()));
        m.emission = self.emission();
        let counts = matches!(m.emission, Emission::Count { .. });
        m.reset = self.reset(counts);
        m
    }

    fn emission<S: Draw>(&mut self) -> Emission<S> {
        match if self.options { self.c.below(6) } else { 0 } {
            4 => Emission::Count { max: self.maybe(S::threshold) },
            5 => Emission::Scaled(self.param(S::signed)),
            _ => Emission::Binary,
        }
    }

    /// A neuron that counts resets in the same step, and only a subtracting reset is refunded.
    fn reset<S: Draw>(&mut self, counts: bool) -> Reset<S> {
        let same = counts || !self.options;
        let timing = if same { Timing::Same } else { self.c.of(&[Timing::Same, Timing::Next]) };
        match self.c.below(if self.options { 5 } else { 2 }) {
            1 => Reset::Zero(timing),
            2 => Reset::Value(timing, self.param(S::signed)),
            3 => Reset::None,
            4 if !counts => Reset::Subtract(Timing::Refund),
            _ => Reset::Subtract(timing),
        }
    }
}
