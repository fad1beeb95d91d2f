//! The legal name that is nearest to one that is not.

use super::name::{Family, Output, Reset, Signature, Spike, parse};
use snnc_ir::diag::distance;
use snnc_ir::neuron::{Compare, Rectifier, Timing};

const BOTH: [bool; 2] = [false, true];
const COMPARES: [Compare; 2] = [Compare::Greater, Compare::GreaterOrEqual];

/// Words of older exporters and other libraries.
const SYNONYMS: [(&str, &str); 12] = [
    ("next_step", "next"),
    ("same_step", "same"),
    ("gte", "ge"),
    ("hard", "zero"),
    ("soft", "subtract"),
    ("sub", "subtract"),
    ("greater", "gt"),
    ("single", "binary"),
    ("multi", "count"),
    ("CubaInt", "CUBAInt"),
    ("Cuba", "CUBA"),
    ("Lif", "LIF"),
];

/// Every legal name.
pub(crate) fn all() -> Vec<Signature> {
    let mut families = Vec::new();
    for spike in spikes() {
        families.push(Family::Lif(spike));
        families.extend(BOTH.map(|iafter| Family::Cuba { spike, iafter }));
    }
    for compare in COMPARES {
        families.push(Family::Delta { compare });
        for bias in BOTH {
            for reset in [Reset::Zero(Timing::Same), Reset::Subtract(Timing::Same), Reset::None] {
                families.push(Family::CubaInt { reset, compare, bias });
            }
            for activation in [Rectifier::Relu, Rectifier::Identity] {
                families.push(Family::SigmaDelta { activation, compare, bias });
            }
        }
    }
    for gain in BOTH {
        families.extend(BOTH.map(|rest| Family::Li { gain, rest }));
    }
    let with = |family| BOTH.map(|sequence| Signature { family, sequence });
    families.into_iter().flat_map(with).collect()
}

fn spikes() -> Vec<Spike> {
    let (next, same, refund) = (Timing::Next, Timing::Same, Timing::Refund);
    let resets = [
        Reset::None,
        Reset::Subtract(next),
        Reset::Subtract(same),
        Reset::Subtract(refund),
        Reset::Zero(next),
        Reset::Zero(same),
        Reset::Value(next),
        Reset::Value(same),
    ];
    let mut out = Vec::new();
    for reset in resets {
        for compare in COMPARES {
            for output in [Output::Binary, Output::Count, Output::Scaled] {
                for bits in 0..32u8 {
                    let bit = |k: u8| bits >> k & 1 == 1;
                    let (gain, rest, after, vmin, max) = (bit(0), bit(1), bit(2), bit(3), bit(4));
                    out.push(Spike { reset, compare, output, gain, rest, after, vmin, max });
                }
            }
        }
    }
    out.retain(Spike::is_legal);
    out
}

/// The nearest legal name, by changed characters; the first of equals.
pub(crate) fn nearest(name: &str) -> Option<String> {
    // Longer than any name by far: nothing is near.
    if name.len() > 128 {
        return None;
    }
    let mut wanted = name.to_owned();
    for (word, right) in SYNONYMS {
        wanted = replaced(&wanted, word, right);
    }
    if parse(&wanted).is_some() {
        return Some(wanted);
    }
    let names = all().into_iter().map(|s| s.to_string());
    names.map(|n| (distance(&wanted, &n), n)).min().map(|(_, n)| n)
}

/// Replaces a word between underscores.
fn replaced(name: &str, word: &str, right: &str) -> String {
    let padded = format!("_{name}_").replace(&format!("_{word}_"), &format!("_{right}_"));
    padded.trim_start_matches('_').trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_legal_name_reads_back() {
        let all = all();
        // As docs/ai.snnc.md counts them, in step and in sequence form.
        assert_eq!(all.len(), 2 * 1946);
        for signature in all {
            assert_eq!(parse(&signature.to_string()), Some(signature), "{signature}");
        }
    }

    #[test]
    fn other_spellings_are_no_names() {
        for bad in [
            "LIF",
            "LIF_subtract_next_gt",
            "LIF_subtract_next_gt_count",
            "LIF_subtract_next_ge_count",
            "LIF_zero_refund_gt_binary",
            "LIF_none_next_gt_binary",
            "LIF_subtract_none_gt_binary",
            "LIF_subtract_same_ge_binary_max",
            "LIF_subtract_same_ge_binary_rest_gain",
            "LIF_subtract_same_ge_binary_gain_gain",
            "LIF_subtract_same_ge_binary_bias",
            "CUBA_zero_same_ge_binary_gain_iafter",
            "CUBAInt_value_same_ge_binary",
            "CUBAInt_zero_next_ge_binary",
            "SigmaDelta_relu_gt_gain",
            "Delta_gt_bias",
            "LI_rest_gain",
            "lif_subtract_next_gt_binary",
            "LIF_subtract_next_gt_binary_",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_suggestion_is_near_and_legal() {
        let near = |name: &str| nearest(name).unwrap();
        assert_eq!(near("LIF_subtract_next_gt"), "LIF_subtract_next_gt_binary");
        assert_eq!(near("LIF_subtract_next_step_gt_binary"), "LIF_subtract_next_gt_binary");
        assert_eq!(near("LIF_soft_same_ge_binary_vmin"), "LIF_subtract_same_ge_binary_vmin");
        assert_eq!(near("SigmaDelta_rel_gt"), "SigmaDelta_relu_gt");
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(distance("ab", ""), 2);
    }
}
