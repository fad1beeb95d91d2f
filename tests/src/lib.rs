//! Tests of snnc as a whole.
