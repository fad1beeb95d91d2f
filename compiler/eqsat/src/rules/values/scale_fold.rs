//! A factor that all weights share is a factor on what enters the neurons.

use egg::Id;
use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{Model, Neuron, Spec};

use super::super::Rule;
use crate::language::{ConstantId, EGraph, KernelId, Kind, Snn, sums};
use crate::weights::scaled_down;

pub(super) const RULE: Rule = Rule {
    name: "scale-fold",
    law: "neuron(gain a, weigh(g w, x) + g b) = neuron(gain g a, weigh(w, x) + b): the membrane gets the same",
    on: Kind::Neuron,
    rewrite,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [2, 1, 1, 1] [4, -6]
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = conv2d "w" (%0, @0) : 2x2x2 {bias channel [2, 8]}
  %2 = lif "n" (%1) : 2x2x2 {decay 3000, threshold 9, compare ge, reset zero same, shift 12}
  %3 = output "o" (%2) : 2x2x2
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Neuron(n, [x]) = term else { return Vec::new() };
    let mut out = Vec::new();
    for sum in sums(egraph, *x) {
        let store = &egraph.analysis.store;
        let kernels: Option<Vec<KernelId>> = sum.terms.iter().map(|(t, _)| t.kernel).collect();
        let Some(kernels) = kernels else { continue };
        let of_kernels =
            kernels.iter().fold(0, |g, k| factor(g, store.get(*k).weights.to_integer().unwrap_or_default()));
        let all = sum
            .constants
            .iter()
            .fold(of_kernels, |g, c| factor(g, store.constant_of(*c).0.values().to_vec()));
        let Some(neuron) = (all > 1).then(|| with_gain(store.neuron_of(*n), all)).flatten() else { continue };
        // Connections that are one factor apart are made for every source alike.
        let mut parts = Vec::new();
        for ((term, population), k) in sum.terms.iter().zip(kernels) {
            let made = egraph.analysis.store.once(RULE.name, vec![k.0, all as u32], |store| {
                scaled_down(store.get(k), all).map(|k| vec![k])
            });
            let Some(kernel) = made.and_then(|k| k.first().copied()) else { break };
            let source = if term.delay > 0 {
                egraph.add_uncanonical(Snn::Delay(term.delay, [*population]))
            } else {
                *population
            };
            parts.push(egraph.add_uncanonical(Snn::Weigh(kernel, [source])));
        }
        if parts.len() < sum.terms.len() {
            continue;
        }
        for constant in &sum.constants {
            let constant = divided(egraph, *constant, all);
            parts.push(egraph.add_uncanonical(Snn::Constant(constant)));
        }
        let entering =
            if let [one] = parts.as_slice() { *one } else { egraph.add_uncanonical(Snn::Add(parts.into())) };
        let neuron = egraph.analysis.store.neuron(&neuron);
        out.push(egraph.add_uncanonical(Snn::Neuron(neuron, [entering])));
    }
    out
}

/// The greatest common divisor of a factor and values, 0 where all are zero.
fn factor(g: i64, values: Vec<i32>) -> i64 {
    values.into_iter().fold(g, |a, b| {
        let (mut a, mut b) = (a, i64::from(b).abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    })
}

fn divided(egraph: &mut EGraph, constant: ConstantId, by: i64) -> ConstantId {
    let (value, shape) = egraph.analysis.store.constant_of(constant).clone();
    let value = value.map(|v| (i64::from(*v) / by) as i32);
    egraph.analysis.store.constant(value, shape)
}

/// The neuron with what enters it multiplied by `factor`; `None` for one that has no such factor.
fn with_gain(neuron: &Neuron, factor: i64) -> Option<Neuron> {
    let Neuron::Integer(spec, fixed) = neuron else { return None };
    let times = |v: i32| i32::try_from(i64::from(v) * factor).ok();
    let param = |gain: &Option<Param<i32>>| -> Option<Param<i32>> {
        let Some(gain) = gain else { return Some(Param::Scalar(times(1)?)) };
        gain.values().iter().all(|v| times(*v).is_some()).then(|| gain.map(|v| times(*v).unwrap_or(*v)))
    };
    let model = match &spec.model {
        Model::Spiking(s) => {
            let mut s = s.clone();
            match &mut s.current {
                Some(current) => current.gain = Some(times(current.gain.unwrap_or(1))?),
                None => s.gain = Some(param(&s.gain)?),
            }
            Model::Spiking(s)
        }
        Model::Integrator(i) => {
            let mut i = i.clone();
            i.gain = Some(param(&i.gain)?);
            Model::Integrator(i)
        }
        Model::SigmaDelta(_) | Model::Delta(_) | Model::Activation(_) => return None,
    };
    Some(Neuron::Integer(Spec { model, ..spec.clone() }, *fixed))
}
