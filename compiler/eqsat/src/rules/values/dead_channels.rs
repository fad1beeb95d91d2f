//! Channels that never spike need not be computed.

use egg::Id;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::neuron::{Compare, Emission, FixedPoint, Model, Neuron, Overflow, Reset, Spec, Spiking};

use super::super::Rule;
use crate::analysis::Interval;
use crate::language::{ConstantId, EGraph, Kind, NeuronId, Snn, Source, Sum, shape_of, source, sums};
use crate::weights::{restrict_inputs, restrict_outputs};

pub(super) const RULE: Rule = Rule {
    name: "dead-channels",
    law: "weigh(w, p) = weigh(w without the dead channels, p without them), dead: proven never to spike, as nothing but what is not positive ever enters them",
    on: Kind::Weigh,
    rewrite,
    example: r#"network "law" steps 4 integer {
  @0 = weights i8 [3, 1, 1, 1] [2, -3, 0]
  @1 = weights i8 [2, 3, 1, 1] [1, 5, 6, 2, 7, 8]
  %0 = input "a" : 1x2x2 {values 0..=3}
  %1 = conv2d "w" (%0, @0) : 3x2x2
  %2 = if "n" (%1) : 3x2x2 {threshold 3, compare ge, reset subtract same}
  %3 = delay "d" (%2) : 3x2x2 {steps 1}
  %4 = conv2d "v" (%3, @1) : 2x2x2
  %5 = if "m" (%4) : 2x2x2 {threshold 3, compare ge, reset subtract same}
  %6 = output "o" (%5) : 2x2x2
}
"#,
};

fn rewrite(egraph: &mut EGraph, term: &Snn) -> Vec<Id> {
    let Snn::Weigh(k, [x]) = term else { return Vec::new() };
    let Some(Source { population, delay }) = source(egraph, *x) else { return Vec::new() };
    let shape = shape_of(&egraph[population].data);
    // Channels of the population are channels of what the weights read only where the shape is the same.
    if egraph.analysis.store.get(*k).source != shape {
        return Vec::new();
    }
    let neurons: Vec<(NeuronId, Id)> = egraph[population]
        .nodes
        .iter()
        .filter_map(|t| if let Snn::Neuron(n, [y]) = t { Some((*n, *y)) } else { None })
        .collect();
    let mut out = Vec::new();
    for (n, entering) in neurons {
        for sum in sums(egraph, entering).into_iter().take(1) {
            let kept = kept(egraph, n, &sum, shape);
            if kept.len() == shape.c {
                continue;
            }
            if kept.is_empty() {
                let shape = egraph.analysis.store.get(*k).shape;
                let zero = egraph.analysis.store.constant(Param::Scalar(0), shape);
                out.push(egraph.add_uncanonical(Snn::Constant(zero)));
                continue;
            }
            if let Some((weighed, live)) = restricted(egraph, (*k, delay), (n, shape), &sum, &kept) {
                let pair = (live, population);
                if !egraph.analysis.derived.contains(&pair) {
                    egraph.analysis.derived.push(pair);
                }
                out.push(weighed);
            }
        }
    }
    out
}

/// The channels that may spike.
fn kept(egraph: &mut EGraph, n: NeuronId, sum: &Sum, shape: Shape) -> Vec<usize> {
    let all: Vec<usize> = (0..shape.c).collect();
    let mut entering = vec![Interval::exactly(0); shape.c];
    for (term, population) in &sum.terms {
        // A source that enters as it is may be anything.
        let Some(kernel) = term.kernel else { return all };
        let values = egraph[*population].data.values;
        let rows = egraph.analysis.channel_sums(kernel, values);
        if !rows.len().is_multiple_of(shape.c) {
            return all;
        }
        let per_channel = rows.len() / shape.c;
        for (at, row) in rows.iter().enumerate() {
            let channel = &mut entering[at / per_channel];
            let first = at % per_channel == 0;
            // The widest of the rows of a channel.
            let added = channel.plus(*row);
            *channel = if first {
                added
            } else {
                Interval { lo: channel.lo.min(row.lo), hi: channel.hi.max(row.hi) }
            };
        }
        if per_channel > 1 && sum.terms.len() > 1 {
            return all;
        }
    }
    for constant in &sum.constants {
        let (value, _) = egraph.analysis.store.constant_of(*constant);
        for (c, channel) in entering.iter_mut().enumerate() {
            let own =
                (c * shape.plane()..(c + 1) * shape.plane()).map(|at| i64::from(value.at(at, shape.plane())));
            let (lo, hi) = own.fold((i64::MAX, i64::MIN), |(lo, hi), v| (lo.min(v), hi.max(v)));
            *channel = channel.plus(Interval { lo, hi });
        }
    }
    let Neuron::Integer(Spec { model: Model::Spiking(spiking), .. }, fixed) =
        egraph.analysis.store.neuron_of(n)
    else {
        return all;
    };
    let alive = |c: &usize| !is_silent(spiking, fixed, entering[*c], *c, shape);
    all.into_iter().filter(alive).collect()
}

/// Whether the neurons of a channel never spike when what enters them lies in `entering`: their states start at zero
/// or below, nothing lifts them, and the threshold is above.
fn is_silent(m: &Spiking<i32>, fixed: &FixedPoint, entering: Interval, c: usize, shape: Shape) -> bool {
    let plane = shape.plane();
    let most =
        |p: &Param<i32>| (c * plane..(c + 1) * plane).map(|at| p.at(at, plane)).max().unwrap_or(i32::MAX);
    let least =
        |p: &Param<i32>| (c * plane..(c + 1) * plane).map(|at| p.at(at, plane)).min().unwrap_or(i32::MIN);
    let not_positive = |p: &Option<Param<i32>>| p.as_ref().is_none_or(|p| most(p) <= 0);
    let not_negative = |p: &Option<Param<i32>>| p.as_ref().is_none_or(|p| least(p) >= 0);
    let current = m
        .current
        .as_ref()
        .is_none_or(|i| least(&i.decay) >= 0 && i.gain.is_none_or(|g| g >= 0) && not_positive(&i.initial));
    // A state that wraps around may turn positive; one that nothing enters stays where it is.
    let wraps =
        fixed.v_overflow == Overflow::Wrap || (m.current.is_some() && fixed.i_overflow == Overflow::Wrap);
    let still = entering == Interval::exactly(0)
        && [&m.bias, &m.initial].iter().all(|p| p.is_none())
        && m.current.as_ref().is_none_or(|i| i.initial.is_none());
    let above = match m.compare {
        Compare::Greater => least(&m.threshold) >= 0,
        Compare::GreaterOrEqual => least(&m.threshold) > 0,
    };
    entering.hi <= 0
        && (still || !wraps)
        && current
        && above
        && not_negative(&m.decay)
        && not_negative(&m.gain)
        && not_positive(&m.bias)
        && not_positive(&m.initial)
        && not_positive(&m.v_min)
        && m.rest.is_none()
        && m.levels.is_none()
        && !matches!(m.emission, Emission::Count { .. })
}

/// The connection from the channels that are kept, and the population of these.
fn restricted(
    egraph: &mut EGraph,
    (k, delay): (crate::language::KernelId, u32),
    (n, shape): (NeuronId, Shape),
    sum: &Sum,
    kept: &[usize],
) -> Option<(Id, Id)> {
    let key = |k: u32| std::iter::once(k).chain(kept.iter().map(|c| *c as u32)).collect::<Vec<u32>>();
    let mut parts = Vec::new();
    for (term, population) in &sum.terms {
        let kernel = term.kernel?;
        let made = egraph.analysis.store.once("dead-channels, outputs", key(kernel.0), |store| {
            restrict_outputs(store.get(kernel), kept).map(|k| vec![k])
        })?;
        let from = if term.delay > 0 {
            egraph.add_uncanonical(Snn::Delay(term.delay, [*population]))
        } else {
            *population
        };
        parts.push(egraph.add_uncanonical(Snn::Weigh(*made.first()?, [from])));
    }
    let outer = egraph
        .analysis
        .store
        .once(RULE.name, key(k.0), |store| restrict_inputs(store.get(k), kept).map(|k| vec![k]))?;
    for constant in &sum.constants {
        let constant = selected(egraph, *constant, kept, shape);
        parts.push(egraph.add_uncanonical(Snn::Constant(constant)));
    }
    let entering = match parts.as_slice() {
        [] => return None,
        [one] => *one,
        _ => egraph.add_uncanonical(Snn::Add(parts.into())),
    };
    let neuron = of_channels(egraph.analysis.store.neuron_of(n), kept, shape.plane())?;
    let neuron = egraph.analysis.store.neuron(&neuron);
    let population = egraph.add_uncanonical(Snn::Neuron(neuron, [entering]));
    let from = if delay > 0 { egraph.add_uncanonical(Snn::Delay(delay, [population])) } else { population };
    Some((egraph.add_uncanonical(Snn::Weigh(*outer.first()?, [from])), population))
}

fn selected(egraph: &mut EGraph, constant: ConstantId, kept: &[usize], shape: Shape) -> ConstantId {
    let (value, _) = egraph.analysis.store.constant_of(constant);
    let value = of_param(value, kept, shape.plane());
    egraph.analysis.store.constant(value, Shape { c: kept.len(), ..shape })
}

fn of_param(value: &Param<i32>, kept: &[usize], plane: usize) -> Param<i32> {
    match value {
        Param::Scalar(v) => Param::Scalar(*v),
        Param::PerChannel(v) => Param::PerChannel(kept.iter().map(|c| v[*c]).collect()),
        Param::PerNeuron(v) => Param::PerNeuron(
            kept.iter().flat_map(|c| v[c * plane..(c + 1) * plane].iter().copied()).collect(),
        ),
    }
}

/// The neurons of some channels.
fn of_channels(neuron: &Neuron, kept: &[usize], plane: usize) -> Option<Neuron> {
    let Neuron::Integer(spec, fixed) = neuron else { return None };
    let Model::Spiking(spiking) = &spec.model else { return None };
    let mut m = spiking.clone();
    let of = |p: &mut Param<i32>| *p = of_param(p, kept, plane);
    of(&mut m.threshold);
    [&mut m.decay, &mut m.gain, &mut m.bias, &mut m.rest, &mut m.v_min, &mut m.initial]
        .into_iter()
        .flatten()
        .for_each(of);
    if let Some(current) = &mut m.current {
        of(&mut current.decay);
        current.initial.iter_mut().for_each(of);
    }
    if let Reset::Value(_, p) = &mut m.reset {
        of(p);
    }
    match &mut m.emission {
        Emission::Scaled(p) | Emission::Count { max: Some(p) } => of(p),
        Emission::Binary | Emission::Count { max: None } => {}
    }
    Some(Neuron::Integer(Spec { model: Model::Spiking(m), ..spec.clone() }, *fixed))
}
