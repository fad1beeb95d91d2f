//! Exact contiguous partition of an axis.

use std::ops::Range;

/// Cuts `weights` into `parts` contiguous non-empty ranges so that the greatest sum of a range is as
/// small as it can be. Fewer ranges come back when there are fewer elements than `parts`.
pub fn contiguous(weights: &[u64], parts: usize) -> Vec<Range<usize>> {
    let n = weights.len();
    let parts = parts.clamp(1, n.max(1));
    if n == 0 {
        return Vec::new();
    }
    let total: u64 = weights.iter().fold(0, |s, w| s.saturating_add(*w));
    let largest = weights.iter().copied().max().unwrap_or(0);
    // Least cap for which a greedy fill needs no more than `parts` ranges.
    let (mut lo, mut hi) = (largest.max(total / parts as u64), total);
    while lo < hi {
        let mid = lo + (hi - lo) / 2;
        if ranges_needed(weights, mid) <= parts {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    fill(weights, parts, lo)
}

fn ranges_needed(weights: &[u64], cap: u64) -> usize {
    let (mut count, mut sum) = (1, 0u64);
    for w in weights {
        match sum.checked_add(*w).filter(|s| *s <= cap) {
            Some(s) => sum = s,
            None => {
                count += 1;
                sum = *w;
            }
        }
    }
    count
}

/// For each element the ranges that it and all behind it need, none of which has more than `cap`.
fn needed_from(weights: &[u64], cap: u64) -> Vec<usize> {
    let mut out = vec![0; weights.len() + 1];
    // Elements `start..end` are the longest range from `start` on.
    let (mut end, mut sum) = (weights.len(), 0u128);
    for start in (0..weights.len()).rev() {
        sum += u128::from(weights[start]);
        while sum > u128::from(cap) && end > start + 1 {
            end -= 1;
            sum -= u128::from(weights[end]);
        }
        out[start] = out[end] + 1;
    }
    out
}

/// Ranges with sums of at most `cap`, each as even as what is left allows.
fn fill(weights: &[u64], parts: usize, cap: u64) -> Vec<Range<usize>> {
    let n = weights.len();
    let needed = needed_from(weights, cap);
    let mut left: u64 = weights.iter().fold(0, |s, w| s.saturating_add(*w));
    let mut out = Vec::with_capacity(parts);
    let mut start = 0;
    for part in 0..parts {
        let more = parts - part - 1;
        if more == 0 {
            out.push(start..n);
            break;
        }
        // Stop at the even share, unless the rest would then not fit under the cap.
        let share = left.div_ceil(more as u64 + 1);
        let mut end = start;
        let mut sum = 0u64;
        while end < n - more {
            let next = sum.saturating_add(weights[end]);
            let must = end == start || needed[end] > more;
            if !must && (next > share || next > cap) {
                break;
            }
            sum = next;
            end += 1;
        }
        left = left.saturating_sub(sum);
        out.push(start..end);
        start = end;
    }
    out
}

/// The counts at which the size of the largest even range of an axis of `n` changes, ascending; at most
/// `2 √n` of them.
pub fn counts(n: usize) -> Vec<usize> {
    let mut out = Vec::new();
    let mut count = 1;
    while count <= n {
        out.push(count);
        let size = n.div_ceil(count);
        if size == 1 {
            break;
        }
        // The least count with a smaller largest range.
        count = n.div_ceil(size - 1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn best(weights: &[u64], parts: usize) -> u64 {
        if parts == 1 {
            return weights.iter().sum();
        }
        (1..=weights.len() - (parts - 1))
            .map(|k| weights[..k].iter().sum::<u64>().max(best(&weights[k..], parts - 1)))
            .min()
            .unwrap()
    }

    proptest! {
        #[test]
        fn is_as_good_as_trying_every_cut(weights in prop::collection::vec(0u64..20, 1..9), parts in 1usize..6) {
            let ranges = contiguous(&weights, parts);
            let parts = parts.min(weights.len());
            prop_assert_eq!(ranges.len(), parts);
            prop_assert_eq!(ranges[0].start, 0);
            prop_assert_eq!(ranges[parts - 1].end, weights.len());
            for pair in ranges.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
            }
            prop_assert!(ranges.iter().all(|r| !r.is_empty()));
            let worst = ranges.iter().map(|r| weights[r.clone()].iter().sum::<u64>()).max().unwrap();
            prop_assert_eq!(worst, best(&weights, parts));
        }

        #[test]
        fn ranges_needed_from_each_element_are_those_of_a_greedy_fill(
            weights in prop::collection::vec(0u64..20, 1..12), spare in 0u64..40,
        ) {
            let cap = weights.iter().copied().max().unwrap() + spare;
            let needed = needed_from(&weights, cap);
            for start in 0..weights.len() {
                prop_assert_eq!(needed[start], ranges_needed(&weights[start..], cap));
            }
        }

        #[test]
        fn counts_hit_every_largest_range(n in 1usize..500) {
            let sizes: std::collections::BTreeSet<usize> = (1..=n).map(|k| n.div_ceil(k)).collect();
            let counts = counts(n);
            prop_assert!(counts.len() as f64 <= 2.0 * (n as f64).sqrt() + 1.0);
            let hit: std::collections::BTreeSet<usize> = counts.iter().map(|k| n.div_ceil(*k)).collect();
            prop_assert_eq!(hit, sizes);
        }
    }
}
