//! The chips, one line each.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::chip::ChipFile;
use snnc_machine::target::Target;

/// Makes the back end for a chip file.
type Make = fn(ChipFile) -> Result<Box<dyn Target>, Diagnostic>;

/// A chip.
#[derive(Debug)]
pub struct Entry {
    /// Name on the command line.
    pub name: &'static str,
    /// Text of the built-in chip file.
    pub chip: &'static str,
    /// The back end; none while only the chip file exists.
    pub make: Option<Make>,
}

/// Every chip, in the order of the documents.
pub const TARGETS: &[Entry] = &[
    Entry {
        name: "loihi2",
        chip: snnc_loihi2::CHIP,
        make: Some(|chip| Ok(Box::new(snnc_loihi2::Loihi::new(chip)?))),
    },
    Entry {
        name: "loihi1",
        chip: snnc_loihi2::LOIHI1,
        make: Some(|chip| Ok(Box::new(snnc_loihi2::Loihi::new(chip)?))),
    },
    Entry { name: "speck", chip: snnc_speck::CHIP, make: None },
    Entry { name: "akd1000", chip: snnc_akd1000::CHIP, make: None },
];

/// The entry of a name; a wrong name lists the right ones.
///
/// # Errors
/// [`Code::TargetNotReady`] for a name that is no chip.
pub fn find(name: &str) -> Result<&'static Entry, Diagnostic> {
    TARGETS.iter().find(|t| t.name == name).ok_or_else(|| {
        let names: Vec<&str> = TARGETS.iter().map(|t| t.name).collect();
        Diagnostic::new(Code::TargetNotReady, format!("there is no target '{name}'"))
            .remedy(format!("the targets are {}", names.join(", ")))
    })
}

/// The back end of a name, with a chip file in place of the built-in one where given.
///
/// # Errors
/// When the name is no chip, the chip cannot be compiled for yet, or the chip file cannot be used.
pub fn target(name: &str, chip: Option<&str>) -> Result<Box<dyn Target>, Diagnostic> {
    let entry = find(name)?;
    let make = entry.make.ok_or_else(|| {
        let ready: Vec<&str> = TARGETS.iter().filter(|t| t.make.is_some()).map(|t| t.name).collect();
        Diagnostic::new(Code::TargetNotReady, format!("snnc cannot map networks to '{name}' yet"))
            .label("only its chip file exists")
            .remedy(format!(
                "compile for {}; `snnc targets show {name}` prints what is known of the chip",
                ready.join(", ")
            ))
    })?;
    make(ChipFile::parse(chip.unwrap_or(entry.chip))?)
}
