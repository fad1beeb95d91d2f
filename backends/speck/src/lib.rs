//! The SynSense Speck back end.
