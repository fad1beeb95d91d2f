//! Leaky integrator without spikes, for readout.

use crate::graph::param::Param;

/// `v = rest + decay · (v - rest) + gain · x`; the output is `v`, in an integer graph
/// [rescaled](super::FixedPoint::rescale).
#[derive(Clone, Debug, PartialEq)]
pub struct Integrator<S> {
    /// Factor on the membrane per step; in an integer graph the numerator over 2^shift. Absent: no leak.
    pub decay: Option<Param<S>>,
    /// Factor on the input.
    pub gain: Option<Param<S>>,
    /// The membrane decays towards this value; zero when absent.
    pub rest: Option<Param<S>>,
    /// Membrane before the first step; zero when absent.
    pub initial: Option<Param<S>>,
}

impl<S> Integrator<S> {
    pub(super) fn params(&self) -> Vec<(&'static str, &Param<S>)> {
        let all = [
            ("decay", self.decay.as_ref()),
            ("gain", self.gain.as_ref()),
            ("rest", self.rest.as_ref()),
            ("initial", self.initial.as_ref()),
        ];
        all.into_iter().filter_map(|(name, p)| p.map(|p| (name, p))).collect()
    }
}
