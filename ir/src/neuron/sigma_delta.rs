//! Neurons that give out changes: delta encoder and sigma-delta unit.

use super::Compare;
use crate::graph::param::Param;

/// Activation between accumulation and difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rectifier {
    /// `max(0, a)`.
    Relu,
    /// `a`.
    Identity,
}

/// `sigma += x; d = act(sigma + bias) - ref; s = d if |d| passes the threshold else 0; ref += s`.
///
/// It gives out `s`; with a [`unit`](Self::unit), `floor(s / unit)`.
///
/// In an integer graph `act(…)` is [rescaled](super::FixedPoint::rescale) before the difference, to nearest even;
/// threshold and reference count in what is given out, sum and bias in what comes in.
#[derive(Clone, Debug, PartialEq)]
pub struct SigmaDelta<S> {
    /// Activation.
    pub activation: Rectifier,
    /// Threshold of the change.
    pub threshold: Param<S>,
    /// Comparison of `|d|` with the threshold.
    pub compare: Compare,
    /// Constant added before the activation.
    pub bias: Option<Param<S>>,
    /// What an event of 1 stands for: a power of two, at most [`MAX_UNIT`]. The reference takes the whole change.
    pub unit: Option<u32>,
}

/// `d = x - ref; s = d if |d| passes the threshold else 0; ref += s`; in an integer graph `x` is
/// [rescaled](super::FixedPoint::rescale) first. It gives out `s`; with a [`unit`](Self::unit), `floor(s / unit)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta<S> {
    /// Threshold of the change.
    pub threshold: Param<S>,
    /// Comparison of `|d|` with the threshold.
    pub compare: Compare,
    /// As of [`SigmaDelta::unit`].
    pub unit: Option<u32>,
}

/// Greatest unit of changes: beyond it every change of a state of 24 bits is 0 or -1.
pub const MAX_UNIT: u32 = 1 << 23;

impl<S> SigmaDelta<S> {
    pub(super) fn params(&self) -> Vec<(&'static str, &Param<S>)> {
        let mut out = vec![("threshold", &self.threshold)];
        out.extend(self.bias.as_ref().map(|p| ("bias", p)));
        out
    }
}

impl<S> Delta<S> {
    pub(super) fn params(&self) -> Vec<(&'static str, &Param<S>)> {
        vec![("threshold", &self.threshold)]
    }
}
