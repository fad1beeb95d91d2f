//! Sites on the mesh.

/// The mesh of routers of one chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mesh {
    /// Routers along x.
    pub width: u32,
    /// Routers along y.
    pub height: u32,
    /// Cores at each router.
    pub cores_per_router: u32,
    /// Cores of a chip that can be used.
    pub cores_per_chip: u32,
}

/// Where a core is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// Chip.
    pub chip: u32,
    /// Column of its router.
    pub x: u32,
    /// Row of its router.
    pub y: u32,
}

/// Sites for `cores` cores in order: router by router along x, then y, then the next chip. Consecutive
/// cores, which are mostly parts of one layer, share a router or sit side by side.
pub fn sequential(cores: usize, mesh: Mesh) -> Vec<Site> {
    let per_chip = mesh.cores_per_chip.max(1);
    let per_router = mesh.cores_per_router.max(1);
    let width = mesh.width.max(1);
    (0..cores as u32)
        .map(|k| {
            let router = k % per_chip / per_router;
            let (row, along) = (router / width, router % width);
            // Back and forth, so that the next row starts where the last one ends.
            let x = if row % 2 == 0 { along } else { width - 1 - along };
            Site { chip: k / per_chip, x, y: row }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_order_are_neighbours_on_the_mesh() {
        let mesh = Mesh { width: 8, height: 4, cores_per_router: 4, cores_per_chip: 120 };
        let sites = sequential(130, mesh);
        for pair in sites[..120].windows(2) {
            assert!(pair[0].x.abs_diff(pair[1].x) + pair[0].y.abs_diff(pair[1].y) <= 1);
            assert!(pair[1].y < mesh.height && pair[1].x < mesh.width);
        }
        assert_eq!(sites[120], Site { chip: 1, x: 0, y: 0 });
    }
}
