//! What is known of every value of a class, whatever the chip.
//!
//! Equal terms have equal shapes; what each of them says of the values holds for all, so intervals meet. There is
//! nothing of a chip here and no cost.

use std::collections::BTreeMap;
use std::rc::Rc;

use egg::{DidMerge, Id};
use snnc_ir::graph::op::{Op, Values};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::neuron::{Emission, Model, Neuron, Spec};
use snnc_ir::sim::taps;

use crate::language::{EGraph, Kernel, KernelId, Snn, Store};

/// Integers that a value can take, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Least.
    pub lo: i64,
    /// Greatest.
    pub hi: i64,
}

impl Interval {
    /// Any 32-bit integer.
    pub const ANY: Self = Self { lo: i32::MIN as i64, hi: i32::MAX as i64 };

    /// One value.
    pub const fn exactly(value: i64) -> Self {
        Self { lo: value, hi: value }
    }

    /// With zero: what padding and the steps before the first event give.
    #[must_use]
    pub fn or_zero(self) -> Self {
        Self { lo: self.lo.min(0), hi: self.hi.max(0) }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { lo: self.lo.saturating_add(other.lo), hi: self.hi.saturating_add(other.hi) }
    }

    /// Both hold.
    fn meet(self, other: Self) -> Self {
        Self { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) }
    }
}

/// What is known of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Channels, rows, columns; none for a tile or an encoding.
    pub shape: Option<Shape>,
    /// What every element lies in, in every step, proven from what inputs promise and neurons can give out. Of
    /// weighed sums it is the interval of the accumulator.
    pub values: Interval,
    /// Whether it is a population: an input, neurons, or what neurons gave out before.
    pub population: bool,
}

/// The analysis, with the store that terms refer to.
#[derive(Debug, Default)]
pub struct Analysis {
    /// Weights, constants, neurons and forms.
    pub store: Store,
    /// Per node of the graph its shape and what its values lie in; for inputs and loops.
    pub leaves: Vec<(Shape, Interval)>,
    /// What [`channel_sums`](Self::channel_sums) has computed.
    pub(crate) sums: BTreeMap<(KernelId, i64, i64), Rc<[Interval]>>,
    /// Populations that a rule has made, with those that they were made of.
    pub derived: Vec<(Id, Id)>,
    /// A union that was none: two shapes in one class. A bug of a rule, which debug builds stop at.
    pub conflict: Option<String>,
}

impl Analysis {
    /// For each row of weights (an output channel of a convolution, an output of a linear layer) what its sum lies in
    /// when what it reads lies in `values`.
    pub fn channel_sums(&mut self, kernel: KernelId, values: Interval) -> Rc<[Interval]> {
        let key = (kernel, values.lo, values.hi);
        let store = &self.store;
        Rc::clone(self.sums.entry(key).or_insert_with(|| channel_sums(store.get(kernel), values).into()))
    }
}

impl egg::Analysis<Snn> for Analysis {
    type Data = Facts;

    fn make(egraph: &mut EGraph, term: &Snn, _id: Id) -> Facts {
        let facts = |id: &Id| &egraph[*id].data;
        let known = |shape: Option<Shape>, values: Interval| Facts { shape, values, population: false };
        let store = &egraph.analysis.store;
        match term {
            Snn::Input(k) | Snn::Loop(k) => {
                let (shape, values) = egraph.analysis.leaves[*k as usize];
                Facts { shape: Some(shape), values, population: true }
            }
            Snn::Constant(k) => {
                let (value, shape) = store.constant_of(*k);
                known(Some(*shape), range(value))
            }
            Snn::Reshape(shape, [x]) => known(Some(*shape), facts(x).values),
            Snn::Slice(key, [x]) => {
                let shape = facts(x).shape.and_then(|s| key.slice().output_shape(s).ok());
                known(shape, facts(x).values)
            }
            Snn::Delay(_, [x]) => known(facts(x).shape, facts(x).values.or_zero()),
            Snn::Weigh(k, [x]) => {
                let (shape, values) = (store.get(*k).shape, facts(x).values);
                let channels = egraph.analysis.channel_sums(*k, values);
                let lo = channels.iter().map(|i| i.lo).min().unwrap_or(0);
                let hi = channels.iter().map(|i| i.hi).max().unwrap_or(0);
                known(Some(shape), Interval { lo, hi })
            }
            Snn::SumPool(key, [x]) => {
                let window = key.window();
                let n = (window.kernel[0] * window.kernel[1]) as i64;
                let Interval { lo, hi } = facts(x).values.or_zero();
                let shape = facts(x).shape.and_then(|s| window.output_shape(s).ok());
                known(shape, Interval { lo: lo.saturating_mul(n), hi: hi.saturating_mul(n) })
            }
            Snn::MaxPool(key, [x]) => {
                let shape = facts(x).shape.and_then(|s| key.window().output_shape(s).ok());
                known(shape, facts(x).values)
            }
            Snn::Add(xs) => {
                let sum = xs.iter().map(|x| facts(x).values).fold(Interval::exactly(0), Interval::plus);
                known(xs.first().and_then(|x| facts(x).shape), sum)
            }
            Snn::Concat(xs) => {
                let shapes: Option<Vec<Shape>> = xs.iter().map(|x| facts(x).shape).collect();
                let shape = shapes.and_then(|s| snnc_ir::graph::op::concat_shape(&s).ok());
                let lo = xs.iter().map(|x| facts(x).values.lo).min().unwrap_or(0);
                let hi = xs.iter().map(|x| facts(x).values.hi).max().unwrap_or(0);
                known(shape, Interval { lo, hi })
            }
            Snn::Neuron(n, [x]) => {
                let values = given_out(store.neuron_of(*n));
                Facts { shape: facts(x).shape, values, population: true }
            }
            Snn::Pop(form, _) => {
                let form = store.form_of(*form);
                Facts {
                    shape: Some(form.shape),
                    values: given_out(store.neuron_of(form.neuron)),
                    population: true,
                }
            }
            Snn::Tile(_) | Snn::Encoding(_) => known(None, Interval::exactly(0)),
        }
    }

    fn merge(&mut self, to: &mut Facts, from: Facts) -> DidMerge {
        if to.shape != from.shape {
            self.conflict.get_or_insert_with(|| format!("{:?} and {:?}", to.shape, from.shape));
        }
        let merged = Facts {
            shape: to.shape,
            values: to.values.meet(from.values),
            population: to.population || from.population,
        };
        let did = DidMerge(merged != *to, merged != from);
        *to = merged;
        did
    }
}

/// What values of an input lie in.
pub fn promised(values: &Values) -> Interval {
    match values {
        Values::Binary => Interval { lo: 0, hi: 1 },
        Values::Integer { lo, hi } | Values::Quantised { lo, hi, .. } => {
            Interval { lo: (*lo).into(), hi: (*hi).into() }
        }
        Values::Real => Interval::ANY,
    }
}

/// What neurons give out lies in; zero is always among it, as they give out nothing before their first step.
pub fn given_out(neuron: &Neuron) -> Interval {
    let Neuron::Integer(Spec { model, .. }, _) = neuron else { return Interval::ANY };
    let interval = match model {
        Model::Spiking(spiking) => match &spiking.emission {
            Emission::Binary => Interval { lo: 0, hi: 1 },
            Emission::Scaled(value) => range(value),
            Emission::Count { max: Some(max) } => Interval { lo: 0, hi: range(max).hi.max(0) },
            Emission::Count { max: None } => Interval::ANY,
        },
        Model::Activation(a) => {
            let level = |v: i32| i64::from(v) - i64::from(a.zero_point);
            Interval { lo: level(a.lo), hi: level(a.hi) }
        }
        Model::SigmaDelta(_) | Model::Delta(_) | Model::Integrator(_) => Interval::ANY,
    };
    interval.or_zero()
}

fn range(value: &Param<i32>) -> Interval {
    let values = value.values();
    Interval {
        lo: values.iter().copied().min().unwrap_or(0).into(),
        hi: values.iter().copied().max().unwrap_or(0).into(),
    }
}

/// For each row of weights what its sum lies in.
fn channel_sums(kernel: &Kernel, values: Interval) -> Vec<Interval> {
    let Interval { lo, hi } = values.or_zero();
    let row = kernel.weights.row().max(1);
    let mut out = vec![Interval::exactly(0); kernel.weights.shape[0]];
    for position in 0..kernel.weights.len() {
        let (a, b) = (kernel.at(position).saturating_mul(lo), kernel.at(position).saturating_mul(hi));
        let sum = &mut out[position / row];
        *sum = sum.plus(Interval { lo: a.min(b), hi: a.max(b) });
    }
    out
}

/// The matrix of a kernel, `[outputs][inputs]`, as triples of output, input and weight that is not zero.
pub(crate) fn entries(kernel: &Kernel, mut each: impl FnMut(usize, usize, i64)) {
    let shape = match &kernel.op {
        Op::Linear(_) => Shape::flat(kernel.shape.len()),
        _ => kernel.shape,
    };
    for at in 0..shape.len() {
        let place = (at / shape.plane(), at % shape.plane() / shape.w, at % shape.w);
        taps(&kernel.op, kernel.source, place, |tap| {
            let weight = kernel.at(tap.weight);
            if weight != 0 {
                each(at, tap.source, weight);
            }
        });
    }
}
