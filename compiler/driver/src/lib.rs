//! The phases of the compiler, in order.
