//! Placement that leaves cores where they are.
//!
//! A core may want the seat that it had: its number in the manifest and its site. Sites and numbers are given to
//! the first core that wants them; the other cores fill what is free, in order.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::mesh::{Mesh, Site};

/// What a core wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its number in the manifest.
    pub id: u32,
    /// Where it is.
    pub site: Site,
}

/// Seats of cores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    /// Per core its number: each from 0 on once.
    pub ids: Vec<usize>,
    /// Per core where it is.
    pub sites: Vec<Site>,
}

/// Gives every core a seat on the first `chips` chips, which have at least as many cores as there are in
/// `wanted`. A core gets the site that it wants when the mesh has it and it is not full, and the number that it
/// wants when that is below the number of cores and free, so that numbers have no gaps. `order` has every core once:
/// who is asked first.
pub fn keep(wanted: &[Option<Seat>], order: &[usize], mesh: Mesh, chips: u32) -> Seats {
    let mut sites = Given::new(wanted.len());
    let mut ids = Given::new(wanted.len());
    for core in order {
        let Some(seat) = wanted[*core] else { continue };
        let room = if seat.site.chip < chips { mesh.cores_at(seat.site) } else { 0..0 };
        sites.first_of(*core, room);
        let id = u64::from(seat.id);
        ids.first_of(*core, if id < wanted.len() as u64 { id..id + 1 } else { 0..0 });
    }
    let sites = sites.filled().into_iter().map(|core| mesh.site(core)).collect();
    Seats { ids: ids.filled().into_iter().map(|id| id as usize).collect(), sites }
}

/// Numbers that were given, each once.
struct Given {
    taken: BTreeSet<u64>,
    own: Vec<Option<u64>>,
}

impl Given {
    fn new(cores: usize) -> Self {
        Self { taken: BTreeSet::new(), own: vec![None; cores] }
    }

    /// Gives a core the first free number of a range, if there is one.
    fn first_of(&mut self, core: usize, mut range: Range<u64>) {
        self.own[core] = range.find(|n| self.taken.insert(*n));
    }

    /// The numbers of all cores; those without one take the lowest that are free, in order.
    fn filled(self) -> Vec<u64> {
        let mut free = (0..).filter(|n| !self.taken.contains(n));
        self.own.into_iter().map(|own| own.or_else(|| free.next()).unwrap_or(0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::sequential;
    use proptest::prelude::*;

    fn meshes() -> impl Strategy<Value = Mesh> {
        (1u32..5, 1u32..5, 1u32..4, 1u32..30).prop_map(|(width, height, cores_per_router, most)| Mesh {
            width,
            height,
            cores_per_router,
            cores_per_chip: most.min(width * height * cores_per_router),
        })
    }

    /// Seats that may be on no chip, beyond the mesh, or wanted twice.
    fn wanted(most: usize) -> impl Strategy<Value = Vec<Option<Seat>>> {
        let seat = (0u32..12, 0u32..3, 0u32..5, 0u32..5)
            .prop_map(|(id, chip, x, y)| Seat { id, site: Site { chip, x, y } });
        prop::collection::vec(prop::option::of(seat), 0..=most)
    }

    fn in_order(wanted: &[Option<Seat>], mesh: Mesh, chips: u32) -> Seats {
        keep(wanted, &(0..wanted.len()).collect::<Vec<_>>(), mesh, chips)
    }

    fn valid(seats: &Seats, mesh: Mesh, chips: u32) -> Result<(), TestCaseError> {
        let mut ids = seats.ids.clone();
        ids.sort_unstable();
        prop_assert_eq!(ids, (0..seats.sites.len()).collect::<Vec<_>>());
        for site in &seats.sites {
            prop_assert!(site.chip < chips && site.x < mesh.width && site.y < mesh.height);
            let here = seats.sites.iter().filter(|s| *s == site).count() as u64;
            let room = mesh.cores_at(*site);
            prop_assert!(here <= room.end - room.start, "{here} cores at {site:?}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn every_core_has_a_seat_and_keeps_its_own_where_it_can(
            (mesh, chips, wanted) in (meshes(), 1u32..3).prop_flat_map(|(mesh, chips)| {
                (Just(mesh), Just(chips), wanted((mesh.cores_per_chip * chips) as usize))
            })
        ) {
            let seats = in_order(&wanted, mesh, chips);
            valid(&seats, mesh, chips)?;
            for (k, seat) in wanted.iter().enumerate() {
                let Some(seat) = seat else { continue };
                let room = mesh.cores_at(seat.site);
                let before = |other: &&Option<Seat>| other.is_some_and(|o| o.site == seat.site);
                let earlier = wanted[..k].iter().filter(before).count() as u64;
                let fits = seat.site.chip < chips && earlier < room.end - room.start;
                if fits {
                    prop_assert_eq!(seats.sites[k], seat.site);
                }
                let first = !wanted[..k].iter().flatten().any(|o| o.id == seat.id);
                if first && (seat.id as usize) < wanted.len() {
                    prop_assert_eq!(seats.ids[k], seat.id as usize);
                }
            }
        }

        #[test]
        fn nothing_wanted_is_the_plain_order(mesh in meshes(), share in 0u32..=100) {
            let cores = (mesh.cores_per_chip * 2 * share / 100) as usize;
            let seats = in_order(&vec![None; cores], mesh, 2);
            prop_assert_eq!(&seats.sites, &sequential(cores, mesh));
            prop_assert_eq!(seats.ids, (0..cores).collect::<Vec<_>>());
        }

        #[test]
        fn what_was_placed_stays(mesh in meshes(), first in wanted(4), gone in prop::collection::vec(any::<bool>(), 4)) {
            prop_assume!(first.len() <= mesh.cores_per_chip as usize);
            let before = in_order(&first, mesh, 1);
            let seat = |k: usize| Seat { id: before.ids[k] as u32, site: before.sites[k] };
            // The same cores: nothing moves.
            let all: Vec<Option<Seat>> = (0..first.len()).map(|k| Some(seat(k))).collect();
            prop_assert_eq!(&in_order(&all, mesh, 1), &before);
            // Some are new: the others stay.
            let some: Vec<Option<Seat>> = (0..first.len()).map(|k| (!gone[k]).then(|| seat(k))).collect();
            let after = in_order(&some, mesh, 1);
            valid(&after, mesh, 1)?;
            for k in (0..first.len()).filter(|k| !gone[*k]) {
                prop_assert_eq!((after.ids[k], after.sites[k]), (before.ids[k], before.sites[k]));
            }
        }

        /// Whoever is asked first gets what it wants, wherever it stands.
        #[test]
        fn the_order_decides_who_is_first(mesh in meshes(), chosen in wanted(6), rotation in 0usize..6) {
            prop_assume!(!chosen.is_empty() && chosen.len() <= mesh.cores_per_chip as usize);
            let mut order: Vec<usize> = (0..chosen.len()).collect();
            order.rotate_left(rotation % chosen.len());
            let seats = keep(&chosen, &order, mesh, 1);
            valid(&seats, mesh, 1)?;
            if let Some(seat) = chosen[order[0]] {
                if seat.site.chip == 0 && !mesh.cores_at(seat.site).is_empty() {
                    prop_assert_eq!(seats.sites[order[0]], seat.site);
                }
                if (seat.id as usize) < chosen.len() {
                    prop_assert_eq!(seats.ids[order[0]], seat.id as usize);
                }
            }
        }
    }
}
