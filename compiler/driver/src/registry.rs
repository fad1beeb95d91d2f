//! The chips, one line each.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::chip::ChipFile;
use snnc_machine::quantise::Quantise;
use snnc_machine::target::Target;

/// What there is of a chip beside its file, with what makes it from a chip file.
#[derive(Clone, Copy, Debug)]
pub enum BackEnd {
    /// Nothing.
    Described,
    /// Its integers: networks can be simulated as it calculates them.
    Quantises(fn(ChipFile) -> Result<Box<dyn Quantise>, Diagnostic>),
    /// Everything: networks can be compiled for it.
    Maps(fn(ChipFile) -> Result<Box<dyn Target>, Diagnostic>),
}

/// A chip.
#[derive(Debug)]
pub struct Entry {
    /// Name on the command line.
    pub name: &'static str,
    /// Text of the built-in chip file.
    pub chip: &'static str,
    /// The back end.
    pub back_end: BackEnd,
}

impl Entry {
    /// Whether networks can be compiled for the chip.
    pub fn maps(&self) -> bool {
        matches!(self.back_end, BackEnd::Maps(_))
    }

    /// Whether networks can be simulated in the chip's integers.
    pub fn quantises(&self) -> bool {
        !matches!(self.back_end, BackEnd::Described)
    }
}

/// Every chip, in the order of the documents.
pub const TARGETS: &[Entry] = &[
    Entry {
        name: "loihi2",
        chip: snnc_loihi2::CHIP,
        back_end: BackEnd::Maps(|chip| Ok(Box::new(snnc_loihi2::Loihi::new(chip)?))),
    },
    Entry {
        name: "loihi1",
        chip: snnc_loihi2::LOIHI1,
        back_end: BackEnd::Maps(|chip| Ok(Box::new(snnc_loihi2::Loihi::new(chip)?))),
    },
    Entry {
        name: "speck",
        chip: snnc_speck::CHIP,
        back_end: BackEnd::Quantises(|chip| Ok(Box::new(snnc_speck::Speck::new(chip)?))),
    },
    Entry { name: "akd1000", chip: snnc_akd1000::CHIP, back_end: BackEnd::Described },
];

/// The entry of a name; a wrong name lists the right ones.
///
/// # Errors
/// [`Code::TargetNotReady`] for a name that is no chip.
pub fn find(name: &str) -> Result<&'static Entry, Diagnostic> {
    TARGETS.iter().find(|t| t.name == name).ok_or_else(|| {
        Diagnostic::new(Code::TargetNotReady, format!("there is no target '{name}'"))
            .remedy(format!("the targets are {}", names(|_| true)))
    })
}

/// The back end of a name, with a chip file in place of the built-in one where given.
///
/// # Errors
/// When the name is no chip, the chip cannot be compiled for yet, or the chip file cannot be used.
pub fn target(name: &str, chip: Option<&str>) -> Result<Box<dyn Target>, Diagnostic> {
    let entry = find(name)?;
    let BackEnd::Maps(make) = entry.back_end else {
        let (there, more) = if entry.quantises() {
            ("networks can be simulated in its integers, and nothing more", "`snnc simulate --target")
        } else {
            ("only its chip file exists", "`snnc targets show")
        };
        let what = format!("snnc cannot map networks to '{name}' yet");
        return Err(Diagnostic::new(Code::TargetNotReady, what).label(there).remedy(format!(
            "compile for {}; {more} {name}` is what there is for the chip",
            names(Entry::maps)
        )));
    };
    make(parse(entry, chip)?)
}

/// The integers of a name's chip, with a chip file in place of the built-in one where given.
///
/// # Errors
/// When the name is no chip, its integers are not known to snnc yet, or the chip file cannot be used.
pub fn quantiser(name: &str, chip: Option<&str>) -> Result<Box<dyn Quantise>, Diagnostic> {
    let entry = find(name)?;
    match entry.back_end {
        BackEnd::Maps(make) => Ok(make(parse(entry, chip)?)?),
        BackEnd::Quantises(make) => make(parse(entry, chip)?),
        BackEnd::Described => {
            let what = format!("snnc cannot calculate as '{name}' does yet");
            Err(Diagnostic::new(Code::TargetNotReady, what).label("only its chip file exists").remedy(
                format!(
                    "simulate for {}; `snnc targets show {name}` prints what is known of the chip",
                    names(Entry::quantises)
                ),
            ))
        }
    }
}

fn parse(entry: &Entry, chip: Option<&str>) -> Result<ChipFile, Diagnostic> {
    ChipFile::parse(chip.unwrap_or(entry.chip))
}

/// Names of the chips for which `which` holds.
fn names(which: impl Fn(&Entry) -> bool) -> String {
    TARGETS.iter().filter(|t| which(t)).map(|t| t.name).collect::<Vec<_>>().join(", ")
}
