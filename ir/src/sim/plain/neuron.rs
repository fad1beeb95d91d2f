//! One step of a layer of neurons; the equations of `docs/ai.snnc.md` in its order of operations.

use super::super::arith::Arith;
use crate::graph::param::Param;
use crate::neuron::{
    DecayOrder, Delta, Emission, Integrator, Model, Rectifier, Reset, SigmaDelta, Spec, Spiking, Timing,
};

/// What a layer of neurons keeps between steps.
#[derive(Clone, Debug)]
pub(super) struct State<A: Arith> {
    /// Membrane (or accumulated sum of a sigma-delta unit).
    v: Vec<A::S>,
    /// Synaptic current, or the reference of a unit that gives out changes; empty when there is none.
    i: Vec<A::S>,
    /// Steps of refractory time left; empty when there is none.
    rest: Vec<u32>,
    /// States that left their width in the last step.
    overflows: u64,
}

impl<A: Arith> State<A> {
    /// The state before the first step.
    pub(super) fn new(arith: &A, model: &Model<A::E>, len: usize, plane: usize) -> Self {
        let start = |p: Option<&Param<A::E>>| -> Vec<A::S> {
            (0..len).map(|k| p.map_or(A::S::default(), |p| arith.state(p.at(k, plane)))).collect()
        };
        let (v, i, rest) = match model {
            Model::Spiking(m) => (
                start(m.initial.as_ref()),
                m.current.as_ref().map_or(Vec::new(), |c| start(c.initial.as_ref())),
                if m.refractory > 0 { vec![0; len] } else { Vec::new() },
            ),
            Model::SigmaDelta(_) => (start(None), start(None), Vec::new()),
            Model::Delta(_) => (Vec::new(), start(None), Vec::new()),
            Model::Integrator(m) => (start(m.initial.as_ref()), Vec::new(), Vec::new()),
            Model::Activation(_) => (Vec::new(), Vec::new(), Vec::new()),
        };
        Self { v, i, rest, overflows: 0 }
    }

    /// The membrane (or sum) of every neuron, as elements.
    pub(super) fn membrane(&self, arith: &A) -> Vec<A::E> {
        self.v.iter().map(|v| arith.element(*v)).collect()
    }

    /// States that left their width in the last step, by neuron and state.
    pub(super) fn overflows(&self) -> u64 {
        self.overflows
    }

    /// The current (or reference) of every neuron, as elements.
    pub(super) fn current(&self, arith: &A) -> Vec<A::E> {
        self.i.iter().map(|v| arith.element(*v)).collect()
    }
}

/// Calculates one step of the layer.
pub(super) fn step<A: Arith>(
    arith: &A,
    spec: &Spec<A::E>,
    state: &mut State<A>,
    input: &[A::E],
    plane: usize,
) -> Vec<A::E> {
    let each = 0..input.len();
    state.overflows = 0;
    match &spec.model {
        Model::Spiking(m) => each.map(|k| Cell { a: arith, k, plane }.spiking(m, state, input[k])).collect(),
        Model::SigmaDelta(m) => {
            each.map(|k| Cell { a: arith, k, plane }.sigma_delta(m, state, input[k])).collect()
        }
        Model::Delta(m) => each.map(|k| Cell { a: arith, k, plane }.delta(m, state, input[k])).collect(),
        Model::Integrator(m) => {
            each.map(|k| Cell { a: arith, k, plane }.integrator(m, state, input[k])).collect()
        }
        Model::Activation(m) => input.iter().map(|x| arith.activate(m, *x)).collect(),
    }
}

/// One neuron of the layer.
struct Cell<'a, A> {
    a: &'a A,
    /// Position in the layer.
    k: usize,
    /// Neurons per channel.
    plane: usize,
}

impl<A: Arith> Cell<'_, A> {
    fn get(&self, param: &Param<A::E>) -> A::S {
        self.a.state(param.at(self.k, self.plane))
    }

    /// `w` decayed, towards `rest` where there is one.
    fn decayed(&self, w: A::S, decay: Option<&Param<A::E>>, rest: Option<&Param<A::E>>) -> A::S {
        let a = self.a;
        let Some(decay) = decay else { return w };
        let factor = decay.at(self.k, self.plane);
        match rest.map(|r| self.get(r)) {
            None => a.decay(w, factor),
            Some(rest) => a.add(rest, a.decay(a.sub(w, rest), factor)),
        }
    }

    fn flag(&self, set: bool) -> A::S {
        if set { self.a.state(self.a.one()) } else { A::S::default() }
    }

    fn spiking(&self, m: &Spiking<A::E>, state: &mut State<A>, x: A::E) -> A::E {
        let a = self.a;
        let k = self.k;
        let drive = self.current(m, state, a.state(x));
        if let Some(left) = state.rest.get_mut(k).filter(|left| **left > 0) {
            *left -= 1;
            return A::E::default();
        }
        let g = m.gain.as_ref().map_or(drive, |gain| a.mul(self.get(gain), drive));
        let threshold = self.get(&m.threshold);
        let v = state.v[k];
        let r = matches!(m.reset.timing(), Some(Timing::Next | Timing::Refund))
            && a.passes(v, threshold, m.compare);
        let mut u = self.integrate(m, v, g, r, threshold);
        if let Some(bias) = &m.bias {
            u = a.add(u, self.get(bias));
        }
        let held = a.hold_v(u);
        let mut left = a.left(u, held);
        u = held;
        if let Some(levels) = &m.levels {
            u = self.nearest(levels, u);
        }
        let h = a.passes(u, threshold, m.compare);
        let (s, times) = match &m.emission {
            Emission::Binary => (self.flag(h), self.flag(h)),
            Emission::Scaled(value) => (a.mul(self.flag(h), self.get(value)), self.flag(h)),
            Emission::Count { max } => {
                let n = a.count(u, threshold);
                let n = max.as_ref().map(|m| self.get(m)).filter(|m| *m < n).unwrap_or(n);
                (n, n)
            }
        };
        let fired = times > A::S::default();
        let mut stored = self.reset(m, u, r, times, fired, threshold);
        if let Some(v_min) = &m.v_min {
            stored = a.max(stored, self.get(v_min));
        }
        let held = a.hold_v(stored);
        left |= a.left(stored, held);
        state.v[k] = held;
        state.overflows += u64::from(left);
        if fired && let Some(left) = state.rest.get_mut(k) {
            *left = m.refractory;
        }
        a.element(s)
    }

    /// Updates the synaptic current; gives what enters the membrane.
    fn current(&self, m: &Spiking<A::E>, state: &mut State<A>, x: A::S) -> A::S {
        let a = self.a;
        let Some(current) = &m.current else { return x };
        let factor = current.decay.at(self.k, self.plane);
        let x = current.gain.map_or(x, |gain| a.mul(a.state(gain), x));
        let i = state.i[self.k];
        match current.order {
            DecayOrder::BeforeInput => {
                let sum = a.add(a.decay(i, factor), x);
                let j = a.hold_i(sum);
                state.overflows += u64::from(a.left(sum, j));
                state.i[self.k] = j;
                j
            }
            DecayOrder::AfterInput => {
                let sum = a.add(i, x);
                let j = a.hold_i(sum);
                let decayed = a.decay(j, factor);
                state.i[self.k] = a.hold_i(decayed);
                state.overflows += u64::from(a.left(sum, j) || a.left(decayed, state.i[self.k]));
                j
            }
        }
    }

    /// The membrane before the comparison; `r` is a reset that takes effect in this step.
    fn integrate(&self, m: &Spiking<A::E>, v: A::S, g: A::S, r: bool, threshold: A::S) -> A::S {
        let a = self.a;
        let leak = |w: A::S| match m.order {
            DecayOrder::BeforeInput => a.add(self.decayed(w, m.decay.as_ref(), m.rest.as_ref()), g),
            DecayOrder::AfterInput => self.decayed(a.add(w, g), m.decay.as_ref(), m.rest.as_ref()),
        };
        let keep = self.flag(!r);
        let value = match &m.reset {
            Reset::Value(Timing::Next, value) => Some(a.mul(self.flag(r), self.get(value))),
            _ => None,
        };
        match &m.reset {
            Reset::Subtract(Timing::Next | Timing::Refund) => a.sub(leak(v), a.mul(self.flag(r), threshold)),
            Reset::Zero(Timing::Next) | Reset::Value(Timing::Next, _) => {
                let with = |w: A::S| value.map_or(w, |value| a.add(w, value));
                // A current-based neuron loses the input of the step too (snnTorch's Synaptic).
                if m.current.is_some() { with(a.mul(keep, leak(v))) } else { leak(with(a.mul(keep, v))) }
            }
            _ => leak(v),
        }
    }

    /// The membrane to store.
    fn reset(&self, m: &Spiking<A::E>, u: A::S, r: bool, times: A::S, fired: bool, threshold: A::S) -> A::S {
        let a = self.a;
        match &m.reset {
            Reset::Subtract(Timing::Same) => a.sub(u, a.mul(times, threshold)),
            Reset::Subtract(Timing::Refund) => {
                a.sub(u, a.mul(a.sub(self.flag(fired), self.flag(r)), threshold))
            }
            Reset::Zero(Timing::Same) => a.mul(u, self.flag(!fired)),
            Reset::Value(Timing::Same, value) => {
                a.add(a.mul(self.flag(!fired), u), a.mul(self.flag(fired), self.get(value)))
            }
            _ => u,
        }
    }

    fn nearest(&self, levels: &[A::E], u: A::S) -> A::S {
        let a = self.a;
        let mut best: Option<(A::S, A::S)> = None;
        for level in levels.iter().map(|l| a.state(*l)) {
            let distance = a.abs(a.sub(level, u));
            if best.is_none_or(|(d, _)| distance < d) {
                best = Some((distance, level));
            }
        }
        best.map_or(u, |(_, level)| level)
    }

    fn sigma_delta(&self, m: &SigmaDelta<A::E>, state: &mut State<A>, x: A::E) -> A::E {
        let a = self.a;
        let sum = a.add(state.v[self.k], a.state(x));
        let sigma = a.hold_v(sum);
        state.overflows += u64::from(a.left(sum, sigma));
        state.v[self.k] = sigma;
        let sum = m.bias.as_ref().map_or(sigma, |bias| a.add(sigma, self.get(bias)));
        let activated = match m.activation {
            Rectifier::Relu => a.max(sum, A::S::default()),
            Rectifier::Identity => sum,
        };
        self.change(activated, &m.threshold, m.compare, m.unit, state)
    }

    fn delta(&self, m: &Delta<A::E>, state: &mut State<A>, x: A::E) -> A::E {
        self.change(self.a.state(x), &m.threshold, m.compare, m.unit, state)
    }

    /// Gives out the difference to the reference when it passes the threshold, in whole units where there are
    /// units, and moves the reference by all of it.
    fn change(
        &self,
        value: A::S,
        threshold: &Param<A::E>,
        compare: crate::neuron::Compare,
        unit: Option<u32>,
        state: &mut State<A>,
    ) -> A::E {
        let a = self.a;
        let d = a.sub(a.graded(value), state.i[self.k]);
        let s = if a.passes(a.abs(d), self.get(threshold), compare) { d } else { A::S::default() };
        state.i[self.k] = a.add(state.i[self.k], s);
        a.element(unit.map_or(s, |unit| a.whole_units(s, unit)))
    }

    fn integrator(&self, m: &Integrator<A::E>, state: &mut State<A>, x: A::E) -> A::E {
        let a = self.a;
        let x = a.state(x);
        let g = m.gain.as_ref().map_or(x, |gain| a.mul(self.get(gain), x));
        let v = self.decayed(state.v[self.k], m.decay.as_ref(), m.rest.as_ref());
        let sum = a.add(v, g);
        state.v[self.k] = a.hold_v(sum);
        state.overflows += u64::from(a.left(sum, state.v[self.k]));
        a.element(a.graded(state.v[self.k]))
    }
}
