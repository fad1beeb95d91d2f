//! Exit status.

use std::process::ExitCode;

use snnc_ir::diag::{Code, Diagnostic};

/// How a run ends. Usage errors (2) are clap's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    /// The model, or a check, failed.
    Failure,
    /// A file could not be read or written.
    Io,
    /// snnc itself is wrong.
    Bug,
}

impl Exit {
    /// The status for diagnostics of a failed run.
    pub(crate) fn of(diagnostics: &[Diagnostic]) -> Self {
        let io = |d: &Diagnostic| matches!(d.code, Code::FileUnreadable | Code::FileUnwritable);
        if diagnostics.iter().any(|d| d.code == Code::PhaseDiffers) {
            Self::Bug
        } else if diagnostics.iter().any(io) {
            Self::Io
        } else {
            Self::Failure
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Io => 3,
            Exit::Bug => 101,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_says_whose_fault_it_is() {
        let status =
            |codes: &[Code]| Exit::of(&codes.iter().map(|c| Diagnostic::new(*c, "")).collect::<Vec<_>>());
        assert_eq!(status(&[Code::BadGraph]), Exit::Failure);
        assert_eq!(status(&[Code::BadGraph, Code::FileUnreadable]), Exit::Io);
        assert_eq!(status(&[Code::PhaseDiffers]), Exit::Bug);
        assert_eq!(status(&[Code::MappedDiffers]), Exit::Failure);
    }
}
