//! `snnc explain CODE`.

use snnc_ir::diag::{Code, Diagnostic, Diagnostics};

use super::pages;
use crate::args::Explain;
use crate::render::output::out;

pub(super) fn run(args: &Explain) -> Result<(), Diagnostics> {
    if let Ok(code) = args.code.parse::<Code>() {
        return out(pages::page(code));
    }
    let codes: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
    Err(vec![
        Diagnostic::new(Code::UnknownCode, format!("there is no diagnostic '{}'", args.code))
            .remedy(format!("the codes are {}", codes.join(", "))),
    ])
}
