//! Bounds on one step of a mapped network.

use super::rates::{Side, greatest};
use super::{Rates, Term};
use crate::chip::Bound;
use crate::load::{Interval, Load};

/// A core with its load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreLoad {
    /// Index of the layer it computes.
    pub layer: usize,
    /// Its load.
    pub load: Load,
}

/// What the mesh carries per step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mesh {
    /// Messages on the busiest link.
    pub busiest_link: Interval,
    /// Messages times hops over all routes.
    pub hops: Interval,
    /// Chips of the mapping; barrier and links between chips have no ceiling in any chip file so far.
    pub chips: u32,
}

/// Bounds on a step, in picoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepBound {
    /// Not less than this; rounded down.
    pub lower_ps: u64,
    /// What the search minimises; no bound.
    pub nominal_ps: u64,
    /// Not more than this; rounded up; unknown when a constant has no ceiling.
    pub upper_ps: Option<u64>,
    /// The greatest term of the lower bound and its core (none for a link or the barrier).
    pub lower_binding: (Term, Option<usize>),
    /// The greatest term of the nominal time and its core.
    pub nominal_binding: (Term, Option<usize>),
}

const FS_PER_PS: u64 = 1000;

/// Bounds on one step. For a single layer give its cores only and an empty mesh.
pub fn step_bound(rates: &Rates, cores: &[CoreLoad], mesh: Mesh) -> StepBound {
    let (lower, lower_binding) = greatest_of(rates, cores, mesh, Side::Lower);
    let (nominal, nominal_binding) = greatest_of(rates, cores, mesh, Side::Nominal);
    StepBound {
        lower_ps: lower / FS_PER_PS,
        nominal_ps: nominal.div_ceil(FS_PER_PS),
        upper_ps: upper(rates, cores, mesh)
            .map(|fs| fs.div_ceil(u128::from(FS_PER_PS)).try_into().unwrap_or(u64::MAX)),
        lower_binding,
        nominal_binding,
    }
}

fn greatest_of(rates: &Rates, cores: &[CoreLoad], mesh: Mesh, side: Side) -> (u64, (Term, Option<usize>)) {
    let mut best = (side.time(rates.barrier), (Term::Barrier, None));
    // A term binds when it reaches the barrier; of equal cores the first.
    let mut found_core = false;
    for (k, core) in cores.iter().enumerate() {
        let (term, time) = greatest(rates.terms(&core.load, side));
        if time > best.0 || (time == best.0 && time > 0 && !found_core) {
            best = (time, (term, Some(k)));
            found_core = true;
        }
    }
    let link = side.product(mesh.busiest_link, rates.link);
    if link > best.0 { (link, (Term::Links, None)) } else { best }
}

/// The upper bound in femtoseconds.
fn upper(rates: &Rates, cores: &[CoreLoad], mesh: Mesh) -> Option<u128> {
    let product = |load: Interval, time: Bound| match load.upper {
        0 => Some(0),
        n => Some((u128::from(n) * u128::from(time.hi?)).div_ceil(1000)),
    };
    let (mut send, mut receive) = (0u128, 0u128);
    for core in cores {
        let load = &core.load;
        send =
            send.max(product(load.updates, rates.update)? + product(load.messages_out, rates.message_out)?);
        receive =
            receive.max(product(load.messages_in, rates.message_in)? + product(load.synops, rates.synop)?);
    }
    if mesh.chips > 1 {
        return None;
    }
    // Without a mesh the bound is that of some cores alone, not of a step.
    let barrier = if mesh.chips == 0 { 0 } else { u128::from(rates.barrier.hi?) };
    Some(send + product(mesh.hops, rates.hop)? + receive + barrier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known(lo: u64, nominal: u64, hi: u64) -> Bound {
        Bound { lo: Some(lo), nominal: Some(nominal), hi: Some(hi) }
    }

    fn rates() -> Rates {
        Rates {
            synop: known(700_000, 700_000, 1_110_000),
            read: Bound::default(),
            update: known(2_650_000, 4_200_000, 48_300_000),
            message_in: Bound { hi: Some(87_000_000), ..Bound::default() },
            message_out: Bound { hi: Some(49_000_000), ..Bound::default() },
            link: Bound::default(),
            hop: known(0, 4_100_000, 6_500_000),
            barrier: Bound { hi: Some(200_000_000), nominal: Some(200_000_000), lo: None },
        }
    }

    fn core(synops: u64, updates: u64) -> CoreLoad {
        let load =
            Load { synops: Interval::exact(synops), updates: Interval::exact(updates), ..Load::default() };
        CoreLoad { layer: 0, load }
    }

    #[test]
    fn the_busiest_core_binds() {
        let bound = step_bound(
            &rates(),
            &[core(10_000, 1000), core(1_000_000_000, 1000)],
            Mesh { chips: 1, ..Mesh::default() },
        );
        // A million synops at 0.7 ns.
        assert_eq!(bound.lower_ps, 700_000_000);
        assert_eq!(bound.lower_binding, (Term::Synops, Some(1)));
        // One update, 1.11 ns per synop, barrier.
        assert_eq!(bound.upper_ps, Some(48_300 + 1_110_000_000 + 200_000));
    }

    #[test]
    fn a_constant_without_ceiling_makes_the_upper_bound_unknown() {
        let mut r = rates();
        r.synop.hi = None;
        let bound = step_bound(&r, &[core(1000, 0)], Mesh { chips: 1, ..Mesh::default() });
        assert_eq!(bound.upper_ps, None);
        assert_eq!(
            step_bound(&rates(), &[core(1000, 0)], Mesh { chips: 2, ..Mesh::default() }).upper_ps,
            None
        );
    }

    #[test]
    fn an_idle_chip_waits_for_the_barrier() {
        let bound = step_bound(&rates(), &[core(0, 1000)], Mesh { chips: 1, ..Mesh::default() });
        assert_eq!(bound.nominal_ps, 200_000);
        assert_eq!(bound.nominal_binding, (Term::Barrier, None));
    }

    prop_compose! {
        fn interval()(a in 0u64..10_000_000, b in 0u64..10_000_000, c in 0u64..10_000_000) -> Interval {
            let mut v = [a, b, c];
            v.sort_unstable();
            Interval { lower: v[0], nominal: v[1], upper: v[2] }
        }
    }

    prop_compose! {
        fn load()(synops in interval(), reads in interval(), updates in interval(), messages_in in interval(), messages_out in interval()) -> Load {
            Load { synops, reads, updates, messages_in, messages_out }
        }
    }

    proptest! {
        #[test]
        fn bounds_are_ordered_and_grow_with_the_load(loads in prop::collection::vec(load(), 1..6), more in load()) {
            let cores: Vec<CoreLoad> = loads.iter().map(|l| CoreLoad { layer: 0, load: *l }).collect();
            let mesh = Mesh { chips: 1, ..Mesh::default() };
            let mut r = rates();
            // With every side in order the nominal time lies between the bounds.
            r.message_in = known(1, 2, 87_000_000);
            r.message_out = known(1, 2, 49_000_000);
            let bound = step_bound(&r, &cores, mesh);
            prop_assert!(bound.lower_ps <= bound.nominal_ps);
            prop_assert!(bound.nominal_ps <= bound.upper_ps.unwrap());
            let mut busier = cores.clone();
            busier[0].load = busier[0].load.plus(more);
            let after = step_bound(&r, &busier, mesh);
            prop_assert!(after.lower_ps >= bound.lower_ps);
            prop_assert!(after.nominal_ps >= bound.nominal_ps);
            prop_assert!(after.upper_ps >= bound.upper_ps);
        }
    }
}
