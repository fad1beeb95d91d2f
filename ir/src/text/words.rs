//! The words of the text form for what a field can be.

use crate::graph::Number;
use crate::neuron::{Compare, DecayOrder, Overflow, Rectifier, Rounding, Timing};

/// Words with what they mean.
pub(super) type Words<T> = &'static [(&'static str, T)];

/// The word for a value. Every table is complete; a value that is not in it would print as `?`.
pub(super) fn word<T: PartialEq>(words: Words<T>, value: &T) -> &'static str {
    words.iter().find(|(_, v)| v == value).map_or("?", |(word, _)| word)
}

pub(super) const NUMBER: Words<Number> = &[("real", Number::Real), ("integer", Number::Integer)];

pub(super) const COMPARE: Words<Compare> = &[("gt", Compare::Greater), ("ge", Compare::GreaterOrEqual)];

pub(super) const TIMING: Words<Timing> =
    &[("same", Timing::Same), ("next", Timing::Next), ("refund", Timing::Refund)];

pub(super) const ORDER: Words<DecayOrder> =
    &[("before_input", DecayOrder::BeforeInput), ("after_input", DecayOrder::AfterInput)];

pub(super) const RECTIFIER: Words<Rectifier> =
    &[("relu", Rectifier::Relu), ("identity", Rectifier::Identity)];

pub(super) const ROUNDING: Words<Rounding> =
    &[("toward_zero", Rounding::TowardZero), ("down", Rounding::Down), ("nearest", Rounding::Nearest)];

pub(super) const OVERFLOW: Words<Overflow> = &[("saturate", Overflow::Saturate), ("wrap", Overflow::Wrap)];
