//! Moves that make neurons and inputs plainer.

use snnc_ir::graph::op::{Bias, Input, Op, Values};
use snnc_ir::graph::param::Param;
use snnc_ir::neuron::{
    Compare, DecayOrder, Delta, Emission, FixedPoint, Integrator, Model, Neuron, Rectifier, Reset,
    SigmaDelta, Spec, Spiking, Timing,
};

use super::{Move, Network, alone, params};

/// Options left out, parameters made one number, biases left out, inputs made binary.
pub(super) fn moves(network: &Network) -> Vec<Move<Network>> {
    alone(&network.0, |op| match op {
        Op::Neuron(neuron) => variants(neuron).into_iter().map(|n| Op::Neuron(Box::new(n))).collect(),
        Op::Input(Input { values }) if *values != Values::Binary => {
            let mut out = vec![Op::Input(Input { values: Values::Binary })];
            if let Values::Quantised { lo, hi, .. } = *values {
                out.push(Op::Input(Input { values: Values::Integer { lo, hi } }));
            }
            out
        }
        Op::Conv2d(conv) => biases(conv.bias.as_ref())
            .into_iter()
            .map(|bias| Op::Conv2d(snnc_ir::graph::op::Conv2d { bias, ..conv.clone() }))
            .collect(),
        Op::Linear(linear) => biases(linear.bias.as_ref())
            .into_iter()
            .map(|bias| Op::Linear(snnc_ir::graph::op::Linear { bias, ..linear.clone() }))
            .collect(),
        _ => Vec::new(),
    })
}

/// What of a layer of neurons is not at its plainest.
pub(super) fn options(neuron: &Neuron) -> usize {
    match neuron {
        Neuron::Real(spec) => of_spec(spec, 1.0),
        Neuron::Integer(spec, fixed) => of_spec(spec, 1) + usize::from(fixed.rescale.is_some()),
    }
}

/// No bias, or one number for it.
fn biases(bias: Option<&Bias>) -> Vec<Option<Bias>> {
    match bias {
        None => Vec::new(),
        Some(Bias::Real(p)) => vec![None, first(p).map(Bias::Real)],
        Some(Bias::Integer(p)) => vec![None, first(p).map(Bias::Integer)],
    }
}

fn first<S: Copy>(param: &Param<S>) -> Option<Param<S>> {
    param.values().first().copied().map(Param::Scalar)
}

fn variants(neuron: &Neuron) -> Vec<Neuron> {
    let mut out = match neuron {
        Neuron::Real(spec) => specs(spec, 1.0).into_iter().map(Neuron::Real).collect(),
        Neuron::Integer(spec, fixed) => {
            let mut out: Vec<Neuron> =
                specs(spec, 1).into_iter().map(|s| Neuron::Integer(s, *fixed)).collect();
            out.push(Neuron::Integer(spec.clone(), FixedPoint { rescale: None, ..*fixed }));
            out
        }
    };
    let mut all = 0;
    let mut counted = neuron.clone();
    params::each(&mut counted, &mut |_| all += 1, &mut |_| {});
    params::each(&mut counted, &mut |_| {}, &mut |_| all += 1);
    for k in 0..all {
        out.push(with_scalar(neuron, k, first, first));
        out.push(with_scalar(neuron, k, |_| Some(Param::Scalar(1.0)), |_| Some(Param::Scalar(1))));
    }
    out
}

/// The neuron with its `k`-th parameter replaced.
fn with_scalar(
    neuron: &Neuron,
    k: usize,
    real: impl Fn(&Param<f32>) -> Option<Param<f32>>,
    integer: impl Fn(&Param<i32>) -> Option<Param<i32>>,
) -> Neuron {
    fn replace<S>(at: &mut usize, k: usize, p: &mut Param<S>, f: impl Fn(&Param<S>) -> Option<Param<S>>) {
        if *at == k
            && let Some(new) = f(p)
        {
            *p = new;
        }
        *at += 1;
    }
    let mut out = neuron.clone();
    let (mut a, mut b) = (0, 0);
    params::each(&mut out, &mut |p| replace(&mut a, k, p, &real), &mut |p| replace(&mut b, k, p, &integer));
    out
}

/// A change of one option, and how far a model has it from its plainest.
struct Choice<T> {
    away: fn(&T) -> usize,
    plainer: fn(&T) -> Vec<T>,
}

fn of_spec<S: Clone + PartialEq>(spec: &Spec<S>, one: S) -> usize {
    let count = |all: usize| all + usize::from(spec.start != 0);
    count(match &spec.model {
        Model::Spiking(m) => spiking().iter().map(|c| (c.away)(m)).sum(),
        Model::SigmaDelta(m) => {
            [m.bias.is_some(), m.unit.is_some(), m.activation != Rectifier::Identity, m.compare != PLAIN]
                .map(usize::from)
                .iter()
                .sum()
        }
        Model::Delta(m) => usize::from(m.unit.is_some()) + usize::from(m.compare != PLAIN),
        Model::Integrator(m) => {
            [&m.decay, &m.gain, &m.rest, &m.initial].iter().filter(|p| p.is_some()).count()
        }
        Model::Activation(a) => {
            [a.scale != one, a.zero_point != 0, a.relu, a.half_up].map(usize::from).iter().sum()
        }
    })
}

const PLAIN: Compare = Compare::GreaterOrEqual;

fn specs<S: Clone + PartialEq>(spec: &Spec<S>, one: S) -> Vec<Spec<S>> {
    let mut models: Vec<Model<S>> = Vec::new();
    match &spec.model {
        Model::Spiking(m) => {
            models.extend(spiking().iter().flat_map(|c| (c.plainer)(m)).map(Model::Spiking));
        }
        Model::SigmaDelta(m) => models.extend(
            [
                SigmaDelta { bias: None, ..m.clone() },
                SigmaDelta { unit: None, ..m.clone() },
                SigmaDelta { activation: Rectifier::Identity, ..m.clone() },
                SigmaDelta { compare: PLAIN, ..m.clone() },
            ]
            .map(Model::SigmaDelta),
        ),
        Model::Delta(m) => models.extend(
            [Delta { unit: None, ..m.clone() }, Delta { compare: PLAIN, ..m.clone() }].map(Model::Delta),
        ),
        Model::Integrator(m) => models.extend(
            [
                Integrator { decay: None, ..m.clone() },
                Integrator { gain: None, ..m.clone() },
                Integrator { rest: None, ..m.clone() },
                Integrator { initial: None, ..m.clone() },
            ]
            .map(Model::Integrator),
        ),
        Model::Activation(a) => {
            let mut plainer = [a.clone(), a.clone(), a.clone(), a.clone()];
            plainer[0].scale = one;
            plainer[1].zero_point = 0;
            plainer[2].relu = false;
            plainer[3].half_up = false;
            models.extend(plainer.map(Model::Activation));
        }
    }
    let mut out: Vec<Spec<S>> = models.into_iter().map(|model| Spec { model, start: spec.start }).collect();
    out.push(Spec { model: spec.model.clone(), start: 0 });
    out
}

/// The options of integrate-and-fire neurons.
fn spiking<S: Clone>() -> Vec<Choice<Spiking<S>>> {
    macro_rules! absent {
        ($field:ident) => {
            Choice {
                away: |m| usize::from(m.$field.is_some()),
                plainer: |m| vec![Spiking { $field: None, ..m.clone() }],
            }
        };
    }
    vec![
        absent!(current),
        absent!(decay),
        absent!(gain),
        absent!(bias),
        absent!(rest),
        absent!(v_min),
        absent!(levels),
        absent!(initial),
        Choice {
            away: |m| usize::from(m.order != DecayOrder::BeforeInput),
            plainer: |m| vec![Spiking { order: DecayOrder::BeforeInput, ..m.clone() }],
        },
        Choice {
            away: |m| usize::from(m.compare != PLAIN),
            plainer: |m| vec![Spiking { compare: PLAIN, ..m.clone() }],
        },
        Choice {
            away: |m| usize::from(m.refractory > 0) + usize::from(m.refractory > 1),
            plainer: |m| [0, 1].map(|refractory| Spiking { refractory, ..m.clone() }).to_vec(),
        },
        Choice {
            away: |m| match &m.emission {
                Emission::Binary => 0,
                Emission::Count { max: None } => 1,
                Emission::Count { .. } | Emission::Scaled(_) => 2,
            },
            plainer: |m| {
                let mut out = vec![Spiking { emission: Emission::Binary, ..m.clone() }];
                if matches!(m.emission, Emission::Count { .. }) {
                    out.push(Spiking { emission: Emission::Count { max: None }, ..m.clone() });
                }
                out
            },
        },
        Choice {
            away: |m| match &m.reset {
                Reset::Subtract(Timing::Same) => 0,
                Reset::Zero(Timing::Same) => 1,
                Reset::None => 2,
                Reset::Subtract(_) => 3,
                Reset::Zero(_) => 4,
                Reset::Value(..) => 5,
            },
            plainer: |m| {
                [Reset::Subtract(Timing::Same), Reset::Zero(Timing::Same), Reset::None]
                    .map(|reset| Spiking { reset, ..m.clone() })
                    .to_vec()
            },
        },
        Choice {
            away: |m| {
                m.current.as_ref().map_or(0, |c| {
                    usize::from(c.gain.is_some())
                        + usize::from(c.initial.is_some())
                        + usize::from(c.order != DecayOrder::BeforeInput)
                })
            },
            plainer: |m| {
                let mut out = Vec::new();
                let mut with = |change: &dyn Fn(&mut snnc_ir::neuron::Current<S>)| {
                    if let Some(current) = &m.current {
                        let mut current = current.clone();
                        change(&mut current);
                        out.push(Spiking { current: Some(current), ..m.clone() });
                    }
                };
                with(&|c| c.gain = None);
                with(&|c| c.initial = None);
                with(&|c| c.order = DecayOrder::BeforeInput);
                out
            },
        },
    ]
}
