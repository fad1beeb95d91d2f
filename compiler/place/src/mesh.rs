//! Sites on the mesh.

use std::ops::Range;

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

impl Mesh {
    /// Where the core with that number is: router by router along x, then y, then the next chip.
    pub fn site(&self, core: u64) -> Site {
        let [width, per_router, per_chip] = self.sizes();
        let router = core % per_chip / per_router;
        let (row, along) = (router / width, router % width);
        // Back and forth, so that the next row starts where the last one ends.
        let x = if row % 2 == 0 { along } else { width - 1 - along };
        let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        Site { chip: small(core / per_chip), x: small(x), y: small(row) }
    }

    /// The numbers of the cores at a site; none where the mesh has no router with cores.
    pub fn cores_at(&self, site: Site) -> Range<u64> {
        let [width, per_router, per_chip] = self.sizes();
        let (row, x) = (u64::from(site.y), u64::from(site.x));
        if x >= width {
            return 0..0;
        }
        let along = if row % 2 == 0 { x } else { width - 1 - x };
        let first = ((row * width + along) * per_router).min(per_chip);
        let chip = u64::from(site.chip) * per_chip;
        chip + first..chip + (first + per_router).min(per_chip)
    }

    /// Routers along x, cores of a router, cores of a chip; at least one each.
    fn sizes(&self) -> [u64; 3] {
        [self.width, self.cores_per_router, self.cores_per_chip].map(|n| u64::from(n.max(1)))
    }
}

/// Sites for `cores` cores in the order of their numbers. Consecutive cores, which are mostly parts of one layer,
/// share a router or sit side by side.
pub fn sequential(cores: usize, mesh: Mesh) -> Vec<Site> {
    (0..cores as u64).map(|core| mesh.site(core)).collect()
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

    #[test]
    fn a_site_knows_its_cores() {
        let mesh = Mesh { width: 3, height: 4, cores_per_router: 4, cores_per_chip: 30 };
        for core in 0..90 {
            assert!(mesh.cores_at(mesh.site(core)).contains(&core), "{core}");
        }
        // The eighth router has two of the chip's 30 cores, the ninth none, and there is no fourth column.
        assert_eq!(mesh.cores_at(Site { chip: 1, x: 1, y: 2 }), 58..60);
        assert!(mesh.cores_at(Site { chip: 0, x: 2, y: 2 }).is_empty());
        assert!(mesh.cores_at(Site { chip: 0, x: 3, y: 0 }).is_empty());
        assert!(mesh.cores_at(Site { chip: 0, x: 0, y: u32::MAX }).is_empty());
    }
}
