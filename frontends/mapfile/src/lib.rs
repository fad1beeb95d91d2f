//! The one audited use of memory-mapped files.
