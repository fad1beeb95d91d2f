//! Layers of neurons. What differs between training libraries is a field, not folklore.
//!
//! The equations are those of `docs/ai.snnc.md`. A neuron of a real graph holds `f32` parameters and
//! each operation is rounded once, in the order of that document; a neuron of an integer graph holds
//! `i32` parameters and a [`FixedPoint`] that says how a decay is multiplied and how wide a state is.

mod activation;
mod fixed;
mod integrator;
mod rescale;
mod sigma_delta;
mod spiking;

pub use activation::Activation;
pub use fixed::{FixedPoint, Overflow, Rounding};
pub use integrator::Integrator;
pub use rescale::Rescale;
pub use sigma_delta::{Delta, MAX_UNIT, Rectifier, SigmaDelta};
pub use spiking::{Compare, Current, DecayOrder, Emission, Reset, Spiking, Timing};

use crate::graph::param::Param;
use crate::graph::shape::Shape;

/// A layer of neurons with its number system.
#[derive(Clone, Debug, PartialEq)]
pub enum Neuron {
    /// In a real graph.
    Real(Spec<f32>),
    /// In an integer graph.
    Integer(Spec<i32>, FixedPoint),
}

/// What every layer of neurons has.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec<S> {
    /// The model with its parameters.
    pub model: Model<S>,
    /// The first step in which the neurons are updated; before it they keep their initial state and
    /// give out nothing. Zero in an imported graph; retiming sets it.
    pub start: u32,
}

/// The neuron model.
#[derive(Clone, Debug, PartialEq)]
pub enum Model<S> {
    /// Integrate-and-fire, with or without leak and synaptic current.
    Spiking(Spiking<S>),
    /// Accumulates events, gives out changes of its activation that pass a threshold.
    SigmaDelta(SigmaDelta<S>),
    /// Gives out changes of its input that pass a threshold.
    Delta(Delta<S>),
    /// Leaky integrator without spikes, for readout.
    Integrator(Integrator<S>),
    /// Quantised activation without state.
    Activation(Activation<S>),
}

impl Neuron {
    /// Name of the model in the text form.
    pub fn mnemonic(&self) -> &'static str {
        match self {
            Self::Real(spec) => spec.model.mnemonic(),
            Self::Integer(spec, _) => spec.model.mnemonic(),
        }
    }

    /// First step in which the neurons are updated.
    pub fn start(&self) -> u32 {
        match self {
            Self::Real(spec) => spec.start,
            Self::Integer(spec, _) => spec.start,
        }
    }

    /// The same neurons, updated from step `start` on.
    #[must_use]
    pub fn with_start(mut self, start: u32) -> Self {
        match &mut self {
            Self::Real(spec) => spec.start = start,
            Self::Integer(spec, _) => spec.start = start,
        }
        self
    }

    /// Whether every parameter fits a layer of that shape.
    pub fn fits(&self, shape: Shape) -> bool {
        match self {
            Self::Real(spec) => spec.model.params().into_iter().all(|(_, p)| p.fits(shape)),
            Self::Integer(spec, _) => spec.model.params().into_iter().all(|(_, p)| p.fits(shape)),
        }
    }

    /// Whether the layer keeps state between steps.
    pub fn has_state(&self) -> bool {
        !matches!(
            self,
            Self::Real(Spec { model: Model::Activation(_), .. })
                | Self::Integer(Spec { model: Model::Activation(_), .. }, _)
        )
    }
}

impl<S> Model<S> {
    /// Name of the model in the text form.
    pub fn mnemonic(&self) -> &'static str {
        match self {
            Self::Spiking(s) => match (&s.current, &s.decay) {
                (Some(_), _) => "cuba",
                (None, Some(_)) => "lif",
                (None, None) => "if",
            },
            Self::SigmaDelta(_) => "sigma_delta",
            Self::Delta(_) => "delta",
            Self::Integrator(_) => "integrator",
            Self::Activation(_) => "activation",
        }
    }

    /// Every parameter with its name in the text form, in the order of the text form.
    pub fn params(&self) -> Vec<(&'static str, &Param<S>)> {
        match self {
            Self::Spiking(m) => m.params(),
            Self::SigmaDelta(m) => m.params(),
            Self::Delta(m) => m.params(),
            Self::Integrator(m) => m.params(),
            Self::Activation(_) => Vec::new(),
        }
    }
}
