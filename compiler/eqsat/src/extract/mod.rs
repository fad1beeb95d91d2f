//! Extraction: the best choice of forms, encodings and tiles.
//!
//! The time of a choice is the greatest time of its cores; the time of a network is the greatest of its layers, so it has
//! no double counting and only the number of cores couples the layers:
//!
//! 1. [`Pricing::front`]: for each layer its choices, priced by the chip, without those that another one beats or equals
//!    in time, nominal time, cores and messages;
//! 2. [`Extraction::new`]: they enter the e-graph by the rules on mapped terms, and are read from its classes;
//! 3. [`search`]: binary search over the distinct times for the least time that the cores allow; then the least nominal
//!    time; then, within a slack of it, an exact dynamic program over the cores for the fewest messages, then cores.
//!    Small layers share cores where the chip allows it and that is faster ([`share`](Extraction::find));
//! 4. [`independent_lower`]: a lower bound that knows nothing of all this.
//!
//! The result is optimal over the e-graph for the greatest mean load before placement.

mod bound;
mod candidate;
mod gap;
mod rank;
mod run;
mod search;
mod share;

pub use bound::independent_lower;
pub use candidate::{Candidate, Forms, Front, Pricing};
pub use gap::{Gap, Standing, reasons};
pub use rank::Ranking;
pub use run::{Extraction, Found, Share};
pub(crate) use run::{held as held_terms, key as held_key};
pub use search::{Limits, Objective, Pick, pareto, search};
