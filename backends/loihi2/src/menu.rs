//! Which tiles a layer has.

use snnc_machine::activity::{Activity, Profile, Rate};
use snnc_machine::network::partition::counts;
use snnc_machine::network::{Layer, Network};
use snnc_machine::target::Tile;

use crate::encoding::Encoding;
use crate::least;
use crate::rules::Rules;
use crate::tile::{Axis, synops};

/// Up to how many parts of a skewed axis every number is offered.
const EVERY: usize = 32;

/// Every tile with at most `max_cores` blocks. The fan-in is not cut: a core cannot hand partial sums to
/// another within a step.
///
/// Lists of non-zero weights can be far too long for a chip; tiles with fewer cores than their memory needs
/// are left out.
///
/// That a core can take any contiguous ranges, not only powers of two as the vendor's compiler makes
/// them, is an assumption (README.md).
pub fn menu(
    network: &Network,
    index: usize,
    encodings: &[Encoding],
    rules: &Rules,
    max_cores: u64,
) -> Vec<Tile> {
    let layer = &network.layers[index];
    let sparse = encodings.contains(&Encoding::Sparse);
    let min_cores = if sparse { least::cores(network, index, encodings, rules) } else { 1 };
    if min_cores > max_cores {
        return Vec::new();
    }
    let [channels, rows, cols] = Axis::ALL.map(|axis| {
        let work = if sparse { work(network, layer, encodings, axis) } else { Vec::new() };
        axis_counts(axis.size(layer), &work)
    });
    let mut out = Vec::new();
    for channels in &channels {
        for rows in &rows {
            for cols in &cols {
                let tile =
                    Tile { channels: *channels as u32, rows: *rows as u32, cols: *cols as u32, fan_in: 1 };
                if (min_cores..=max_cores).contains(&tile.cores()) {
                    out.push(tile);
                }
            }
        }
    }
    out
}

/// Into how many parts an axis of `size` elements is cut: the counts at which the largest even range changes
/// and, where the work of the elements is so uneven that the most of a range changes between these, every
/// small count.
fn axis_counts(size: usize, work: &[u64]) -> Vec<usize> {
    let mut out = counts(size);
    if is_skewed(work) {
        out.extend(1..=size.min(EVERY));
        out.sort_unstable();
        out.dedup();
    }
    out
}

/// Whether the busiest element has a quarter more to do than the mean.
fn is_skewed(work: &[u64]) -> bool {
    let most = work.iter().copied().max().unwrap_or(0);
    let sum: u128 = work.iter().map(|w| u128::from(*w)).sum();
    4 * u128::from(most) * work.len() as u128 > 5 * sum
}

/// The work of every element of an axis when all sources give out as many events.
fn work(network: &Network, layer: &Layer, encodings: &[Encoding], axis: Axis) -> Vec<u64> {
    if axis.size(layer) < 2 {
        return Vec::new();
    }
    let all = Profile { layers: vec![Activity::stated(Rate::ONE); network.layers.len()] };
    synops(layer, encodings, axis, &all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_small_count_is_offered_where_work_is_uneven() {
        assert_eq!(axis_counts(9, &[5; 9]), counts(9));
        assert_eq!(axis_counts(9, &[5, 5, 5, 5, 9, 5, 5, 5, 5]), (1..=9).collect::<Vec<_>>());
        let long: Vec<u64> = (0..100).collect();
        let found = axis_counts(100, &long);
        assert!((1..=EVERY).all(|k| found.contains(&k)));
        assert!(counts(100).iter().all(|k| found.contains(k)));
        assert!(!is_skewed(&[]));
    }
}
