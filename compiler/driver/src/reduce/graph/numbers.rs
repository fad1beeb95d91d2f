//! Moves that make weights plainer: zeros, ones, no scales.

use snnc_ir::graph::Number;
use snnc_ir::graph::weights::{Seeded, Storage, Weights};

use super::{Move, Network, sound};
use crate::reduce::search::chunks;

/// Tensors up to this size are made plainer number by number.
const SINGLE: usize = 64;

/// Longest tensor that is held as numbers rather than by rule.
const HELD: usize = 1 << 20;

/// How far weights are from zeros: 1 for each one, 2 for each other number, 1 for a scale.
pub(super) fn plainness(weights: &Weights) -> usize {
    let far = |zero: bool, one: bool| if zero { 0 } else { 2 - usize::from(one) };
    let numbers: usize = match &weights.storage {
        Storage::F32(v) => v.iter().map(|v| far(*v == 0.0, *v == 1.0)).sum(),
        Storage::I8(v) => v.iter().map(|v| far(*v == 0, *v == 1)).sum(),
        // Wider storage counts for one number more.
        Storage::I32(v) => 1 + v.iter().map(|v| far(*v == 0, *v == 1)).sum::<usize>(),
        Storage::Seeded(s) if s.density_ppm == 0 => 1,
        Storage::Sparse { .. } | Storage::Seeded(_) => weights.len().saturating_mul(2).saturating_add(2),
    };
    numbers + usize::from(weights.scale.is_some())
}

/// Zeros or ones for all weights of a tensor, then for parts of it.
pub(super) fn moves(network: &Network) -> Vec<Move<Network>> {
    let graph = &network.0;
    let mut out: Vec<Move<Network>> = Vec::new();
    for (k, weights) in graph.weights.iter().enumerate() {
        let held = weights.len() <= HELD;
        let parts = if held { chunks(weights.len()) } else { std::iter::once(0..weights.len()).collect() };
        let least = weights.len().div_ceil(SINGLE);
        for part in parts.into_iter().filter(|p| p.len() >= least) {
            for one in [false, true] {
                let part = part.clone();
                out.push(replace(k, move |weights, number| {
                    if held { filled(weights, number, part.clone(), one) } else { silent(weights) }
                }));
            }
        }
        if weights.scale.is_some() {
            out.push(replace(k, |weights, _| Weights { scale: None, ..weights.clone() }));
        }
    }
    out
}

fn replace(k: usize, make: impl Fn(&Weights, Number) -> Weights + 'static) -> Move<Network> {
    Box::new(move |network| {
        let mut graph = network.0.clone();
        let number = graph.number;
        let weights = graph.weights.get_mut(k)?;
        *weights = make(weights, number);
        sound(&graph)
    })
}

/// The weights with one number in a range of positions.
fn filled(weights: &Weights, number: Number, part: std::ops::Range<usize>, one: bool) -> Weights {
    let shape = weights.shape;
    if number == Number::Real && (!weights.is_integer() || part.len() == weights.len()) {
        let mut values = weights.to_real();
        values[part].fill(f32::from(u8::from(one)));
        return Weights { shape, storage: Storage::F32(values.into()), scale: None };
    }
    let mut values = weights.to_integer().unwrap_or_default();
    values[part].fill(i32::from(one));
    let narrow: Option<Vec<i8>> = values.iter().map(|v| i8::try_from(*v).ok()).collect();
    let storage = narrow.map_or_else(|| Storage::I32(values.into()), |v| Storage::I8(v.into()));
    Weights { shape, storage, scale: weights.scale.clone() }
}

/// Zeros by rule.
fn silent(weights: &Weights) -> Weights {
    let storage = Storage::Seeded(Seeded { seed: 0, lo: 0, hi: 0, density_ppm: 0 });
    Weights { shape: weights.shape, storage, scale: None }
}
