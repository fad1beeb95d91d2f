//! `snnc schema`.

use snnc_ir::diag::{Code, Diagnostic, Diagnostics};
use snnc_machine::manifest::Manifest;
use snnc_machine::mapping::MappingFile;

use crate::args::{Schema, SchemaOf};
use crate::render::output::out;

pub(super) fn run(args: &Schema) -> Result<(), Diagnostics> {
    let text = match args.of {
        SchemaOf::Manifest => Manifest::schema(),
        SchemaOf::Mapping => MappingFile::schema(),
    };
    let text = text.map_err(|e| vec![Diagnostic::new(Code::FileUnwritable, e.to_string())])?;
    out(&text)
}
