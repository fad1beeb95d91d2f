//! A lower bound that knows nothing of tiles or of the search.

use snnc_machine::load::{Interval, Load};
use snnc_machine::target::Least;

/// The least nominal time per step, in femtoseconds, that `cores` cores allow whatever the mapping: the
/// smallest `T` with `Σ max(cores for memory, ⌈work / T⌉) ≤ cores` over the layers, no smaller than the
/// busiest single neuron and the barrier.
///
/// `time` must be the floorline's nominal time of a load: the greatest of terms that are each in
/// proportion to one component.
pub fn independent_lower(least: &[Least], cores: u64, floor: u64, time: &dyn Fn(&Load) -> u64) -> u64 {
    let synops = |n| time(&Load { synops: Interval::exact(n), ..Load::default() });
    let updates = |n| time(&Load { updates: Interval::exact(n), ..Load::default() });
    let work: Vec<(u64, u64)> =
        least.iter().map(|l| (l.cores, synops(l.synops).max(updates(l.updates)))).collect();
    let messages = |n| time(&Load { messages_in: Interval::exact(n), ..Load::default() });
    let one = |l: &Least| synops(l.synops_of_one).max(updates(1000)).max(messages(l.messages_of_one));
    let single = least.iter().map(one).max().unwrap_or(0);
    let fits = |t: u64| {
        let need = |(memory, work): &(u64, u64)| (*memory).max(work.div_ceil(t)).max(1);
        work.iter().map(need).fold(0u64, u64::saturating_add) <= cores
    };
    let (mut lo, mut hi) = (1u64, work.iter().map(|(_, w)| *w).max().unwrap_or(1).max(1));
    if fits(hi) {
        while lo < hi {
            let mid = lo + (hi - lo) / 2;
            if fits(mid) { hi = mid } else { lo = mid + 1 }
        }
    }
    hi.max(single).max(floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(load: &Load) -> u64 {
        (load.synops.nominal * 7 / 10).max(load.updates.nominal * 3)
    }

    #[test]
    fn work_is_spread_over_the_cores_that_memory_leaves() {
        let least = |cores, synops| Least { cores, synops, synops_of_one: 1000, ..Least::default() };
        // Two layers, 10 cores: 3 are needed for memory, the other layer's 70 000 fs go to 7.
        let bound = independent_lower(&[least(3, 1000), least(1, 100_000)], 10, 0, &time);
        assert_eq!(bound, 10_000);
        // Never below a single neuron or the barrier.
        assert_eq!(independent_lower(&[least(1, 1000)], 100, 500, &time), 3000);
        assert_eq!(independent_lower(&[least(1, 1000)], 100, 9000, &time), 9000);
    }
}
