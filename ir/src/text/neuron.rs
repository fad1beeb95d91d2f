//! Attributes of layers of neurons.

use super::attributes::Attributes;
use super::cursor::Cursor;
use super::error::TextError;
use super::fields::Fields;
use super::scalar::Scalar;
use super::spiking;
use super::words::{COMPARE, NUMBER, OVERFLOW, RECTIFIER, ROUNDING, word};
use crate::graph::Number;
use crate::neuron::{Activation, Delta, FixedPoint, Integrator, Model, Neuron, Rescale, SigmaDelta, Spec};

/// What an integer neuron calculates with when its text does not say.
const DEFAULT: FixedPoint = FixedPoint::LAVA;

pub(super) fn print(number: Number, neuron: &Neuron, fields: &mut Fields<'_>) {
    let own = match neuron {
        Neuron::Real(_) => Number::Real,
        Neuron::Integer(..) => Number::Integer,
    };
    if own != number {
        fields.flag(word(NUMBER, &own));
    }
    match neuron {
        Neuron::Real(spec) => print_spec(spec, fields),
        Neuron::Integer(spec, fixed) => {
            print_spec(spec, fields);
            print_fixed(fixed, spec.model.decays(), fields);
        }
    }
}

impl<S> Model<S> {
    /// Whether a decay, hence a shift, is part of it.
    fn decays(&self) -> bool {
        self.params().iter().any(|(name, _)| name.ends_with("decay"))
    }
}

fn print_spec<S: Scalar>(spec: &Spec<S>, fields: &mut Fields<'_>) {
    match &spec.model {
        Model::Spiking(m) => spiking::print(m, fields),
        Model::SigmaDelta(SigmaDelta { activation, threshold, compare, bias, unit }) => {
            fields.set("activation", word(RECTIFIER, activation));
            fields.param("threshold", threshold);
            fields.set("compare", word(COMPARE, compare));
            fields.maybe("bias", bias.as_ref());
            print_unit(*unit, fields);
        }
        Model::Delta(Delta { threshold, compare, unit }) => {
            fields.param("threshold", threshold);
            fields.set("compare", word(COMPARE, compare));
            print_unit(*unit, fields);
        }
        Model::Integrator(Integrator { decay, gain, rest, initial }) => {
            fields.maybe("decay", decay.as_ref());
            fields.maybe("gain", gain.as_ref());
            fields.maybe("rest", rest.as_ref());
            fields.maybe("initial", initial.as_ref());
        }
        Model::Activation(Activation { scale, zero_point, lo, hi, relu, half_up }) => {
            fields.set("scale", format_args!("{scale:?}"));
            fields.unless(0, "zero_point", *zero_point, zero_point);
            fields.set("range", format_args!("{lo}..={hi}"));
            if *relu {
                fields.flag("relu");
            }
            if *half_up {
                fields.flag("half_up");
            }
        }
    }
    fields.unless(0, "start", spec.start, spec.start);
}

fn print_unit(unit: Option<u32>, fields: &mut Fields<'_>) {
    if let Some(unit) = unit {
        fields.set("unit", unit);
    }
}

fn print_fixed(fixed: &FixedPoint, decays: bool, fields: &mut Fields<'_>) {
    let FixedPoint { shift, rounding, v_bits, v_overflow, i_bits, i_overflow, rescale } = *fixed;
    if decays || shift != DEFAULT.shift {
        fields.set("shift", shift);
    }
    fields.unless(DEFAULT.rounding, "rounding", rounding, word(ROUNDING, &rounding));
    fields.unless(DEFAULT.v_bits, "v_bits", v_bits, v_bits);
    fields.unless(DEFAULT.v_overflow, "v_overflow", v_overflow, word(OVERFLOW, &v_overflow));
    fields.unless(DEFAULT.i_bits, "i_bits", i_bits, i_bits);
    fields.unless(DEFAULT.i_overflow, "i_overflow", i_overflow, word(OVERFLOW, &i_overflow));
    if let Some(Rescale { multiplier, shift }) = rescale {
        fields.set("rescale", format_args!("[{multiplier}, {shift}]"));
    }
}

/// The neurons of that model; `None` when there is no such model.
pub(super) fn parse(
    number: Number,
    mnemonic: &str,
    a: &mut Attributes<'_>,
) -> Result<Option<Neuron>, TextError> {
    let number = if a.flag("real")? {
        Number::Real
    } else if a.flag("integer")? {
        Number::Integer
    } else {
        number
    };
    match number {
        Number::Real => Ok(parse_spec(mnemonic, a)?.map(Neuron::Real)),
        Number::Integer => {
            let Some(spec) = parse_spec(mnemonic, a)? else { return Ok(None) };
            Ok(Some(Neuron::Integer(spec, parse_fixed(a)?)))
        }
    }
}

fn parse_spec<S: Scalar>(mnemonic: &str, a: &mut Attributes<'_>) -> Result<Option<Spec<S>>, TextError> {
    let model = match mnemonic {
        "if" | "lif" | "cuba" => Model::Spiking(spiking::parse(mnemonic, a)?),
        "sigma_delta" => Model::SigmaDelta(SigmaDelta {
            activation: a.need("activation", |c| c.choice(RECTIFIER))?,
            threshold: a.need("threshold", super::attributes::param)?,
            compare: a.need("compare", |c| c.choice(COMPARE))?,
            bias: a.param("bias")?,
            unit: a.take("unit", Cursor::number)?,
        }),
        "delta" => Model::Delta(Delta {
            threshold: a.need("threshold", super::attributes::param)?,
            compare: a.need("compare", |c| c.choice(COMPARE))?,
            unit: a.take("unit", Cursor::number)?,
        }),
        "integrator" => Model::Integrator(Integrator {
            decay: a.param("decay")?,
            gain: a.param("gain")?,
            rest: a.param("rest")?,
            initial: a.param("initial")?,
        }),
        "activation" => {
            let (lo, hi) = a.need("range", Cursor::closed_range)?;
            Model::Activation(Activation {
                scale: a.need("scale", Cursor::number)?,
                zero_point: a.number("zero_point", 0)?,
                lo,
                hi,
                relu: a.flag("relu")?,
                half_up: a.flag("half_up")?,
            })
        }
        _ => return Ok(None),
    };
    Ok(Some(Spec { model, start: a.number("start", 0)? }))
}

fn parse_fixed(a: &mut Attributes<'_>) -> Result<FixedPoint, TextError> {
    Ok(FixedPoint {
        shift: a.number("shift", DEFAULT.shift)?,
        rounding: a.choice("rounding", ROUNDING, DEFAULT.rounding)?,
        v_bits: a.number("v_bits", DEFAULT.v_bits)?,
        v_overflow: a.choice("v_overflow", OVERFLOW, DEFAULT.v_overflow)?,
        i_bits: a.number("i_bits", DEFAULT.i_bits)?,
        i_overflow: a.choice("i_overflow", OVERFLOW, DEFAULT.i_overflow)?,
        rescale: a.take("rescale", rescale)?,
    })
}

fn rescale(cursor: &mut Cursor<'_>) -> Result<Rescale, TextError> {
    let [multiplier, shift]: [u32; 2] = Cursor::array(cursor)?;
    // The verifier refuses what does not fit.
    Ok(Rescale { multiplier, shift: u8::try_from(shift).unwrap_or(u8::MAX) })
}
