//! One constant of a chip.

use std::fmt;

use serde::Deserialize;

/// How a number came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Measured on the chip, at the source named.
    Measured,
    /// Stated at the source named.
    Quoted,
    /// Calculated from numbers that are measured or quoted; the source says how.
    Derived,
    /// Concluded from data that fit it.
    Inferred,
    /// Taken for want of anything better.
    Assumed,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Measured => "measured",
            Self::Quoted => "quoted",
            Self::Derived => "derived",
            Self::Inferred => "inferred",
            Self::Assumed => "assumed",
        })
    }
}

/// Unit of a constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A time; the value is held in femtoseconds.
    Time(&'static str, u64),
    /// An energy; the value is held in femtojoules.
    Energy(&'static str, u64),
    /// A count of things.
    Count(&'static str),
}

const TIMES: &[(&str, u64)] =
    &[("fs", 1), ("ps", 1_000), ("ns", 1_000_000), ("us", 1_000_000_000), ("ms", 1_000_000_000_000)];
const ENERGIES: &[(&str, u64)] = &[("fJ", 1), ("pJ", 1_000), ("nJ", 1_000_000), ("uJ", 1_000_000_000)];
const COUNTS: &[&str] = &[
    "cores", "chips", "routers", "neurons", "groups", "words", "entries", "axons", "bits", "steps", "bytes",
    "events", "messages", "synops", "layers", "channels", "rows", "columns", "pixels", "filters", "hertz",
    "parts", "elements",
];

impl Unit {
    fn parse(text: &str) -> Result<Self, String> {
        let find = |list: &'static [(&'static str, u64)]| list.iter().find(|(name, _)| *name == text);
        if let Some((name, scale)) = find(TIMES) {
            return Ok(Self::Time(name, *scale));
        }
        if let Some((name, scale)) = find(ENERGIES) {
            return Ok(Self::Energy(name, *scale));
        }
        let count = COUNTS.iter().find(|name| **name == text);
        count.map(|name| Self::Count(name)).ok_or_else(|| format!("unknown unit '{text}'"))
    }

    /// Whether it is a time.
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Time(..))
    }

    /// Whether it is an energy.
    pub fn is_energy(&self) -> bool {
        matches!(self, Self::Energy(..))
    }

    /// Whether it is a count.
    pub fn is_count(&self) -> bool {
        matches!(self, Self::Count(_))
    }

    fn scale(&self) -> u64 {
        match self {
            Self::Time(_, s) | Self::Energy(_, s) => *s,
            Self::Count(_) => 1,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(name, _) | Self::Energy(name, _) | Self::Count(name) => f.write_str(name),
        }
    }
}

/// One side of a constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// In the unit's base: femtoseconds, femtojoules, things.
    pub value: u64,
    /// As the file has it.
    pub shown: String,
    /// How it came about.
    pub kind: Kind,
    /// Where it is from.
    pub source: String,
}

/// A constant: what is known of it from below, from above, and what to rank by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant {
    /// What it is.
    pub what: String,
    /// Its unit.
    pub unit: Unit,
    /// Not less than this; unknown when absent.
    pub lo: Option<Side>,
    /// What the search ranks by.
    pub nominal: Option<Side>,
    /// Not more than this; unknown when absent.
    pub hi: Option<Side>,
}

/// The values of a constant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// Not less than this.
    pub lo: Option<u64>,
    /// What the search ranks by.
    pub nominal: Option<u64>,
    /// Not more than this.
    pub hi: Option<u64>,
}

impl Bound {
    /// The value to rank by: nominal, else the lower side, else 0. A ceiling says nothing of what is
    /// likely, so it never ranks.
    pub fn rank(self) -> u64 {
        self.nominal.or(self.lo).unwrap_or(0)
    }
}

impl Constant {
    /// The value when it is known exactly.
    pub fn exact(&self) -> Option<u64> {
        let lo = self.lo.as_ref()?.value;
        (self.hi.as_ref()?.value == lo).then_some(lo)
    }

    /// The values of its sides.
    pub fn bound(&self) -> Bound {
        let value = |s: &Option<Side>| s.as_ref().map(|s| s.value);
        Bound { lo: value(&self.lo), nominal: value(&self.nominal), hi: value(&self.hi) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    what: String,
    unit: String,
    value: Option<f64>,
    kind: Option<Kind>,
    source: Option<String>,
    lo: Option<RawSide>,
    nominal: Option<RawSide>,
    hi: Option<RawSide>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSide {
    value: f64,
    kind: Kind,
    source: String,
}

impl Raw {
    pub(super) fn resolve(self) -> Result<Constant, String> {
        let unit = Unit::parse(&self.unit)?;
        let side = |raw: Option<RawSide>| raw.map(|r| r.resolve(&unit)).transpose();
        let (lo, nominal, hi) = match (self.value, self.kind, self.source) {
            (Some(value), Some(kind), Some(source)) => {
                if self.lo.is_some() || self.nominal.is_some() || self.hi.is_some() {
                    return Err("give either `value` or `lo`, `nominal`, `hi`".into());
                }
                let side = RawSide { value, kind, source }.resolve(&unit)?;
                (Some(side.clone()), Some(side.clone()), Some(side))
            }
            (None, None, None) => (side(self.lo)?, side(self.nominal)?, side(self.hi)?),
            _ => return Err("`value`, `kind` and `source` go together".into()),
        };
        let constant = Constant { what: self.what, lo, nominal, hi, unit };
        let Bound { lo, nominal, hi } = constant.bound();
        if lo.or(nominal).or(hi).is_none() {
            return Err("it has no value".into());
        }
        let ordered = |a: Option<u64>, b: Option<u64>| a.zip(b).is_none_or(|(a, b)| a <= b);
        if !ordered(lo, hi) || !ordered(lo, nominal) || !ordered(nominal, hi) {
            return Err("lo, nominal, hi must not decrease".into());
        }
        Ok(constant)
    }
}

impl RawSide {
    fn resolve(self, unit: &Unit) -> Result<Side, String> {
        // Greatest value: about a quarter of an hour in femtoseconds.
        let scaled = self.value * unit.scale() as f64;
        if !(0.0..=1e18).contains(&scaled) {
            return Err(format!("{} is out of range", self.value));
        }
        let value = scaled.round();
        // A decimal with a few places is off by rounding of the scale only.
        if (scaled - value).abs() > 1e-9 * scaled.max(1.0) {
            return Err(format!("{} {unit} is not a whole number of base units", self.value));
        }
        Ok(Side {
            value: value as u64,
            shown: format!("{}", self.value),
            kind: self.kind,
            source: self.source,
        })
    }
}
