//! Neurons that give out graded values, block by block.

use super::super::super::arith::Arith;
use super::Columns;
use super::spiking::{Block, Scratch};
use crate::neuron::{Compare, DecayOrder, Rectifier, SigmaDelta};

impl<A: Arith> Block<'_, A> {
    /// Gives out changes; tells how many states have left their width.
    #[inline(always)]
    pub(super) fn sigma_delta(
        &self,
        m: &SigmaDelta<A::E>,
        c: &mut Columns<A>,
        x: &[A::E],
        s: &mut [A::E],
    ) -> u64 {
        let a = &self.a;
        let bias = self.get(&self.operands.bias);
        let mut overflows = 0;
        for (k, x) in x.iter().enumerate() {
            let sigma = &mut c.v[self.at + k];
            let sum = a.add(*sigma, a.state(*x));
            *sigma = a.hold_v(sum);
            overflows += u64::from(a.left(sum, *sigma));
            let sum = bias.map_or(*sigma, |bias| a.add(*sigma, a.state(bias[k])));
            let activated = match m.activation {
                Rectifier::Relu => a.max(sum, A::S::default()),
                Rectifier::Identity => sum,
            };
            s[k] = self.change(activated, k, m.compare, m.unit, c);
        }
        overflows
    }

    /// Gives out changes of the input.
    #[inline(always)]
    pub(super) fn delta(
        &self,
        compare: Compare,
        unit: Option<u32>,
        c: &mut Columns<A>,
        x: &[A::E],
        s: &mut [A::E],
    ) {
        for (k, (x, s)) in x.iter().zip(s).enumerate() {
            *s = self.change(self.a.state(*x), k, compare, unit, c);
        }
    }

    /// The difference to the reference where it passes the threshold, in whole units where there are units; the
    /// reference moves by all of it.
    #[inline(always)]
    fn change(&self, value: A::S, k: usize, compare: Compare, unit: Option<u32>, c: &mut Columns<A>) -> A::E {
        let a = &self.a;
        let threshold = self.get(&self.operands.threshold).map_or(A::E::default(), |th| th[k]);
        let reference = &mut c.i[self.at + k];
        let d = a.sub(a.graded(value), *reference);
        let s = if a.passes(a.abs(d), a.state(threshold), compare) { d } else { A::S::default() };
        *reference = a.add(*reference, s);
        a.element(unit.map_or(s, |unit| a.whole_units(s, unit)))
    }

    /// Gives out the membrane; tells how many have left their width.
    #[inline(always)]
    pub(super) fn integrator(
        &self,
        c: &mut Columns<A>,
        t: &mut Scratch<A>,
        x: &[A::E],
        s: &mut [A::E],
    ) -> u64 {
        let a = &self.a;
        let g = &mut t.g[..self.len];
        for (g, x) in g.iter_mut().zip(x) {
            *g = a.state(*x);
        }
        if let Some(gain) = self.get(&self.operands.gain) {
            for (g, gain) in g.iter_mut().zip(gain) {
                *g = a.mul(a.state(*gain), *g);
            }
        }
        let v = &mut c.v[self.at..self.at + self.len];
        self.leak(DecayOrder::BeforeInput, v, g);
        let mut left = 0u32;
        for (v, s) in v.iter_mut().zip(s) {
            let held = a.hold_v(*v);
            left += u32::from(a.left(*v, held));
            *v = held;
            *s = a.element(a.graded(held));
        }
        u64::from(left)
    }
}
