//! Where text goes. A reader that has gone away ends nothing: the rest of the run is not for it.

use std::io::{ErrorKind, Write, stderr, stdout};

use snnc_ir::diag::{Code, Diagnostic, Diagnostics};

/// Writes a result to standard output.
///
/// # Errors
/// When it cannot be written for another reason than that nobody reads it.
pub(crate) fn out(text: &str) -> Result<(), Diagnostics> {
    let mut stdout = stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(vec![
            Diagnostic::new(Code::FileUnwritable, format!("cannot write to standard output: {e}"))
                .remedy("check where standard output goes, and the space there"),
        ]),
        _ => Ok(()),
    }
}

/// Writes to standard error; there is no other place to tell of a failure.
pub(crate) fn err(text: &str) {
    let mut stderr = stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
