//! The interpreter: the oracle of every pass.
