//! The BrainChip AKD1000 back end.
