//! Layers of neurons, block by block, each operation on all neurons of a block before the next.

mod graded;
mod narrow;
mod operand;
mod spiking;

use super::super::arith::{Arith, Element, Float};
use super::super::simd::widest;
use super::layout;
use super::value::Value;
use crate::graph::shape::Shape;
use crate::neuron::{FixedPoint, Model, Neuron, Spec};
use narrow::{Narrow, greatest};
use operand::{Operand, Operands};
use spiking::{Block, Scratch};

/// Neurons of a block: its intermediate results stay in the nearest cache.
const BLOCK: usize = 256;

/// What does not change of a layer.
#[derive(Debug)]
pub(super) struct Layer<E: Neurons> {
    model: Model<E>,
    pub(super) start: u32,
    shape: Shape,
    operands: Operands<E>,
    arith: E::Arith,
}

/// What a layer keeps between steps, one entry per neuron in the order inside; without entries where the model has
/// none of the kind.
#[derive(Clone, Debug)]
pub(super) struct Columns<A: Arith> {
    /// Membrane (or accumulated sum of a sigma-delta unit).
    v: Vec<A::S>,
    /// Synaptic current, or the reference of a unit that gives out changes.
    i: Vec<A::S>,
    /// Steps of refractory time left.
    rest: Vec<u32>,
}

/// What a number system says of its neurons.
pub(super) trait Neurons: Element {
    /// The arithmetics between which a layer chooses, with what the choice needs.
    type Arith: std::fmt::Debug + Send + Sync;
    /// The state in the chosen arithmetic.
    type State: std::fmt::Debug + Send + Sync;

    fn layer(neuron: &Neuron, shape: Shape) -> Option<Layer<Self>>;
    fn state(layer: &Layer<Self>) -> Self::State;
    /// One step; tells how many states have left their width.
    fn step(layer: &Layer<Self>, state: &mut Self::State, x: &[Self], out: &mut Value<Self>) -> u64;
    /// Membrane and current as elements in C, H, W order; empty where there is none.
    fn membrane(layer: &Layer<Self>, state: &Self::State) -> Vec<Self>;
    fn current(layer: &Layer<Self>, state: &Self::State) -> Vec<Self>;
}

impl<A: Arith> Columns<A> {
    fn new(a: &A, model: &Model<A::E>, operands: &Operands<A::E>, len: usize) -> Self {
        let none = Vec::new;
        let zeros = || vec![A::S::default(); len];
        let start = |operand: &Option<Operand<A::E>>| match operand {
            None => zeros(),
            Some(o) => (0..len)
                .step_by(BLOCK)
                .flat_map(|at| o.block(at, BLOCK.min(len - at)))
                .map(|v| a.state(*v))
                .collect(),
        };
        let (v, i, rest) = match model {
            Model::Spiking(m) => (
                start(&operands.initial),
                m.current.as_ref().map_or_else(none, |_| start(&operands.current_initial)),
                if m.refractory > 0 { vec![0; len] } else { Vec::new() },
            ),
            Model::SigmaDelta(_) => (zeros(), zeros(), Vec::new()),
            Model::Delta(_) => (none(), zeros(), Vec::new()),
            Model::Integrator(_) => (start(&operands.initial), none(), Vec::new()),
            Model::Activation(_) => (none(), none(), Vec::new()),
        };
        Self { v, i, rest }
    }

    /// One step of all neurons.
    #[inline(always)]
    fn step(&mut self, a: &A, layer: &Layer<A::E>, x: &[A::E], out: &mut Value<A::E>) -> u64
    where
        A::E: Neurons,
    {
        let mut scratch = Scratch::new();
        let mut s = [A::E::default(); BLOCK];
        let mut overflows = 0;
        out.clear();
        for at in (0..x.len()).step_by(BLOCK) {
            let len = BLOCK.min(x.len() - at);
            let block = Block { a: *a, operands: &layer.operands, at, len };
            let (x, s) = (&x[at..at + len], &mut s[..len]);
            match &layer.model {
                Model::Spiking(m) => overflows += block.spiking(m, self, &mut scratch, x, s),
                Model::SigmaDelta(m) => overflows += block.sigma_delta(m, self, x, s),
                Model::Delta(m) => block.delta(m.compare, m.unit, self, x, s),
                Model::Integrator(_) => overflows += block.integrator(self, &mut scratch, x, s),
                Model::Activation(m) => s.iter_mut().zip(x).for_each(|(s, x)| *s = a.activate(m, *x)),
            }
            s.iter_mut().for_each(|s| *s = s.canonical());
            out.extend(at, s);
        }
        overflows
    }

    fn elements(&self, a: &A, shape: Shape, of: &[A::S]) -> Vec<A::E> {
        let inner: Vec<A::E> = of.iter().map(|s| a.element(*s)).collect();
        if inner.is_empty() { inner } else { layout::bring_out(shape, &inner) }
    }
}

impl Neurons for f32 {
    type Arith = Float;
    type State = Columns<Float>;

    fn layer(neuron: &Neuron, shape: Shape) -> Option<Layer<f32>> {
        let Neuron::Real(Spec { model, start }) = neuron else { return None };
        let operands = Operands::new(model, shape);
        Some(Layer { model: model.clone(), start: *start, shape, operands, arith: Float })
    }

    fn state(layer: &Layer<f32>) -> Self::State {
        Columns::new(&layer.arith, &layer.model, &layer.operands, layer.shape.len())
    }

    fn step(layer: &Layer<f32>, state: &mut Self::State, x: &[f32], out: &mut Value<f32>) -> u64 {
        widest(
            #[inline(always)]
            || state.step(&layer.arith, layer, x, out),
        )
    }

    fn membrane(layer: &Layer<f32>, state: &Self::State) -> Vec<f32> {
        state.elements(&layer.arith, layer.shape, &state.v)
    }

    fn current(layer: &Layer<f32>, state: &Self::State) -> Vec<f32> {
        state.elements(&layer.arith, layer.shape, &state.i)
    }
}

/// The arithmetics of an integer layer.
#[derive(Debug)]
pub(super) struct Widths {
    wide: FixedPoint,
    /// The arithmetic in 32 bits with the greatest absolute value that may enter a neuron, where there is one.
    narrow: Option<(Narrow, u32)>,
}

/// The state of an integer layer.
#[derive(Clone, Debug)]
pub(super) enum IntegerState {
    Narrow(Columns<Narrow>),
    Wide(Columns<FixedPoint>),
}

impl Columns<Narrow> {
    fn widen(&self) -> Columns<FixedPoint> {
        let wide = |s: &[i32]| s.iter().map(|s| i64::from(*s)).collect();
        Columns { v: wide(&self.v), i: wide(&self.i), rest: self.rest.clone() }
    }
}

impl Columns<FixedPoint> {
    /// The state in 32 bits, which it fits: it has been held within its width.
    fn narrow(&self) -> Columns<Narrow> {
        let narrow = |s: &[i64]| s.iter().map(|s| i32::settle(*s)).collect();
        Columns { v: narrow(&self.v), i: narrow(&self.i), rest: self.rest.clone() }
    }
}

impl Neurons for i32 {
    type Arith = Widths;
    type State = IntegerState;

    fn layer(neuron: &Neuron, shape: Shape) -> Option<Layer<i32>> {
        let Neuron::Integer(Spec { model, start }, fixed) = neuron else { return None };
        let operands = Operands::new(model, shape);
        let narrow = Narrow::new(model, &operands, *fixed);
        let arith = Widths { wide: *fixed, narrow };
        Some(Layer { model: model.clone(), start: *start, shape, operands, arith })
    }

    fn state(layer: &Layer<i32>) -> IntegerState {
        let (model, operands, len) = (&layer.model, &layer.operands, layer.shape.len());
        match &layer.arith.narrow {
            Some((narrow, _)) => IntegerState::Narrow(Columns::new(narrow, model, operands, len)),
            None => IntegerState::Wide(Columns::new(&layer.arith.wide, model, operands, len)),
        }
    }

    fn step(layer: &Layer<i32>, state: &mut IntegerState, x: &[i32], out: &mut Value<i32>) -> u64 {
        let wide = &layer.arith.wide;
        let run = |columns: &mut Columns<FixedPoint>, out: &mut Value<i32>| {
            widest(
                #[inline(always)]
                || columns.step(wide, layer, x, out),
            )
        };
        match (state, &layer.arith.narrow) {
            (IntegerState::Narrow(columns), Some((narrow, limit))) => {
                let fits = widest(
                    #[inline(always)]
                    || greatest(x) <= *limit,
                );
                if fits {
                    return widest(
                        #[inline(always)]
                        || columns.step(narrow, layer, x, out),
                    );
                }
                let mut held = columns.widen();
                let overflows = run(&mut held, out);
                *columns = held.narrow();
                overflows
            }
            (IntegerState::Wide(columns), _) => run(columns, out),
            // A layer without that arithmetic makes no such state.
            (IntegerState::Narrow(_), None) => 0,
        }
    }

    fn membrane(layer: &Layer<i32>, state: &IntegerState) -> Vec<i32> {
        match state {
            IntegerState::Narrow(c) => layout_out(layer.shape, &c.v),
            IntegerState::Wide(c) => c.elements(&layer.arith.wide, layer.shape, &c.v),
        }
    }

    fn current(layer: &Layer<i32>, state: &IntegerState) -> Vec<i32> {
        match state {
            IntegerState::Narrow(c) => layout_out(layer.shape, &c.i),
            IntegerState::Wide(c) => c.elements(&layer.arith.wide, layer.shape, &c.i),
        }
    }
}

fn layout_out(shape: Shape, of: &[i32]) -> Vec<i32> {
    if of.is_empty() { Vec::new() } else { layout::bring_out(shape, of) }
}
