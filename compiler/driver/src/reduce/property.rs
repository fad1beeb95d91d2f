//! What is to stay while a model is made smaller.

use std::fmt;
use std::str::FromStr;

use snnc_ir::diag::Code;

use super::trial::Trial;

/// How a model fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// With a diagnostic, error or warning, of this code.
    Code(Code),
    /// With a panic, or so that the process ends.
    Panic,
    /// With results that differ where they must not.
    Difference,
}

impl FromStr for Property {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "panic" => Ok(Self::Panic),
            "diff" => Ok(Self::Difference),
            _ => text.parse().map(Self::Code).map_err(|()| {
                format!("'{text}' is neither a diagnostic code (docs/errors lists them) nor panic nor diff")
            }),
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => code.fmt(f),
            Self::Panic => f.write_str("panic"),
            Self::Difference => f.write_str("diff"),
        }
    }
}

/// How a model failed, to compare with how another does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    words: Vec<String>,
    /// Whether all words must be the same.
    exact: bool,
}

impl Failure {
    fn exact(text: String) -> Self {
        Self { words: vec![text], exact: true }
    }

    fn message(text: &str) -> Self {
        Self { words: pattern(text).split_whitespace().map(str::to_owned).collect(), exact: false }
    }

    /// Whether two failures of one kind are likely to have one cause: at least half of the words of their
    /// messages are the same, without names in quotes, numbers, and lists behind a colon; the same place of a
    /// panic in the source; the same two runs that differ.
    ///
    /// Without that a model would be reduced to whatever fails with the code most easily.
    pub fn is_like(&self, other: &Self) -> bool {
        if self.exact || other.exact {
            return self == other;
        }
        let mut rest = other.words.clone();
        let common = self.words.iter().filter(|word| {
            let at = rest.iter().position(|w| w == *word);
            at.map(|at| rest.swap_remove(at)).is_some()
        });
        2 * common.count() >= self.words.len().max(other.words.len())
    }
}

impl Property {
    /// The failures of this kind in a try, in its order; empty when it does not fail so. `loose`: all are alike.
    pub fn failures(self, trial: &Trial, loose: bool) -> Vec<Failure> {
        let any = || Failure::exact(self.to_string());
        match self {
            Self::Code(code) => {
                let of = trial.diagnostics.iter().filter(|(c, _)| c == code.as_str());
                of.map(|(_, message)| if loose { any() } else { Failure::message(message) }).collect()
            }
            Self::Panic => {
                trial.panic.iter().map(|p| if loose { any() } else { Failure::exact(place(p)) }).collect()
            }
            Self::Difference => trial
                .difference
                .iter()
                .map(|(of, _)| if loose { any() } else { Failure::exact(of.clone()) })
                .collect(),
        }
    }
}

/// `file:line` of a panic, or all of a text without it.
fn place(panic: &str) -> String {
    let mut parts = panic.splitn(3, ':');
    match (parts.next(), parts.next()) {
        (Some(file), Some(line)) if line.parse::<u32>().is_ok() => format!("{file}:{line}"),
        _ => pattern(panic),
    }
}

/// Words in front of a colon that say enough by themselves.
const ENOUGH: usize = 4;

/// A message with every quoted name and every number the same, up to a colon.
fn pattern(message: &str) -> String {
    let mut out = String::new();
    let mut chars = message.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        if c == '\'' && !last.is_alphanumeric() {
            out.push_str("''");
            // Up to the quote that no letter follows: a name may hold an apostrophe.
            while let Some(inner) = chars.next() {
                if inner == '\'' && chars.peek().is_none_or(|c| !c.is_alphanumeric()) {
                    break;
                }
            }
            last = '\'';
            continue;
        }
        if c.is_ascii_digit() && (matches!(last, '#' | 'x') || !last.is_alphanumeric()) {
            if last != '#' {
                out.push('#');
            }
            last = '#';
            continue;
        }
        if c == ':' && out.split_whitespace().count() >= ENOUGH {
            break;
        }
        out.push(c);
        last = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_neither_names_nor_numbers() {
        assert_eq!(pattern("layer 'conv1' needs 17 of 4 cores"), "layer '' needs # of # cores");
        assert_eq!(pattern("the target's width is 8.5, not int8"), "the target's width is #.#, not int8");
        assert_eq!(pattern("input 'it's x' of '/a/b'"), "input '' of ''");
        assert_eq!(pattern("cannot add 2x3x4 and 5x6x7"), pattern("cannot add 1x1x1 and 10x1x1"));
    }

    #[test]
    fn panics_are_known_by_their_place() {
        assert_eq!(place("ir/src/a.rs:12: index 3 of 2"), "ir/src/a.rs:12");
        assert_eq!(place("the process was stopped by signal 6"), "the process was stopped by signal #");
    }

    #[test]
    fn words_are_properties() {
        assert_eq!("panic".parse(), Ok(Property::Panic));
        assert_eq!("E0503".parse(), Ok(Property::Code(Code::ChipFull)));
        assert!("E9999".parse::<Property>().is_err());
    }

    #[test]
    fn failures_of_another_message_are_not_alike() {
        let trial =
            |message: &str| Trial { diagnostics: vec![("E0103".into(), message.into())], ..Trial::default() };
        let property = Property::Code(Code::BadGraph);
        let like = |a: &str, b: &str, loose| {
            let of = |text| property.failures(&trial(text), loose);
            of(a)[0].is_like(&of(b)[0])
        };
        let (a, b) = ("node 'a' has 2 outputs", "the graph has no output");
        assert!(!like(a, b, false) && like(a, b, true));
        assert!(like(a, "node 'b' has 7 outputs", false));
        let of = |layers| format!("the network needs 160 cores, the fewest at: {layers}");
        assert!(like(&of("lif1 80, lif2 80"), &of("lif2 80"), false));
        assert!(like("the loop a, b, c has 1 delay step", "the loop b has 2 delay steps", false));
        assert!(Property::Panic.failures(&trial(a), false).is_empty());
    }
}
