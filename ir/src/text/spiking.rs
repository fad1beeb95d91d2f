//! Attributes of `if`, `lif` and `cuba`.

use super::attributes::{Attributes, param};
use super::cursor::Cursor;
use super::error::TextError;
use super::fields::Fields;
use super::scalar::Scalar;
use super::words::{COMPARE, ORDER, TIMING, Words, word};
use crate::graph::param::Param;
use crate::neuron::{Current, DecayOrder, Emission, Reset, Spiking, Timing};

/// What a reset does, apart from when.
#[derive(Clone, Copy, PartialEq)]
enum Effect {
    None,
    Subtract,
    Zero,
    Value,
}

const EFFECT: Words<Effect> = &[
    ("none", Effect::None),
    ("subtract", Effect::Subtract),
    ("zero", Effect::Zero),
    ("value", Effect::Value),
];

/// What a spike is, apart from its value.
#[derive(Clone, Copy, PartialEq)]
enum Emit {
    Binary,
    Count,
    Scaled,
}

const EMIT: Words<Emit> = &[("binary", Emit::Binary), ("count", Emit::Count), ("scaled", Emit::Scaled)];

pub(super) fn print<S: Scalar>(m: &Spiking<S>, fields: &mut Fields<'_>) {
    fields.maybe("decay", m.decay.as_ref());
    fields.unless(DecayOrder::BeforeInput, "order", m.order, word(ORDER, &m.order));
    if let Some(current) = &m.current {
        fields.param("current_decay", &current.decay);
        let order = current.order;
        fields.unless(DecayOrder::BeforeInput, "current_order", order, word(ORDER, &order));
        if let Some(gain) = current.gain {
            fields.set("current_gain", format_args!("{gain:?}"));
        }
    }
    fields.maybe("gain", m.gain.as_ref());
    fields.maybe("bias", m.bias.as_ref());
    fields.maybe("rest", m.rest.as_ref());
    fields.param("threshold", &m.threshold);
    fields.set("compare", word(COMPARE, &m.compare));
    print_reset(&m.reset, fields);
    match &m.emission {
        Emission::Binary => {}
        Emission::Count { max } => {
            fields.set("emit", "count");
            fields.maybe("max_count", max.as_ref());
        }
        Emission::Scaled(value) => {
            fields.set("emit", "scaled");
            fields.param("spike_value", value);
        }
    }
    fields.maybe("v_min", m.v_min.as_ref());
    fields.unless(0, "refractory", m.refractory, m.refractory);
    if let Some(levels) = &m.levels {
        fields.list("levels", levels);
    }
    fields.maybe("initial", m.initial.as_ref());
    fields.maybe("current_initial", m.current.as_ref().and_then(|c| c.initial.as_ref()));
}

fn print_reset<S: Scalar>(reset: &Reset<S>, fields: &mut Fields<'_>) {
    let (effect, timing, value): (_, Option<&Timing>, Option<&Param<S>>) = match reset {
        Reset::None => (Effect::None, None, None),
        Reset::Subtract(timing) => (Effect::Subtract, Some(timing), None),
        Reset::Zero(timing) => (Effect::Zero, Some(timing), None),
        Reset::Value(timing, value) => (Effect::Value, Some(timing), Some(value)),
    };
    let effect = word(EFFECT, &effect);
    match timing {
        None => fields.set("reset", effect),
        Some(timing) => fields.set("reset", format_args!("{effect} {}", word(TIMING, timing))),
    }
    fields.maybe("reset_value", value);
}

/// The neuron of that name: what makes it an `if`, a `lif` or a `cuba` is needed or not allowed.
pub(super) fn parse<S: Scalar>(mnemonic: &str, a: &mut Attributes<'_>) -> Result<Spiking<S>, TextError> {
    let decay = match mnemonic {
        "if" => None,
        "lif" => Some(a.need("decay", param)?),
        _ => a.param("decay")?,
    };
    let current = match mnemonic {
        "cuba" => Some(Current {
            decay: a.need("current_decay", param)?,
            order: a.choice("current_order", ORDER, DecayOrder::BeforeInput)?,
            gain: a.take("current_gain", Cursor::number)?,
            initial: a.param("current_initial")?,
        }),
        _ => None,
    };
    Ok(Spiking {
        decay,
        current,
        order: a.choice("order", ORDER, DecayOrder::BeforeInput)?,
        gain: a.param("gain")?,
        bias: a.param("bias")?,
        rest: a.param("rest")?,
        threshold: a.need("threshold", param)?,
        compare: a.need("compare", |c| c.choice(COMPARE))?,
        reset: parse_reset(a)?,
        emission: match a.choice("emit", EMIT, Emit::Binary)? {
            Emit::Binary => Emission::Binary,
            Emit::Count => Emission::Count { max: a.param("max_count")? },
            Emit::Scaled => Emission::Scaled(a.need("spike_value", param)?),
        },
        v_min: a.param("v_min")?,
        refractory: a.number("refractory", 0)?,
        levels: a.take("levels", Cursor::list)?,
        initial: a.param("initial")?,
    })
}

fn parse_reset<S: Scalar>(a: &mut Attributes<'_>) -> Result<Reset<S>, TextError> {
    let (effect, timing) = a.need("reset", |c| {
        let effect = c.choice(EFFECT)?;
        let timing = if effect == Effect::None { Timing::Same } else { c.choice(TIMING)? };
        Ok((effect, timing))
    })?;
    Ok(match effect {
        Effect::None => Reset::None,
        Effect::Subtract => Reset::Subtract(timing),
        Effect::Zero => Reset::Zero(timing),
        Effect::Value => Reset::Value(timing, a.need("reset_value", param)?),
    })
}
