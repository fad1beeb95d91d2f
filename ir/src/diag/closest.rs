//! The name that was probably meant.

/// Names longer than this are near to nothing.
const LONGEST: usize = 128;

/// The name with the fewest changed characters, the first of equals; `None` when every name is further away than
/// half of the wanted one is long.
pub fn closest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if wanted.len() > LONGEST {
        return None;
    }
    let near = names.into_iter().filter(|n| n.len() <= LONGEST).map(|n| (distance(wanted, n), n));
    let (changes, name) = near.min_by_key(|(changes, _)| *changes)?;
    (changes * 2 <= wanted.chars().count().max(2)).then_some(name)
}

/// Levenshtein distance.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let best = (diagonal + usize::from(x != *y)).min(left + 1).min(above + 1);
            diagonal = above;
            if let Some(cell) = row.get_mut(j) {
                *cell = left;
            }
            left = best;
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }

    #[test]
    fn offers_what_is_near_and_nothing_else() {
        let names = ["conv1", "conv2", "fc"];
        assert_eq!(closest("convl", names), Some("conv1"));
        assert_eq!(closest("conv3", names), Some("conv1"));
        assert_eq!(closest("readout", names), None);
        assert_eq!(closest(&"c".repeat(1000), names), None);
    }
}
