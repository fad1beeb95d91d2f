//! Names of the operators of `ai.snnc`: the name carries the semantics.
//!
//! `LIF_<reset>_<timing>_<compare>_<output>[_<option>]*` and the other families of docs/ai.snnc.md. A name
//! has one spelling: what does not print as it was read is no name.

use snnc_ir::neuron::{Compare, Rectifier, Timing};
use std::fmt;

/// What a spike does to the membrane, without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reset {
    None,
    Subtract(Timing),
    Zero(Timing),
    Value(Timing),
}

/// What a neuron gives out when it spikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Binary,
    Count,
    Scaled,
}

/// What LIF and CUBA have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spike {
    pub reset: Reset,
    pub compare: Compare,
    pub output: Output,
    pub gain: bool,
    pub rest: bool,
    pub after: bool,
    pub vmin: bool,
    pub max: bool,
}

/// A family with its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Lif(Spike),
    Cuba { spike: Spike, iafter: bool },
    CubaInt { reset: Reset, compare: Compare, bias: bool },
    SigmaDelta { activation: Rectifier, compare: Compare, bias: bool },
    Delta { compare: Compare },
    Li { gain: bool, rest: bool },
}

/// The meaning of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub family: Family,
    /// Whether the first axis is time.
    pub sequence: bool,
}

/// Longest legal name.
const LONGEST: usize = 96;

/// Reads a name.
pub(crate) fn parse(name: &str) -> Option<Signature> {
    if name.len() > LONGEST {
        return None;
    }
    let tokens: Vec<&str> = name.split('_').collect();
    let (head, rest) = tokens.split_first()?;
    let (family, sequence) = match head.strip_suffix("Seq") {
        Some(family) => (family, true),
        None => (*head, false),
    };
    let family = match (family, rest) {
        ("LIF", [reset, timing, compare, output, options @ ..]) => {
            Family::Lif(spike([reset, timing, compare, output], options)?)
        }
        ("CUBA", [reset, timing, compare, output, options @ ..]) => {
            let iafter = options.first() == Some(&"iafter");
            let options = options.get(usize::from(iafter)..)?;
            Family::Cuba { spike: spike([reset, timing, compare, output], options)?, iafter }
        }
        ("CUBAInt", [reset, timing, compare, "binary", options @ ..]) => Family::CubaInt {
            reset: self::reset(reset, timing).filter(|r| {
                matches!(r.timing(), None | Some(Timing::Same)) && *r != Reset::Value(Timing::Same)
            })?,
            compare: self::compare(compare)?,
            bias: bias(options)?,
        },
        ("SigmaDelta", [activation, compare, options @ ..]) => Family::SigmaDelta {
            activation: match *activation {
                "relu" => Rectifier::Relu,
                "identity" => Rectifier::Identity,
                _ => return None,
            },
            compare: self::compare(compare)?,
            bias: bias(options)?,
        },
        ("Delta", [compare]) => Family::Delta { compare: self::compare(compare)? },
        ("LI", options) => Family::Li { gain: options.contains(&"gain"), rest: options.contains(&"rest") },
        _ => return None,
    };
    let signature = Signature { family, sequence };
    (signature.to_string() == name).then_some(signature)
}

fn bias(options: &[&str]) -> Option<bool> {
    match options {
        [] => Some(false),
        ["bias"] => Some(true),
        _ => None,
    }
}

fn compare(token: &str) -> Option<Compare> {
    match token {
        "gt" => Some(Compare::Greater),
        "ge" => Some(Compare::GreaterOrEqual),
        _ => None,
    }
}

fn reset(reset: &str, timing: &str) -> Option<Reset> {
    let timing = match timing {
        "next" => Timing::Next,
        "same" => Timing::Same,
        "refund" => Timing::Refund,
        "none" if reset == "none" => return Some(Reset::None),
        _ => return None,
    };
    match reset {
        "subtract" => Some(Reset::Subtract(timing)),
        "zero" if timing != Timing::Refund => Some(Reset::Zero(timing)),
        "value" if timing != Timing::Refund => Some(Reset::Value(timing)),
        _ => None,
    }
}

fn spike([r, t, c, output]: [&&str; 4], options: &[&str]) -> Option<Spike> {
    let has = |name: &str| options.contains(&name);
    let spike = Spike {
        reset: reset(r, t)?,
        compare: compare(c)?,
        output: match *output {
            "binary" => Output::Binary,
            "count" => Output::Count,
            "scaled" => Output::Scaled,
            _ => return None,
        },
        gain: has("gain"),
        rest: has("rest"),
        after: has("after"),
        vmin: has("vmin"),
        max: has("max"),
    };
    spike.is_legal().then_some(spike)
}

impl Reset {
    /// When the reset takes effect.
    pub(crate) fn timing(self) -> Option<Timing> {
        match self {
            Self::None => None,
            Self::Subtract(t) | Self::Zero(t) | Self::Value(t) => Some(t),
        }
    }

    /// The tokens of reset and timing.
    pub(crate) fn tokens(self) -> (&'static str, &'static str) {
        let reset = match self {
            Self::None => "none",
            Self::Subtract(_) => "subtract",
            Self::Zero(_) => "zero",
            Self::Value(_) => "value",
        };
        let timing = match self.timing() {
            None => "none",
            Some(Timing::Next) => "next",
            Some(Timing::Same) => "same",
            Some(Timing::Refund) => "refund",
        };
        (reset, timing)
    }
}

impl Output {
    /// The token.
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Count => "count",
            Self::Scaled => "scaled",
        }
    }
}

/// The token of a comparison.
pub(crate) fn compare_token(compare: Compare) -> &'static str {
    match compare {
        Compare::Greater => "gt",
        Compare::GreaterOrEqual => "ge",
    }
}

impl Spike {
    pub(super) fn is_legal(&self) -> bool {
        let counts = self.output == Output::Count;
        let in_step = matches!(self.reset.timing(), None | Some(Timing::Same));
        (!counts || (self.compare == Compare::GreaterOrEqual && in_step)) && (counts || !self.max)
    }

    fn options(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.gain, "gain"),
            (self.rest, "rest"),
            (self.after, "after"),
            (self.vmin, "vmin"),
            (self.max, "max"),
        ];
        all.into_iter().filter_map(|(on, name)| on.then_some(name))
    }
}

impl Signature {
    /// The name of the family, as it begins the operator's name.
    pub(crate) fn family_name(&self) -> &'static str {
        match self.family {
            Family::Lif(_) => "LIF",
            Family::Cuba { .. } => "CUBA",
            Family::CubaInt { .. } => "CUBAInt",
            Family::SigmaDelta { .. } => "SigmaDelta",
            Family::Delta { .. } => "Delta",
            Family::Li { .. } => "LI",
        }
    }

    /// The options, in order.
    pub(crate) fn options(&self) -> Vec<&'static str> {
        let with = |on: bool, name: &'static str| on.then_some(name);
        match &self.family {
            Family::Lif(spike) => spike.options().collect(),
            Family::Cuba { spike, iafter } => {
                with(*iafter, "iafter").into_iter().chain(spike.options()).collect()
            }
            Family::CubaInt { bias, .. } | Family::SigmaDelta { bias, .. } => {
                with(*bias, "bias").into_iter().collect()
            }
            Family::Delta { .. } => Vec::new(),
            Family::Li { gain, rest } => {
                [with(*gain, "gain"), with(*rest, "rest")].into_iter().flatten().collect()
            }
        }
    }

    /// The mandatory fields, as pairs of attribute name and token, in order.
    pub(crate) fn fields(&self) -> Vec<(&'static str, &'static str)> {
        let spike = |s: &Spike| {
            let (reset, timing) = s.reset.tokens();
            let compare = compare_token(s.compare);
            vec![("reset", reset), ("timing", timing), ("compare", compare), ("output", s.output.token())]
        };
        match &self.family {
            Family::Lif(s) | Family::Cuba { spike: s, .. } => spike(s),
            Family::CubaInt { reset, compare, .. } => {
                let (reset, timing) = reset.tokens();
                let compare = compare_token(*compare);
                vec![("reset", reset), ("timing", timing), ("compare", compare), ("output", "binary")]
            }
            Family::SigmaDelta { activation, compare, .. } => {
                let activation = match activation {
                    Rectifier::Relu => "relu",
                    Rectifier::Identity => "identity",
                };
                vec![("activation", activation), ("compare", compare_token(*compare))]
            }
            Family::Delta { compare } => vec![("compare", compare_token(*compare))],
            Family::Li { .. } => Vec::new(),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.family_name())?;
        if self.sequence {
            f.write_str("Seq")?;
        }
        for (_, token) in self.fields() {
            write!(f, "_{token}")?;
        }
        for option in self.options() {
            write!(f, "_{option}")?;
        }
        Ok(())
    }
}
