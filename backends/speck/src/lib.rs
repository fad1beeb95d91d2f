//! The SynSense Speck back end: a description of the chip only.
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
    fn chip_file_parses_and_the_kinds_of_core_add_up() {
        let chip = ChipFile::parse(CHIP).unwrap();
        let count = |name: &str| chip.count(name).unwrap();
        let (mut cores, mut kernel, mut neurons) = (0, 0, 0);
        for kind in ["neuron_heavy", "even", "kernel_heavy", "small"] {
            let n = count(&format!("cores_{kind}"));
            cores += n;
            kernel += n * count(&format!("kernel_words_{kind}"));
            neurons += n * count(&format!("neuron_words_{kind}"));
        }
        assert_eq!(cores, count("cores_per_chip"));
        // The 272 KB of kernels and 327K neurons of the vendor's publications.
        assert_eq!((kernel, neurons), (272 << 10, 327_680));
    }
}
