//! Chip files: the numbers of a chip, each with unit, source and kind.
//!
//! The format is described in `docs/chip-files.md`.

mod constant;
pub mod names;

pub use constant::{Bound, Constant, Kind, Side, Unit};

use std::collections::BTreeMap;

use serde::Deserialize;
use snnc_ir::diag::{Code, Diagnostic};

/// Greatest size of a chip file in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A chip file.
#[derive(Clone, Debug, PartialEq)]
pub struct ChipFile {
    /// Name on the command line.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Who makes it.
    pub vendor: String,
    /// Constants by name.
    pub constants: BTreeMap<String, Constant>,
    /// blake3 of the text, in hex.
    pub hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    title: String,
    vendor: String,
    constants: BTreeMap<String, constant::Raw>,
}

impl ChipFile {
    /// Reads a chip file.
    ///
    /// # Errors
    /// [`Code::BadChipFile`] with what is wrong.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        if text.len() > MAX_BYTES {
            return Err(bad(format!("it has more than {MAX_BYTES} bytes")));
        }
        let raw: Raw = toml::from_str(text).map_err(|e| {
            let line =
                e.span().and_then(|s| text.get(..s.start)).map(|before| before.matches('\n').count() + 1);
            let place = line.map_or_else(String::new, |l| format!("line {l}: "));
            bad(format!("{place}{}", e.message()))
        })?;
        let mut constants = BTreeMap::new();
        for (name, constant) in raw.constants {
            let constant = constant.resolve().map_err(|e| bad(format!("constant '{name}': {e}")))?;
            constants.insert(name, constant);
        }
        let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        Ok(Self { name: raw.name, title: raw.title, vendor: raw.vendor, constants, hash })
    }

    /// A constant by name.
    ///
    /// # Errors
    /// When the file does not have it.
    pub fn constant(&self, name: &str) -> Result<&Constant, Diagnostic> {
        self.constants.get(name).ok_or_else(|| {
            bad(format!("it has no constant '{name}'"))
                .remedy("start from the built-in file: snnc targets show")
        })
    }

    /// A known count.
    ///
    /// # Errors
    /// When the file does not have it, it is no count, or it is not known exactly.
    pub fn count(&self, name: &str) -> Result<u64, Diagnostic> {
        let constant = self.constant(name)?;
        if constant.unit.is_count()
            && let Some(value) = constant.exact()
        {
            return Ok(value);
        }
        Err(bad(format!("constant '{name}' must be a count with one `value`")))
    }

    /// A time in femtoseconds; unknown sides are `None`. A constant that is not in the file is unknown.
    ///
    /// # Errors
    /// When it is not a time.
    pub fn time(&self, name: &str) -> Result<Bound, Diagnostic> {
        match self.constants.get(name) {
            None => Ok(Bound::default()),
            Some(c) if c.unit.is_time() => Ok(c.bound()),
            Some(_) => Err(bad(format!("constant '{name}' must be a time"))),
        }
    }
}

fn bad(what: String) -> Diagnostic {
    Diagnostic::new(Code::BadChipFile, format!("the chip file cannot be used: {what}"))
        .remedy("see docs/chip-files.md for the format")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "name = \"c\"\ntitle = \"C\"\nvendor = \"V\"\n";

    #[test]
    fn times_are_exact_and_sides_may_be_unknown() {
        let text = format!(
            "{HEAD}[constants.t]\nwhat = \"w\"\nunit = \"ns\"\n\
             lo = {{ value = 0.70, kind = \"derived\", source = \"s\" }}\n\
             hi = {{ value = 1.11, kind = \"derived\", source = \"s\" }}\n"
        );
        let chip = ChipFile::parse(&text).unwrap();
        assert_eq!(chip.time("t").unwrap(), Bound { lo: Some(700_000), nominal: None, hi: Some(1_110_000) });
        assert_eq!(chip.time("none").unwrap(), Bound::default());
        assert!(chip.count("t").is_err());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("x = 1", "unknown field"),
            (
                "[constants.a]\nwhat = \"w\"\nunit = \"cores\"\nvalue = 1\nkind = \"guess\"\nsource = \"s\"",
                "guess",
            ),
            (
                "[constants.a]\nwhat = \"w\"\nunit = \"furlongs\"\nvalue = 1\nkind = \"quoted\"\nsource = \"s\"",
                "furlongs",
            ),
            (
                "[constants.a]\nwhat = \"w\"\nunit = \"cores\"\nvalue = 1.5\nkind = \"quoted\"\nsource = \"s\"",
                "whole",
            ),
            (
                "[constants.a]\nwhat = \"w\"\nunit = \"cores\"\nvalue = -1\nkind = \"quoted\"\nsource = \"s\"",
                "'a'",
            ),
            (
                "[constants.a]\nwhat = \"w\"\nunit = \"ns\"\nvalue = nan\nkind = \"quoted\"\nsource = \"s\"",
                "'a'",
            ),
            ("[constants.a]\nwhat = \"w\"\nunit = \"cores\"\nvalue = 1", "'a'"),
            ("[constants.a]\nwhat = \"w\"\nunit = \"cores\"", "'a'"),
            (
                "[constants.a]\nwhat = \"w\"\nunit = \"ns\"\nlo = {value = 2, kind = \"quoted\", source = \"s\"}\n\
                 hi = {value = 1, kind = \"quoted\", source = \"s\"}",
                "lo",
            ),
        ] {
            let head = if text == "x = 1" { "" } else { HEAD };
            let error = ChipFile::parse(&format!("{head}{text}")).unwrap_err();
            assert!(error.message.contains(part), "{} should name {part}", error.message);
        }
    }
}
