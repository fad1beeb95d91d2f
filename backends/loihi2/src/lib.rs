//! The Intel Loihi 2 back end.
