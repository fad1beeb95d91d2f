//! `snnc schema`.

use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_machine::manifest::Manifest;

use crate::render::output::out;

pub(super) fn run() -> Result<(), Diagnostics> {
    let text = Manifest::schema().map_err(|e| vec![Diagnostic::new(Code::FileUnwritable, e.to_string())])?;
    out(&text)
}
