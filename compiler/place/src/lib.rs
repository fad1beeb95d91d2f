//! Placement of cores on a chip and the load of its links.
