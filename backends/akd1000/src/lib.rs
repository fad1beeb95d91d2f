//! The BrainChip AKD1000 back end: a description of the chip only.
//!
//! `chip.toml` has the documented limits and the sourced constants of the chip, `README.md` says what they
//! are worth. Mapping is not there yet, and the compiler says so (`E0505`).
#![forbid(unsafe_code)]

/// The embedded chip file.
pub const CHIP: &str = include_str!("../chip.toml");

#[cfg(test)]
mod tests {
    use super::CHIP;
    use snnc_machine::chip::ChipFile;

    #[test]
    fn chip_file_parses() {
        let chip = ChipFile::parse(CHIP).unwrap();
        assert_eq!(chip.count("cores_per_chip").unwrap(), 80);
    }

    /// Fewest equal parts of the width that keep both limits.
    fn parts([width, rows, channels]: [u64; 3], columns: u64, elements: u64) -> u64 {
        let fits = |c: u64| c <= columns && c * rows * channels <= elements;
        (1..=width).find(|p| fits(width.div_ceil(*p))).unwrap()
    }

    /// AkidaNet 0.5 at 224 pixels: input map, filters and NPs per layer as the vendor prints them. Both ends of
    /// every interval agree, and the numbers next to them do not.
    #[test]
    fn intervals_are_those_of_the_published_counts() {
        let layers = [
            ([112, 112, 16], 32, 4),
            ([112, 112, 32], 64, 6),
            ([56, 56, 64], 64, 3),
            ([56, 56, 64], 128, 6),
            ([28, 28, 128], 128, 4),
            ([28, 28, 128], 256, 8),
            ([14, 14, 256], 256, 4),
            ([14, 14, 256], 512, 8),
            ([7, 7, 512], 512, 8),
        ];
        let agree = |columns, elements, filters: u64| {
            layers
                .iter()
                .all(|(map, f, nps)| parts(*map, columns, elements) * u64::div_ceil(*f, filters) == *nps)
        };
        let chip = ChipFile::parse(CHIP).unwrap();
        let ends = |name: &str| {
            let bound = chip.constant(name).unwrap().bound();
            [bound.lo.unwrap(), bound.hi.unwrap()]
        };
        let (columns, elements, filters) =
            (ends("columns_per_core"), ends("input_elements_per_core"), ends("default_filters_per_core"));
        for c in columns {
            for e in elements {
                for f in filters {
                    assert!(agree(c, e, f), "{c} columns, {e} elements, {f} filters");
                }
            }
        }
        let [c, e, f] = [columns[0], elements[0], filters[0]];
        assert!(!agree(c - 1, e, f) && !agree(columns[1] + 1, e, f));
        assert!(!agree(c, e - 1, f) && !agree(c, elements[1] + 1, f));
        assert!(!agree(c, e, f - 1) && !agree(c, e, filters[1] + 1));
    }
}
