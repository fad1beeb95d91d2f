//! A lower bound that knows nothing of forms, tiles or of the search.

use snnc_machine::load::{Interval, Load};
use snnc_machine::target::Least;

/// The least time per step, in femtoseconds, that `cores` cores allow whatever the mapping, and no less than `floor`.
///
/// Each core has parts of one layer: the smallest `T` with `Σ max(cores for memory, ⌈work / T⌉) ≤ cores` over the layers.
/// Where small layers can share a core (each of them whole), those that need one core within `T` count together: their work
/// of each kind over `T`. Never less than what a single neuron takes.
///
/// `time` must be the greatest of terms that are each in proportion to one component of a load.
pub fn independent_lower(
    least: &[Least],
    cores: u64,
    floor: u64,
    shared: bool,
    time: &dyn Fn(&Load) -> u64,
) -> u64 {
    let single = least.iter().map(|l| time(&one_of(l))).max().unwrap_or(0);
    let fits = |t: u64| needed(least, t, shared, time) <= cores;
    let (mut lo, mut hi) = (1u64, least.iter().map(|l| time(&work(l))).fold(1, u64::saturating_add));
    if fits(hi) {
        while lo < hi {
            let mid = lo + (hi - lo) / 2;
            if fits(mid) { hi = mid } else { lo = mid + 1 }
        }
    }
    hi.max(single).max(floor)
}

/// Cores that the layers need at least within a time `t`.
fn needed(least: &[Least], t: u64, shared: bool, time: &dyn Fn(&Load) -> u64) -> u64 {
    let mut cores = 0u64;
    let (mut small, mut any) = (Load::default(), false);
    for layer in least {
        let own = layer.cores.max(time(&work(layer)).div_ceil(t)).max(1);
        if shared && own == 1 {
            small = small.plus(work(layer));
            any = true;
        } else {
            cores = cores.saturating_add(own);
        }
    }
    let together = if any { time(&small).div_ceil(t).max(1) } else { 0 };
    cores.saturating_add(together)
}

/// What one neuron takes, its messages out left aside: how many cores read it is not said.
fn one_of(least: &Least) -> Load {
    Load { messages_out: Interval::default(), ..least.of_one }
}

/// Work that is spread over the parts of a layer: operations, reads and updates. Messages in are not: a source's event
/// goes to every part that reads it, so parts have more of them together, not less.
fn work(least: &Least) -> Load {
    Load { messages_out: Interval::default(), ..least.total }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(load: &Load) -> u64 {
        (load.synops.nominal * 7 / 10).max(load.updates.nominal * 3)
    }

    fn least(cores: u64, synops: u64) -> Least {
        let load = |n| Load { synops: Interval::exact(n), ..Load::default() };
        Least { cores, total: load(synops), of_one: load(1000), ..Least::default() }
    }

    #[test]
    fn work_is_spread_over_the_cores_that_memory_leaves() {
        // Two layers, 10 cores: 3 are needed for memory, the other layer's 70 000 fs go to 7.
        let bound = independent_lower(&[least(3, 1000), least(1, 100_000)], 10, 0, false, &time);
        assert_eq!(bound, 10_000);
        // Never below a single neuron or the barrier.
        assert_eq!(independent_lower(&[least(1, 1000)], 100, 500, false, &time), 700);
        assert_eq!(independent_lower(&[least(1, 1000)], 100, 9000, false, &time), 9000);
    }

    #[test]
    fn layers_that_may_share_cores_count_together() {
        let layers = [least(1, 10_000), least(1, 10_000), least(1, 10_000)];
        // On two cores 21 000 fs of work take at least half of that; alone each layer asks for a core.
        assert_eq!(independent_lower(&layers, 2, 0, true, &time), 10_500);
        assert_eq!(independent_lower(&layers, 3, 0, false, &time), 7000);
        // A layer that one core is too slow for has cores of its own.
        let layers = [least(1, 30_000), least(1, 1000)];
        assert_eq!(independent_lower(&layers, 3, 0, true, &time), 10_500);
    }
}
