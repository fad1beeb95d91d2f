//! Names of the constants that the floorline and the mesh use. A chip file leaves out what is unknown.

/// Time per synaptic operation.
pub const T_SYNOP: &str = "t_synop";
/// Time per word fetched from synaptic memory.
pub const T_READ: &str = "t_read";
/// Time per neuron update.
pub const T_UPDATE: &str = "t_update";
/// Time per message that arrives at a core.
pub const T_MESSAGE_IN: &str = "t_message_in";
/// Time per message that a core sends.
pub const T_MESSAGE_OUT: &str = "t_message_out";
/// Time per message on a link between two routers.
pub const T_LINK: &str = "t_link";
/// Time per hop between two routers.
pub const T_HOP: &str = "t_hop";
/// Time of the barrier that ends a step.
pub const T_BARRIER: &str = "t_barrier";
/// Cores that a network can use, per chip.
pub const CORES_PER_CHIP: &str = "cores_per_chip";
/// Routers along x.
pub const MESH_WIDTH: &str = "mesh_width";
/// Routers along y.
pub const MESH_HEIGHT: &str = "mesh_height";
/// Cores at each router.
pub const CORES_PER_ROUTER: &str = "cores_per_router";
/// Steps that a spike takes from one population to the next.
pub const EDGE_DELAY: &str = "edge_delay";
/// Greatest delay of a projection.
pub const MAX_DELAY: &str = "max_delay";
