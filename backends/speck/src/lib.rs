//! The SynSense Speck back end.
//!
//! - `chip.toml`: the numbers of the chip with their sources; [`CHIP`] is its text.
//! - [`quantise`]: a real network in the chip's integers.
//!
//! `README.md` says where numbers and rules come from. Mapping is not there yet, and the compiler says so
//! (`E0505`).
#![forbid(unsafe_code)]

pub mod quantise;

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::Graph;
use snnc_ir::text::print_node;
use snnc_machine::chip::ChipFile;
use snnc_machine::quantise::{Averages, Quantise, QuantisedGraph};

use quantise::{LayerError, Widths};

/// The embedded chip file.
pub const CHIP: &str = include_str!("../chip.toml");

/// A Speck with the numbers of one chip file.
#[derive(Debug)]
pub struct Speck {
    widths: Widths,
}

impl Speck {
    /// The back end for a chip file.
    ///
    /// # Errors
    /// When the file lacks a width that the back end needs, or gives one that it cannot calculate with.
    pub fn new(chip: ChipFile) -> Result<Self, Diagnostic> {
        let width = |name: &str, most: u32| {
            let bits = chip.count(name)?;
            u32::try_from(bits).ok().filter(|b| (2..=most).contains(b)).ok_or_else(|| {
                Diagnostic::new(
                    Code::BadChipFile,
                    format!("the chip file cannot be used: '{name}' is {bits}"),
                )
                .rule(name, format!("2..{most}"), bits)
                .remedy("use a width within these limits")
            })
        };
        let widths = Widths {
            weight: width("weight_bits", 8)?,
            bias: width("bias_bits", 32)?,
            state: width("state_bits", 32)?,
        };
        Ok(Self { widths })
    }
}

impl Quantise for Speck {
    fn averages(&self) -> Averages {
        Averages::Kept
    }

    fn quantise(&self, graph: &Graph) -> Result<QuantisedGraph, Vec<Diagnostic>> {
        let done = quantise::quantise(graph, self.widths)?;
        let mut warnings = done.warnings;
        warnings.extend(done.errors.iter().filter(|e| !e.is_exact()).map(|e| lossy(graph, e)));
        let notes = done.errors.iter().map(note).collect();
        Ok(QuantisedGraph { graph: done.graph, warnings, notes })
    }
}

fn lossy(graph: &Graph, e: &LayerError) -> Diagnostic {
    let mut at = Location::node(&e.layer);
    if let Some(id) = graph.ids().find(|id| graph.node(*id).name == e.layer) {
        at = at.with_line(print_node(graph, id));
    }
    Diagnostic::new(Code::LossyQuantisation, format!("'{}' was rounded to the chip's integers", e.layer))
        .at(at)
        .label(errors(e))
        .remedy("train with 8-bit weights and biases of one scale per layer, and thresholds that are multiples of it")
}

/// One line on what quantisation did to a layer.
fn note(e: &LayerError) -> String {
    if e.is_exact() {
        return format!("{}: {:?} steps per 1, exact", e.layer, e.scale);
    }
    format!("{}: {:?} steps per 1, {}", e.layer, e.scale, errors(e))
}

/// The greatest errors that are not zero.
fn errors(e: &LayerError) -> String {
    let all = [
        (e.weight, format!("weight {:.3} steps", e.weight)),
        (e.bias, format!("bias {:.3} steps", e.bias)),
        (e.threshold, format!("threshold {:.1e} of itself", e.threshold)),
        (e.v_min, format!("lower limit {:.3} steps", e.v_min)),
    ];
    let list: Vec<String> = all.into_iter().filter(|(v, _)| *v > 0.0).map(|(_, text)| text).collect();
    format!("greatest error: {}", list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{CHIP, Speck};
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

    #[test]
    fn a_width_that_cannot_be_calculated_with_is_refused() {
        assert!(Speck::new(ChipFile::parse(CHIP).unwrap()).is_ok());
        let (before, after) = CHIP.split_once("[constants.weight_bits]").unwrap();
        let wide = format!("{before}[constants.weight_bits]{}", after.replacen("value = 8", "value = 9", 1));
        let refused = Speck::new(ChipFile::parse(&wide).unwrap()).unwrap_err();
        assert_eq!(refused.rule.unwrap().limit, "2..8");
    }
}
