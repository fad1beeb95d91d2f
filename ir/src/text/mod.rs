//! The `.snn` text form.
