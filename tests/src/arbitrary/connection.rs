//! Random weights and biases.

use super::Config;
use super::choices::Choices;
use snnc_ir::graph::Number;
use snnc_ir::graph::op::Bias;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Scale, Seeded, Storage, Weights};

/// Weights of a shape, in any storage that the number system allows.
pub(super) fn weights(c: &mut Choices, config: &Config, shape: [usize; 4]) -> Weights {
    let len: usize = shape.iter().product();
    let limit = (1i32 << (config.weight_bits.clamp(2, 31) - 1)) - 1;
    let real = config.number == Number::Real;
    let kind = c.below(if real { 5 } else { 4 });
    let mut draw = c.fork();
    let mut value = |limit: i32| if draw.below(4) == 0 { 0 } else { draw.range(-limit, limit) };
    let storage = match kind {
        4 => Storage::F32((0..len).map(|_| value(40) as f32 * 0.1).collect()),
        1 => Storage::I32((0..len).map(|_| value(limit)).collect()),
        2 => {
            let all = (0..len as u64).map(|p| (p, value(limit)));
            let (positions, values): (Vec<_>, Vec<_>) = all.filter(|(_, v)| *v != 0).unzip();
            Storage::Sparse { positions: positions.into(), values: values.into() }
        }
        3 => Storage::Seeded(Seeded {
            seed: c.below(1 << 20) as u64,
            lo: -c.range(0, limit.min(15)),
            hi: c.range(0, limit.min(15)),
            density_ppm: c.of(&[1_000_000, 500_000, 100_000]),
        }),
        _ => Storage::I8((0..len).map(|_| value(limit.min(127)) as i8).collect()),
    };
    let scaled = real && !matches!(storage, Storage::F32(_));
    let scale = scaled.then(|| {
        if c.one_in(3) {
            Scale::PerChannel((0..shape[0]).map(|_| factor(c)).collect())
        } else {
            Scale::PerTensor(factor(c))
        }
    });
    Weights { shape, storage, scale }
}

fn factor(c: &mut Choices) -> f32 {
    c.of(&[0.25, 0.0625, 0.1, 0.013])
}

/// A bias of a layer of that shape, more often none.
pub(super) fn bias(c: &mut Choices, config: &Config, shape: Shape) -> Option<Bias> {
    c.maybe(3, |c| match config.number {
        Number::Real => {
            Bias::Real(per_channel(c.param(Shape::flat(shape.c), |c| c.range(-20, 20) as f32 * 0.05)))
        }
        Number::Integer => Bias::Integer(per_channel(c.param(Shape::flat(shape.c), |c| c.range(-20, 20)))),
    })
}

/// A bias has no value per position.
fn per_channel<S>(param: Param<S>) -> Param<S> {
    match param {
        Param::PerNeuron(values) => Param::PerChannel(values),
        other => other,
    }
}
