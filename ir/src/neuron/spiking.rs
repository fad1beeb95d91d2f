//! Integrate-and-fire neurons: IF, LIF and current-based LIF.

use crate::graph::param::Param;

/// How the membrane is compared with the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// A spike when the membrane is above the threshold.
    Greater,
    /// A spike when the membrane is at or above the threshold.
    GreaterOrEqual,
}

/// When a reset takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// In the step of the spike; the stored state is the one after reset.
    Same,
    /// In the next step; the stored state is the one before reset (snnTorch's default).
    Next,
    /// The next-step reset takes part in the comparison and the reset of this step replaces it in the
    /// stored state (snnTorch's `reset_delay=False`); only with [`Reset::Subtract`].
    Refund,
}

/// What a spike does to the membrane.
#[derive(Clone, Debug, PartialEq)]
pub enum Reset<S> {
    /// Nothing.
    None,
    /// The threshold is subtracted, once per spike.
    Subtract(Timing),
    /// The membrane becomes zero.
    Zero(Timing),
    /// The membrane becomes this value.
    Value(Timing, Param<S>),
}

impl<S> Reset<S> {
    /// When the reset takes effect; `None` without reset.
    pub fn timing(&self) -> Option<Timing> {
        match self {
            Self::None => None,
            Self::Subtract(t) | Self::Zero(t) | Self::Value(t, _) => Some(*t),
        }
    }
}

/// What a neuron gives out when it spikes.
#[derive(Clone, Debug, PartialEq)]
pub enum Emission<S> {
    /// 1.
    Binary,
    /// How often the threshold fits into the membrane, at most `max`.
    Count {
        /// Greatest count, if there is one.
        max: Option<Param<S>>,
    },
    /// This value.
    Scaled(Param<S>),
}

/// Whether a state decays before or after what comes in is added (or used).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecayOrder {
    /// `decay · state + input`.
    BeforeInput,
    /// `decay · (state + input)`; for a current: used first, then decayed.
    AfterInput,
}

/// Synaptic current of a current-based neuron.
#[derive(Clone, Debug, PartialEq)]
pub struct Current<S> {
    /// Factor per step; in an integer graph the numerator over 2^shift.
    pub decay: Param<S>,
    /// Whether it decays before the input is added or after the current was used.
    pub order: DecayOrder,
    /// Factor on what enters the current, one for the layer. In an integer graph an integer: what shifts
    /// synaptic input to the units of the state.
    pub gain: Option<S>,
    /// Current before the first step; zero when absent.
    pub initial: Option<Param<S>>,
}

/// IF (no decay), LIF or current-based LIF.
#[derive(Clone, Debug, PartialEq)]
pub struct Spiking<S> {
    /// Factor on the membrane per step; in an integer graph the numerator over 2^shift. Absent: no leak.
    pub decay: Option<Param<S>>,
    /// Whether the membrane decays before the input is added, or the sum decays.
    pub order: DecayOrder,
    /// Present for a current-based neuron.
    pub current: Option<Current<S>>,
    /// Factor on what enters the membrane. In an integer graph an integer.
    pub gain: Option<Param<S>>,
    /// Constant added to the membrane each step, after the input.
    pub bias: Option<Param<S>>,
    /// The membrane decays towards this value; zero when absent.
    pub rest: Option<Param<S>>,
    /// Threshold of the membrane.
    pub threshold: Param<S>,
    /// Comparison with the threshold.
    pub compare: Compare,
    /// What a spike does to the membrane.
    pub reset: Reset<S>,
    /// What a spike is.
    pub emission: Emission<S>,
    /// The stored membrane is at least this.
    pub v_min: Option<Param<S>>,
    /// Steps after a spike in which the membrane is held and no spike is given.
    pub refractory: u32,
    /// The membrane is rounded to the nearest of these before the comparison (the first of equals).
    pub levels: Option<Vec<S>>,
    /// Membrane before the first step; zero when absent.
    pub initial: Option<Param<S>>,
}

impl<S> Spiking<S> {
    /// A neuron with threshold and decay, everything else at its plainest: `>=`, subtracting reset in
    /// the same step, binary spikes.
    pub fn new(threshold: Param<S>, decay: Option<Param<S>>) -> Self {
        Self {
            decay,
            order: DecayOrder::BeforeInput,
            current: None,
            gain: None,
            bias: None,
            rest: None,
            threshold,
            compare: Compare::GreaterOrEqual,
            reset: Reset::Subtract(Timing::Same),
            emission: Emission::Binary,
            v_min: None,
            refractory: 0,
            levels: None,
            initial: None,
        }
    }

    pub(super) fn params(&self) -> Vec<(&'static str, &Param<S>)> {
        let reset = match &self.reset {
            Reset::Value(_, p) => Some(p),
            _ => None,
        };
        let (max, scaled) = match &self.emission {
            Emission::Binary => (None, None),
            Emission::Count { max } => (max.as_ref(), None),
            Emission::Scaled(p) => (None, Some(p)),
        };
        let all = [
            ("decay", self.decay.as_ref()),
            ("current_decay", self.current.as_ref().map(|c| &c.decay)),
            ("gain", self.gain.as_ref()),
            ("bias", self.bias.as_ref()),
            ("rest", self.rest.as_ref()),
            ("threshold", Some(&self.threshold)),
            ("reset_value", reset),
            ("max_count", max),
            ("spike_value", scaled),
            ("v_min", self.v_min.as_ref()),
            ("initial", self.initial.as_ref()),
            ("current_initial", self.current.as_ref().and_then(|c| c.initial.as_ref())),
        ];
        all.into_iter().filter_map(|(name, p)| p.map(|p| (name, p))).collect()
    }
}
