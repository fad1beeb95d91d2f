//! Search for the mapping of a network onto the cores of a chip.
