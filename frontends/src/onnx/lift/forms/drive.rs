//! What enters a membrane: leak, synaptic current, gain, and the input behind them.

use super::super::algebra::{Algebra, AtomId, Coef, Poly};
use super::Slot;
use super::cell;
use snnc_ir::neuron::{Current, DecayOrder, Spiking};

/// The linear part of a membrane: `decay · v + gain · (current or input) + offset`.
pub(super) struct Drive {
    decay: Coef,
    gain: Option<Coef>,
    offset: Coef,
    current: Option<(Coef, DecayOrder)>,
    pub input: Poly,
    pub states: Vec<(usize, Slot)>,
}

impl Drive {
    /// Reads the membrane before its reset. `own` are values that are no input: the state and the spike.
    pub(super) fn read(algebra: &Algebra<'_, '_>, membrane: &Poly, v: AtomId, node: usize) -> Option<Self> {
        let (rest, decay) = membrane.by(v);
        let decay = decay.as_constant()?;
        let offset = rest.offset();
        let rest = rest.minus(&Poly::constant(offset.clone()))?;
        let mut drive = Self {
            decay,
            gain: None,
            offset,
            current: None,
            input: rest,
            states: vec![(node, Slot::Membrane)],
        };
        drive.synaptic(algebra, node)?;
        drive.factor();
        drive.constant_input();
        Some(drive)
    }

    /// A current that keeps itself and enters the membrane as it is in this step.
    fn synaptic(&mut self, algebra: &Algebra<'_, '_>, membrane: usize) -> Option<()> {
        for (atom, node) in cell::states(algebra, &self.input) {
            if !cell::keeps_itself(algebra, atom, node) || node == membrane {
                continue;
            }
            let own = algebra.poly(node)?;
            let offset = own.offset();
            let own = own.minus(&Poly::constant(offset.clone()))?;
            let gain = own.ratio(&self.input)?;
            let (input, decay) = own.by(atom);
            let decay = decay.as_constant()?;
            if cell::states(algebra, &input).iter().any(|(a, n)| cell::keeps_itself(algebra, *a, *n)) {
                return None;
            }
            // What the current gains by itself in each step enters with the input.
            let input = input.plus(&Poly::constant(offset.clone()))?;
            self.offset = self.offset.zip(&gain.times(&offset)?, |a, b| a - b)?;
            let after = !decay.is_close(&Coef::scalar(1.0))
                && decay.all(|d| d != 0.0)
                && input.terms.values().all(|c| c.is_close(&decay));
            self.states.push((node, Slot::Current));
            if after {
                // `i' = a (i + x)` and the membrane takes `(i + x)`.
                self.input = input.scaled(&decay.map(|d| 1.0 / d))?;
                self.gain = Some(gain.times(&decay)?);
                self.current = Some((decay, DecayOrder::AfterInput));
            } else {
                self.input = input;
                self.gain = Some(gain);
                self.current = Some((decay, DecayOrder::BeforeInput));
            }
            return Some(());
        }
        // A state of something else has no place in a membrane.
        let kept = |(a, n): &(AtomId, usize)| cell::keeps_itself(algebra, *a, *n);
        (!cell::states(algebra, &self.input).iter().any(kept)).then_some(())
    }

    /// A factor that all of the input has is the gain.
    fn factor(&mut self) {
        if self.current.is_some() {
            return;
        }
        let mut terms = self.input.terms.values();
        let Some(first) = terms.next().cloned() else { return };
        if !first.is_close(&Coef::scalar(1.0))
            && first.all(|v| v != 0.0)
            && terms.all(|c| c.is_close(&first))
            && let Some(input) = self.input.scaled(&first.map(|v| 1.0 / v))
        {
            self.input = input;
            self.gain = Some(first);
        }
    }

    /// A constant that differs from place to place is the bias of the layer before.
    fn constant_input(&mut self) {
        let leaks = self.decay.all(|d| d != 1.0);
        if self.offset.is_zero() || (self.offset.uniform().is_some() && leaks) {
            return;
        }
        let gain = self.gain.clone().unwrap_or_else(|| Coef::scalar(1.0));
        if self.current.is_none()
            && let Some(bias) = self.offset.zip(&gain, |o, g| o / g)
            && let Some(input) = self.input.plus(&Poly::constant(bias))
        {
            self.input = input;
            self.offset = Coef::scalar(0.0);
        }
    }

    /// Puts what was read into a neuron.
    pub(super) fn fill(&self, algebra: &Algebra<'_, '_>, node: usize, out: &mut Spiking<f32>) -> Option<()> {
        let param = |coef: &Coef| cell::param(algebra, node, coef);
        out.decay = match self.decay.uniform() {
            Some(1.0) => None,
            _ => Some(param(&self.decay)?),
        };
        out.gain = self.gain.as_ref().filter(|g| g.uniform() != Some(1.0)).map(param).transpose_some()?;
        if !self.offset.is_zero() {
            if self.decay.all(|d| d != 1.0) {
                // `v_rest + decay (v - v_rest)`.
                let rest = self.offset.zip(&self.decay, |o, d| o / (1.0 - d))?;
                out.rest = Some(param(&rest)?);
            } else {
                out.bias = Some(param(&self.offset)?);
            }
        }
        if let Some((decay, order)) = &self.current {
            out.current = Some(Current { decay: param(decay)?, order: *order, gain: None, initial: None });
        }
        Some(())
    }

    /// The node of the synaptic current.
    pub(super) fn current(&self) -> Option<usize> {
        self.states.iter().find(|(_, slot)| *slot == Slot::Current).map(|(node, _)| *node)
    }

    pub(super) fn gain(&self) -> Option<&Coef> {
        self.gain.as_ref()
    }

    /// Leak and rest, for a neuron without a threshold.
    pub(super) fn leak(&self) -> Option<(&Coef, Option<Coef>)> {
        let rest = match self.offset.is_zero() {
            true => None,
            false if self.decay.all(|d| d != 1.0) => {
                Some(self.offset.zip(&self.decay, |o, d| o / (1.0 - d))?)
            }
            false => return None,
        };
        Some((&self.decay, rest))
    }
}

/// `Option<Option<T>>`, where the inner one must be there if the outer is.
pub(super) trait TransposeSome<T> {
    fn transpose_some(self) -> Option<Option<T>>;
}

impl<T> TransposeSome<T> for Option<Option<T>> {
    fn transpose_some(self) -> Option<Option<T>> {
        match self {
            None => Some(None),
            Some(inner) => inner.map(Some),
        }
    }
}
