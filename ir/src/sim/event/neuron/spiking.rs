//! Integrate-and-fire neurons, block by block: each operation of `docs/ai.snnc.md` on all neurons of a block before
//! the next.

use super::super::super::arith::Arith;
use super::operand::{Operand, Operands};
use super::{BLOCK, Columns};
use crate::neuron::{Compare, DecayOrder, Emission, Reset, Spiking, Timing};

/// Intermediate results of a block.
pub(super) struct Scratch<A: Arith> {
    /// What enters the membrane.
    pub(super) g: [A::S; BLOCK],
    /// The membrane before the reset of this step.
    u: [A::S; BLOCK],
    /// 1 where a reset of the last step takes effect in this one.
    r: [A::S; BLOCK],
    /// How often the threshold is taken off.
    times: [A::S; BLOCK],
    /// Whether the membrane has left its width.
    left: [bool; BLOCK],
}

impl<A: Arith> Scratch<A> {
    pub(super) fn new() -> Self {
        let zeros = [A::S::default(); BLOCK];
        Self { g: zeros, u: zeros, r: zeros, times: zeros, left: [false; BLOCK] }
    }
}

/// A block of a layer.
pub(super) struct Block<'a, A: Arith> {
    /// A copy, which nothing that is written can be part of.
    pub(super) a: A,
    pub(super) operands: &'a Operands<A::E>,
    /// Position of its first neuron.
    pub(super) at: usize,
    /// Number of its neurons.
    pub(super) len: usize,
}

impl<A: Arith> Block<'_, A> {
    #[inline(always)]
    pub(super) fn get<'o>(&self, operand: &'o Option<Operand<A::E>>) -> Option<&'o [A::E]> {
        operand.as_ref().map(|o| o.block(self.at, self.len))
    }

    #[inline(always)]
    fn flag(&self, set: bool) -> A::S {
        if set { self.a.state(self.a.one()) } else { A::S::default() }
    }

    /// Gives out `s`; tells how many states have left their width.
    #[inline(always)]
    pub(super) fn spiking(
        &self,
        m: &Spiking<A::E>,
        c: &mut Columns<A>,
        t: &mut Scratch<A>,
        x: &[A::E],
        s: &mut [A::E],
    ) -> u64 {
        let (a, n, at) = (&self.a, self.len, self.at);
        let mut overflows = self.drive(m, c, &mut t.g[..n], x);
        let (g, u, r) = (&t.g[..n], &mut t.u[..n], &mut t.r[..n]);
        let (times, left) = (&mut t.times[..n], &mut t.left[..n]);
        let v = &mut c.v[at..at + n];
        let Some(threshold) = self.get(&self.operands.threshold) else { return 0 };
        if matches!(m.reset.timing(), Some(Timing::Next | Timing::Refund)) {
            for ((r, v), th) in r.iter_mut().zip(&*v).zip(threshold) {
                *r = self.flag(a.passes(*v, a.state(*th), m.compare));
            }
        }
        u.copy_from_slice(v);
        let value = self.get(&self.operands.reset_value);
        let v_min = self.get(&self.operands.v_min);
        let delayed = matches!(m.reset, Reset::Zero(Timing::Next) | Reset::Value(Timing::Next, _));
        // A current-based neuron loses the input of the step too (snnTorch's Synaptic).
        if delayed && m.current.is_none() {
            self.clear(u, r, value);
        }
        self.leak(m.order, u, g);
        if delayed && m.current.is_some() {
            self.clear(u, r, value);
        }
        if let Reset::Subtract(Timing::Next | Timing::Refund) = m.reset {
            for ((u, r), th) in u.iter_mut().zip(&*r).zip(threshold) {
                *u = a.sub(*u, a.mul(*r, a.state(*th)));
            }
        }
        if let Some(bias) = self.get(&self.operands.bias) {
            for (u, b) in u.iter_mut().zip(bias) {
                *u = a.add(*u, a.state(*b));
            }
        }
        if m.levels.is_none() && m.refractory == 0 && m.emission == Emission::Binary && v_min.is_none() {
            let fused = match m.reset {
                Reset::Zero(Timing::Same) => {
                    Some(self.finish(m, u, threshold, v, s, |u, _, fired| a.mul(u, self.flag(!fired))))
                }
                Reset::Subtract(Timing::Same) => Some(
                    self.finish(m, u, threshold, v, s, |u, th, fired| a.sub(u, a.mul(self.flag(fired), th))),
                ),
                _ => None,
            };
            if let Some(count) = fused {
                return overflows + count;
            }
        }
        for (u, left) in u.iter_mut().zip(&mut *left) {
            let held = a.hold_v(*u);
            *left = a.left(*u, held);
            *u = held;
        }
        if let Some(levels) = &m.levels {
            u.iter_mut().for_each(|u| *u = nearest(a, levels, *u));
        }
        self.emit(m, u, threshold, times, s);
        // What is stored.
        match &m.reset {
            Reset::Subtract(Timing::Same) => {
                for ((u, times), th) in u.iter_mut().zip(&*times).zip(threshold) {
                    *u = a.sub(*u, a.mul(*times, a.state(*th)));
                }
            }
            Reset::Subtract(Timing::Refund) => {
                for (((u, times), r), th) in u.iter_mut().zip(&*times).zip(&*r).zip(threshold) {
                    let fired = self.flag(*times > A::S::default());
                    *u = a.sub(*u, a.mul(a.sub(fired, *r), a.state(*th)));
                }
            }
            Reset::Zero(Timing::Same) => {
                for (u, times) in u.iter_mut().zip(&*times) {
                    let fired = *times > A::S::default();
                    *u = a.mul(*u, self.flag(!fired));
                }
            }
            Reset::Value(Timing::Same, _) => {
                for ((u, times), value) in u.iter_mut().zip(&*times).zip(value.unwrap_or_default()) {
                    let fired = *times > A::S::default();
                    *u = a.add(a.mul(self.flag(!fired), *u), a.mul(self.flag(fired), a.state(*value)));
                }
            }
            _ => {}
        }
        if let Some(v_min) = v_min {
            for (u, least) in u.iter_mut().zip(v_min) {
                *u = a.max(*u, a.state(*least));
            }
        }
        if m.refractory == 0 {
            let mut count = 0u32;
            for ((v, u), left) in v.iter_mut().zip(&*u).zip(&*left) {
                *v = a.hold_v(*u);
                count += u32::from(*left | a.left(*u, *v));
            }
            return overflows + u64::from(count);
        }
        let rest = &mut c.rest[at..at + n];
        for (k, s) in s.iter_mut().enumerate() {
            if rest[k] > 0 {
                rest[k] -= 1;
                *s = A::E::default();
                continue;
            }
            v[k] = a.hold_v(u[k]);
            overflows += u64::from(left[k] | a.left(u[k], v[k]));
            if times[k] > A::S::default() {
                rest[k] = m.refractory;
            }
        }
        overflows
    }

    /// Comparison, spike and reset of the plainest neurons in one go; tells how many membranes have left their width.
    #[inline(always)]
    fn finish(
        &self,
        m: &Spiking<A::E>,
        u: &[A::S],
        threshold: &[A::E],
        v: &mut [A::S],
        s: &mut [A::E],
        reset: impl Fn(A::S, A::S, bool) -> A::S,
    ) -> u64 {
        let a = &self.a;
        let equal = m.compare == Compare::GreaterOrEqual;
        let mut count = 0u32;
        for (((u, th), v), s) in u.iter().zip(threshold).zip(v).zip(s) {
            let (held, th) = (a.hold_v(*u), a.state(*th));
            let fired = (held > th) | (equal & (held == th));
            let stored = reset(held, th, fired);
            *v = a.hold_v(stored);
            count += u32::from(a.left(*u, held) | a.left(stored, *v));
            *s = a.element(self.flag(fired));
        }
        u64::from(count)
    }

    /// Updates the synaptic current and finds what enters the membrane.
    #[inline(always)]
    fn drive(&self, m: &Spiking<A::E>, c: &mut Columns<A>, g: &mut [A::S], x: &[A::E]) -> u64 {
        let a = &self.a;
        let mut left = 0u32;
        for (g, x) in g.iter_mut().zip(x) {
            *g = a.state(*x);
        }
        if let (Some(current), Some(decay)) = (&m.current, self.get(&self.operands.current_decay)) {
            if let Some(gain) = current.gain {
                g.iter_mut().for_each(|g| *g = a.mul(a.state(gain), *g));
            }
            let i = &mut c.i[self.at..self.at + self.len];
            match current.order {
                DecayOrder::BeforeInput => {
                    for ((i, g), factor) in i.iter_mut().zip(&mut *g).zip(decay) {
                        let sum = a.add(a.decay(*i, *factor), *g);
                        *i = a.hold_i(sum);
                        *g = *i;
                        left += u32::from(a.left(sum, *i));
                    }
                }
                DecayOrder::AfterInput => {
                    for ((i, g), factor) in i.iter_mut().zip(&mut *g).zip(decay) {
                        let sum = a.add(*i, *g);
                        *g = a.hold_i(sum);
                        let decayed = a.decay(*g, *factor);
                        *i = a.hold_i(decayed);
                        left += u32::from(a.left(sum, *g) | a.left(decayed, *i));
                    }
                }
            }
        }
        if let Some(gain) = self.get(&self.operands.gain) {
            for (g, gain) in g.iter_mut().zip(gain) {
                *g = a.mul(a.state(*gain), *g);
            }
        }
        u64::from(left)
    }

    /// Membranes that are reset become zero, or the value of the reset.
    #[inline(always)]
    fn clear(&self, u: &mut [A::S], r: &[A::S], value: Option<&[A::E]>) {
        let a = &self.a;
        for (u, r) in u.iter_mut().zip(r) {
            *u = a.mul(self.flag(*r == A::S::default()), *u);
        }
        for ((u, r), value) in u.iter_mut().zip(r).zip(value.unwrap_or_default()) {
            *u = a.add(*u, a.mul(*r, a.state(*value)));
        }
    }

    /// The membrane decays, before or after what enters it is added.
    #[inline(always)]
    pub(super) fn leak(&self, order: DecayOrder, u: &mut [A::S], g: &[A::S]) {
        let a = &self.a;
        let decay = self.get(&self.operands.decay);
        match (order, decay, self.get(&self.operands.rest)) {
            (_, None, _) => {
                for (u, g) in u.iter_mut().zip(g) {
                    *u = a.add(*u, *g);
                }
            }
            (DecayOrder::BeforeInput, Some(decay), None) => {
                for ((u, g), factor) in u.iter_mut().zip(g).zip(decay) {
                    *u = a.add(a.decay(*u, *factor), *g);
                }
            }
            (DecayOrder::AfterInput, Some(decay), None) => {
                for ((u, g), factor) in u.iter_mut().zip(g).zip(decay) {
                    *u = a.decay(a.add(*u, *g), *factor);
                }
            }
            (order, Some(decay), Some(rest)) => {
                for (((u, g), factor), rest) in u.iter_mut().zip(g).zip(decay).zip(rest) {
                    let towards = |w| a.add(a.state(*rest), a.decay(a.sub(w, a.state(*rest)), *factor));
                    *u = match order {
                        DecayOrder::BeforeInput => a.add(towards(*u), *g),
                        DecayOrder::AfterInput => towards(a.add(*u, *g)),
                    };
                }
            }
        }
    }

    /// What each neuron gives out, and how often its threshold is taken off.
    #[inline(always)]
    fn emit(&self, m: &Spiking<A::E>, u: &[A::S], threshold: &[A::E], times: &mut [A::S], s: &mut [A::E]) {
        let a = &self.a;
        if let Emission::Count { .. } = m.emission {
            for ((times, u), th) in times.iter_mut().zip(u).zip(threshold) {
                *times = a.count(*u, a.state(*th));
            }
            for (times, max) in times.iter_mut().zip(self.get(&self.operands.max_count).unwrap_or_default()) {
                let max = a.state(*max);
                *times = if max < *times { max } else { *times };
            }
        } else {
            match m.compare {
                Compare::Greater => {
                    for ((times, u), th) in times.iter_mut().zip(u).zip(threshold) {
                        *times = self.flag(*u > a.state(*th));
                    }
                }
                Compare::GreaterOrEqual => {
                    for ((times, u), th) in times.iter_mut().zip(u).zip(threshold) {
                        *times = self.flag(*u >= a.state(*th));
                    }
                }
            }
        }
        match self.get(&self.operands.spike_value) {
            None => s.iter_mut().zip(times).for_each(|(s, times)| *s = a.element(*times)),
            Some(value) => {
                for ((s, times), value) in s.iter_mut().zip(times).zip(value) {
                    *s = a.element(a.mul(*times, a.state(*value)));
                }
            }
        }
    }
}

/// The first of the nearest levels.
#[inline(always)]
fn nearest<A: Arith>(a: &A, levels: &[A::E], u: A::S) -> A::S {
    let mut best: Option<(A::S, A::S)> = None;
    for level in levels.iter().map(|l| a.state(*l)) {
        let distance = a.abs(a.sub(level, u));
        if best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, level));
        }
    }
    best.map_or(u, |(_, level)| level)
}
