//! Bottleneck search: the tiles of all layers for which the busiest core is least busy.
//!
//! The time of a choice is the greatest nominal time of its cores; the time of a network is the greatest
//! of its layers, so it has no double counting and only the number of cores couples the layers:
//!
//! 1. [`front`]: for each layer its choices, those dropped that another one beats or equals in time,
//!    cores and messages;
//! 2. [`search`]: binary search over the distinct times for the least time that the cores allow; then,
//!    among the choices within a slack of it, an exact dynamic program over the cores finds the fewest
//!    messages, then the fewest cores;
//! 3. [`independent_lower`]: a lower bound that knows nothing of tiles.
//!
//! The result is optimal over the tile menu for the greatest nominal load before placement.

mod bound;
mod front;
mod search;

pub use bound::independent_lower;
pub use front::{Candidate, front};
pub use search::{Limits, Objective, Pick, search};
