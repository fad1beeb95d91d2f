//! Passes over the graph that know no chip: each is a function from a verified graph to a graph.

pub mod fold;
pub mod retime;
